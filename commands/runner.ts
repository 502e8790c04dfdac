import { Command, Option } from "@commander-js/extra-typings";
import type { Command as UntypedCommand } from "commander";
import type { Inspected } from "../lib/inspector/mod.ts";
import { LinkRefusedError } from "../lib/link/mod.ts";
import { Runner, type RunnerState } from "../lib/runner/mod.ts";
import { bothObservers } from "../lib/telemetry/mod.ts";
import {
  adminHostnameOption,
  adminPortOption,
  adminTokenOption,
  checkAdmin,
  exportMetrics,
  inspectRequestsOption,
  loadTracing,
  makeHistory,
  startAdmin,
} from "./admin.ts";
import {
  captureAgeOption,
  captureBodyOption,
  captureFilesOption,
  captureMaxOption,
  captureRawOption,
  redactOption,
  startCapture,
} from "./capture_options.ts";
import { readCaFile } from "./certificates.ts";
import {
  configOption,
  drainTimeoutOption,
  envName,
  logFormatOption,
  logLevelOption,
  makeLogger,
  pingIntervalOption,
  pingTimeoutOption,
  resolvePingTimeout,
  tokenFileOption,
  tokenOption,
} from "./common_options.ts";
import { applyNativeSockets, nativeSocketsOption } from "./native_sockets.ts";
import { refuseNeedlessFlags, serverPurposes } from "./needless_flags.ts";
import { settle } from "./settings.ts";
import { UsageError } from "./errors.ts";
import { StatusLines } from "./output.ts";
import { serveUntilStopped } from "./shutdown.ts";
import {
  caFileOption,
  gatewayUrlOption,
  nameOption,
  neededGatewayUrl,
  neededToken,
} from "./runner_options.ts";
import { positiveDuration, positiveSize, targetUrl } from "./values.ts";
import { agent } from "./version.ts";

/** `tunnel runner`: the end beside the origin. */
export function runnerCommand() {
  return new Command("runner")
    .description("Runs beside your service: dials the gateway and forwards its streams to a local origin.")
    .addOption(gatewayUrlOption())
    .addOption(
      new Option("--target <url>", "your service, such as http://127.0.0.1:3000").env(envName("target"))
        .argParser(targetUrl),
    )
    .addOption(nameOption())
    .addOption(tokenOption())
    .addOption(tokenFileOption())
    .addOption(
      new Option("--host-header <mode>", "pass the Host header on as received, or send the origin's own")
        .env(envName("host-header")).default("preserve" as const).choices(["preserve", "rewrite"] as const),
    )
    .addOption(
      new Option("--connect-timeout <duration>", "time to connect to the origin")
        .env(envName("connect-timeout")).default(10_000, "10s").argParser(positiveDuration),
    )
    .addOption(
      new Option("--origin-timeout <duration>", "time from the end of a request to the head of its response")
        .env(envName("origin-timeout")).default(60_000, "60s").argParser(positiveDuration),
    )
    .addOption(
      new Option("--max-message <size>", "largest WebSocket message from the origin")
        .env(envName("max-message")).default(16 * 1024 * 1024, "16MiB").argParser(positiveSize),
    )
    .addOption(caFileOption())
    .addOption(pingIntervalOption())
    .addOption(pingTimeoutOption())
    .addOption(
      new Option("--capture <file>", "record what crosses the link, such as run.tunnelcap")
        .env(envName("capture")),
    )
    .addOption(captureMaxOption())
    .addOption(captureAgeOption())
    .addOption(captureFilesOption())
    .addOption(captureBodyOption())
    .addOption(captureRawOption())
    .addOption(redactOption())
    .addOption(adminPortOption(null))
    .addOption(adminHostnameOption())
    .addOption(adminTokenOption())
    .addOption(inspectRequestsOption())
    .addOption(nativeSocketsOption())
    .addOption(drainTimeoutOption())
    .addOption(configOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .action(async (_, command) => {
      settle(command as unknown as UntypedCommand);
      refuseNeedlessFlags(command as unknown as UntypedCommand, serverPurposes);
      const options = command.opts();
      await checkAdmin(options);
      const { target } = options;
      const gatewayUrl = neededGatewayUrl(options);
      if (target === undefined) {
        throw new UsageError(
          "--target is missing: give your service's address, such as http://127.0.0.1:3000",
        );
      }
      const token = neededToken(options);
      const caCerts = readCaFile(options.caFile);
      const logger = makeLogger(options);
      const status = new StatusLines(logger);
      const usesTls = gatewayUrl.protocol === "wss:" || target.protocol === "https:";
      applyNativeSockets({ ...options, usesTls }, logger);
      const pingTimeoutMs = resolvePingTimeout(options);
      const capture = options.capture === undefined ? undefined : await startCapture(options.capture, {
        side: "runner",
        given: options,
        token,
        settings: {
          pingIntervalMs: String(options.pingInterval),
          pingTimeoutMs: String(pingTimeoutMs),
          runner: options.name,
        },
        status,
        logger,
      });
      const history = await makeHistory(options);
      const tracing = await loadTracing();
      await using runner = Runner.start({
        gatewayUrl,
        token,
        name: options.name,
        caCerts,
        origin: {
          target,
          hostHeader: options.hostHeader,
          caCerts,
          connectTimeoutMs: options.connectTimeout,
          responseTimeoutMs: options.originTimeout,
          maxMessageBytes: options.maxMessage,
        },
        pingIntervalMs: options.pingInterval,
        pingTimeoutMs,
        logger,
        agent,
        capture,
        observer: bothObservers(history, tracing),
        onState: (state) => printState(status, state, { name: options.name, target }),
      });
      const asked = new AbortController();
      const inspected = inspectedRunner(runner, gatewayUrl, asked);
      if (tracing !== undefined) await exportMetrics(tracing, inspected);
      const { server: admin, lines } = await startAdmin(options, { inspected, history, logger });
      for (const line of lines) status.print(line.trim());
      const draining = (why: { signal: string } | { by: string }) =>
        logger.info("runner.draining", { ...why, withinMs: options.drainTimeout });
      asked.signal.addEventListener("abort", () => draining({ by: "the admin API" }));
      try {
        Deno.exitCode = await serveUntilStopped(runner, {
          drainMs: options.drainTimeout,
          finished: runner.finished,
          asked: asked.signal,
          onSignal: (signal) => draining({ signal }),
          onHangup: () => logger.info("runner.hangup", { does: "nothing" }),
        });
      } catch (error) {
        if (!(error instanceof LinkRefusedError)) throw error;
        throw new UsageError(error.message, { cause: error });
      } finally {
        await admin?.close();
        await capture?.close();
        logger.flush(true);
      }
    });
}

/** What the admin port may see and do. @param asked aborted when it asks for a drain */
function inspectedRunner(runner: Runner, gatewayUrl: URL, asked: AbortController): Inspected {
  return {
    side: "runner",
    agent,
    url: gatewayUrl.href.replace(/^ws/, "http"),
    metrics: runner.metrics,
    certificateEndsMs: null,
    get bufferedBytes() {
      return runner.bufferedBytes;
    },
    get draining() {
      return runner.draining;
    },
    links: () => runner.links(),
    streams: () => runner.streams(),
    dropLink: (id) => id === runner.sessionId && runner.dropLink(),
    drain: () => asked.abort(),
    resend: (request, options) => runner.resend(request, options),
  };
}

function printState(status: StatusLines, state: RunnerState, runner: { name: string; target: URL }): void {
  if (state.state !== "connected") return;
  const target = runner.target.href.replace(/\/$/, "");
  const again = state.resumed ? " again" : "";
  status.print(
    `tunnel runner "${runner.name}" is connected to ${state.gateway}${again} and forwards to ${target}`,
  );
}
