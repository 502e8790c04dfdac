import { Command, Option } from "@commander-js/extra-typings";
import type { Command as UntypedCommand } from "commander";
import { Gateway } from "../lib/gateway/mod.ts";
import type { Inspected } from "../lib/inspector/mod.ts";
import { formatEndpoint, makeToken } from "../lib/net/mod.ts";
import { bothObservers, type Logger } from "../lib/telemetry/mod.ts";
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
  captureFileIn,
  captureFilesOption,
  captureMaxOption,
  captureRawOption,
  redactOption,
  startCapture,
} from "./capture_options.ts";
import { CertificateLooks, CertificateWatch } from "./certificate_watch.ts";
import { readTlsFiles, type TlsFiles } from "./certificates.ts";
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
  resolveToken,
  tokenFileOption,
  tokenOption,
} from "./common_options.ts";
import { applyNativeSockets, nativeSocketsOption } from "./native_sockets.ts";
import { refuseNeedlessFlags, serverPurposes } from "./needless_flags.ts";
import { settle } from "./settings.ts";
import { UsageError } from "./errors.ts";
import { StatusLines } from "./output.ts";
import { listenProblem } from "./listen_problem.ts";
import { serveUntilStopped } from "./shutdown.ts";
import { domain, duration, port, positiveSize, size } from "./values.ts";
import { agent } from "./version.ts";

/** `tunnel gateway`: the public end. */
export function gatewayCommand() {
  return new Command("gateway")
    .description(
      "Runs the public end: takes client HTTP and WebSockets, and the runners' links, on one port.",
    )
    .addOption(
      new Option("--port <port>", "port for clients and runners; 0: any free one").env(envName("port"))
        .default(8080)
        .argParser(port),
    )
    .addOption(
      new Option("--hostname <address>", "address to listen on").env(envName("hostname")).default("0.0.0.0"),
    )
    .addOption(tokenOption("shared secret of gateway and runners; without one, one is made at each start"))
    .addOption(tokenFileOption())
    .addOption(
      new Option("--domain <domain>", "route NAME.domain to the runner NAME").env(envName("domain"))
        .argParser(domain),
    )
    .addOption(
      new Option("--tls-cert <file>", "PEM certificate chain: serve HTTPS and WSS").env(envName("tls-cert")),
    )
    .addOption(new Option("--tls-key <file>", "PEM private key").env(envName("tls-key")))
    .addOption(
      new Option("--tls-reload <duration>", "how often both files are looked at for renewed ones; 0s: never")
        .env(envName("tls-reload")).default(60_000, "60s").argParser(duration),
    )
    .addOption(pingIntervalOption())
    .addOption(pingTimeoutOption())
    .addOption(
      new Option("--resume-window <duration>", "how long the streams of a dropped link are held")
        .env(envName("resume-window")).default(30_000, "30s").argParser(duration),
    )
    .addOption(
      new Option(
        "--hibernate-window <duration>",
        "how long a client WebSocket waits for another runner when its own is gone",
      )
        .env(envName("hibernate-window")).default(60_000, "60s").argParser(duration),
    )
    .addOption(
      new Option(
        "--wake <mode>",
        "where streams of a lost runner go on: any runner of its name, or only one that connects later",
      )
        .env(envName("wake")).default("any" as const).choices(["any", "same"] as const),
    )
    .addOption(
      new Option(
        "--max-buffered <size>",
        "bytes held for runners above which the streams that hold most are closed",
      )
        .env(envName("max-buffered")).default(256 * 1024 * 1024, "256MiB").argParser(size),
    )
    .addOption(
      new Option("--max-message <size>", "largest WebSocket message from a client")
        .env(envName("max-message")).default(16 * 1024 * 1024, "16MiB").argParser(positiveSize),
    )
    .addOption(
      new Option(
        "--client-ping <duration>",
        "silence after which a client's WebSocket is pinged, and dropped when it does not answer; 0s: never",
      )
        .env(envName("client-ping")).default(60_000, "60s").argParser(duration),
    )
    .addOption(
      new Option(
        "--body-timeout <duration>",
        "silence after which a client that uploads gets 408, unless its response has begun; 0s: never",
      )
        .env(envName("body-timeout")).default(60_000, "60s").argParser(duration),
    )
    .addOption(
      new Option("--trust-forwarded", "keep X-Forwarded-Proto and -Host as a proxy in front set them")
        .env(envName("trust-forwarded")).default(false),
    )
    .addOption(
      new Option("--capture <directory>", "record what crosses the runners' links").env(envName("capture")),
    )
    .addOption(captureMaxOption())
    .addOption(captureAgeOption())
    .addOption(captureFilesOption())
    .addOption(captureBodyOption())
    .addOption(captureRawOption())
    .addOption(redactOption())
    .addOption(adminPortOption(4040))
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
      const given = resolveToken(options);
      const token = given ?? makeToken();
      const tls = readTlsFiles(options);
      const logger = makeLogger(options);
      const status = new StatusLines(logger);
      applyNativeSockets({ ...options, usesTls: tls !== undefined }, logger);
      const pingTimeoutMs = resolvePingTimeout(options);
      const capture = options.capture === undefined
        ? undefined
        : await startCapture(captureFileIn(options.capture), {
          side: "gateway",
          given: options,
          token,
          settings: {
            pingIntervalMs: String(options.pingInterval),
            pingTimeoutMs: String(pingTimeoutMs),
            resumeWindowMs: String(options.resumeWindow),
          },
          status,
          logger,
        });
      const history = await makeHistory(options);
      const tracing = await loadTracing();
      await using gateway = listen(options, () =>
        Gateway.listen({
          port: options.port,
          hostname: options.hostname,
          token,
          domain: options.domain ?? null,
          tls,
          pingIntervalMs: options.pingInterval,
          pingTimeoutMs,
          resumeWindowMs: options.resumeWindow,
          hibernateWindowMs: options.hibernateWindow,
          wake: options.wake,
          maxBufferedBytes: options.maxBuffered,
          maxMessageBytes: options.maxMessage,
          clientPingMs: options.clientPing,
          bodyTimeoutMs: options.bodyTimeout,
          trustForwarded: options.trustForwarded,
          logger,
          agent,
          capture,
          observer: bothObservers(history, tracing),
        }));
      const certificate = tls === undefined ? null : certificateWatch(gateway, { ...options, tls, logger });
      using looks = certificate === null ? null : new CertificateLooks(certificate, options.tlsReload);
      const asked = new AbortController();
      const inspected = inspectedGateway(gateway, { asked, certificate });
      if (tracing !== undefined) await exportMetrics(tracing, inspected);
      const { server: admin, lines } = await startAdmin(options, { inspected, history, logger });
      const draining = (why: { signal: string } | { by: string }) =>
        logger.info("gateway.draining", { ...why, withinMs: options.drainTimeout });
      asked.signal.addEventListener("abort", () => draining({ by: "the admin API" }));
      Deno.exitCode = await serveUntilStopped(gateway, {
        drainMs: options.drainTimeout,
        asked: asked.signal,
        onSignal: (signal) => draining({ signal }),
        ready: () => {
          printAddresses(status, gateway);
          for (const line of lines) status.print(line);
          if (given === null) printRunnerLine(status, gateway, token);
        },
        onHangup: () => {
          logger.info("gateway.hangup", { does: looks === null ? "nothing" : "look at the certificate" });
          looks?.now();
        },
      });
      await admin?.close();
      await capture?.close();
      logger.flush(true);
    });
}

function listen({ hostname, port }: { hostname: string; port: number }, start: () => Gateway): Gateway {
  try {
    return start();
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new UsageError(`port ${port} is in use: stop what listens there, or give another with --port`, {
        cause,
      });
    }
    throw new UsageError(listenProblem(cause, { hostname, port, flag: "--hostname" }), { cause });
  }
}

/** Takes renewed certificates into use while the gateway runs. */
function certificateWatch(
  gateway: Gateway,
  options: { tlsCert?: string; tlsKey?: string; tlsReload: number; tls: TlsFiles; logger: Logger },
): CertificateWatch {
  const { tlsCert, tls, tlsReload, logger } = options;
  return new CertificateWatch({
    file: tlsCert!,
    current: tls,
    reloads: tlsReload > 0,
    read: () => readTlsFiles(options)!,
    renew: (files) => gateway.renewCertificate(files),
    now: Date.now,
    logger,
  });
}

/** What the admin port may see and do. @param options `asked`: aborted when it asks for a drain */
function inspectedGateway(
  gateway: Gateway,
  { asked, certificate }: { asked: AbortController; certificate: CertificateWatch | null },
): Inspected {
  return {
    side: "gateway",
    agent,
    url: `${reachable(gateway).http}/`,
    metrics: gateway.metrics,
    get bufferedBytes() {
      return gateway.bufferedBytes;
    },
    get draining() {
      return gateway.draining;
    },
    get certificateEndsMs() {
      return certificate?.endsMs ?? null;
    },
    links: () => gateway.links(),
    streams: () => gateway.streams(),
    dropLink: (id) => gateway.dropLink(id),
    drain: () => asked.abort(),
    resend: (request, options) => gateway.resend(request, options),
  };
}

/** Where clients and runners reach the gateway: what listens on every address is shown as this machine's name. */
function reachable(gateway: Gateway): { http: string; ws: string } {
  const { hostname, port } = gateway.address;
  const anyAddress = hostname === "0.0.0.0" || hostname === "::";
  const host = formatEndpoint({ hostname: anyAddress ? "localhost" : hostname, port });
  const s = gateway.secure ? "s" : "";
  return { http: `http${s}://${host}`, ws: `ws${s}://${host}` };
}

function printAddresses(status: StatusLines, gateway: Gateway): void {
  const { http, ws } = reachable(gateway);
  status.print(
    `tunnel gateway listens on ${gateway.secure ? "https" : "http"}://${formatEndpoint(gateway.address)}`,
  );
  status.print(`  clients   ${http}/`);
  status.print(`  runners   ${ws}`);
}

function printRunnerLine(status: StatusLines, gateway: Gateway, token: string): void {
  const { ws } = reachable(gateway);
  status.print("");
  status.print("No token was given, so one was made. Start a runner beside your service with:");
  status.print("");
  status.print(`  tunnel runner --gateway-url ${ws} --token ${token} --target http://127.0.0.1:3000`);
  status.print("");
}
