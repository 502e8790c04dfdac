import { Command, Option } from "@commander-js/extra-typings";
import type { Command as UntypedCommand } from "commander";
import { LinkRefusedError } from "../lib/link/mod.ts";
import { DialError } from "../lib/net/mod.ts";
import { ProbeRefusedError } from "../lib/probe/mod.ts";
import { readCaFile } from "./certificates.ts";
import { configOption, envName, resolveToken, tokenFileOption, tokenOption } from "./common_options.ts";
import { settle } from "./settings.ts";
import { exitCodes, UsageError, WorkError } from "./errors.ts";
import { makeOutput } from "./ping_probe_output.ts";
import { type ProbeSettings, runProbes } from "./ping_probe_run.ts";
import { latency, payloadSize, percent, probeCount, probeInterval, runnerName } from "./ping_probe_values.ts";
import { untilStopped } from "./until_stopped.ts";
import { gatewayUrl, positiveDuration } from "./values.ts";

/** `tunnel ping-probe`: where the time goes. */
export function pingProbeCommand() {
  return new Command("ping-probe")
    .description("Sends probes through gateway and runner and says which hop takes how long.")
    .addOption(
      new Option("--gateway-url <url>", "the gateway, ws:// or wss://").env(envName("gateway-url"))
        .argParser(gatewayUrl),
    )
    .addOption(tokenOption())
    .addOption(tokenFileOption())
    .addOption(
      new Option("--runner <name>", "name of the runner to probe").env(envName("runner")).default("default")
        .argParser(runnerName),
    )
    .addOption(
      new Option("--all", "probe every session of that name side by side, and rank them").env(envName("all")),
    )
    .addOption(
      new Option("--count <number>", "probes to send, 0: until interrupted").env(envName("count")).default(10)
        .argParser(probeCount),
    )
    .addOption(
      new Option("--interval <duration>", "time from one probe to the next; gateways take 1ms at least").env(
        envName("interval"),
      )
        .default(1_000, "1s").argParser(probeInterval),
    )
    .addOption(
      new Option("--size <size>", "payload that each probe carries both ways; gateways take 16KiB at most")
        .env(envName("size"))
        .default(64, "64B").argParser(payloadSize),
    )
    .addOption(
      new Option("--timeout <duration>", "when a probe without an answer is lost").env(envName("timeout"))
        .default(5_000, "5s").argParser(positiveDuration),
    )
    .addOption(
      new Option("--origin", "go on to the origin with a HEAD (else OPTIONS) request").env(envName("origin")),
    )
    .addOption(new Option("--json", "print one JSON document at the end").env(envName("json")))
    .addOption(
      new Option("--ndjson", "print a JSON object for each probe, and a summary").env(envName("ndjson")),
    )
    .addOption(
      new Option("--fail-loss <percent>", "exit 1 when more than this got no answer in time, such as 1%")
        .env(envName("fail-loss")).argParser(percent),
    )
    .addOption(
      new Option("--fail-p99 <duration>", "exit 1 when the slowest hundredth takes longer, such as 50ms")
        .env(envName("fail-p99")).argParser(latency),
    )
    .addOption(new Option("--quiet", "print the summary alone").env(envName("quiet")))
    .addOption(
      new Option("--ca-file <file>", "PEM certificates to trust besides the system's").env(
        envName("ca-file"),
      ),
    )
    .addOption(configOption())
    .action(async (_, command) => {
      settle(command as unknown as UntypedCommand);
      const options = command.opts();
      const settings: ProbeSettings = {
        gatewayUrl: required(
          options.gatewayUrl,
          "--gateway-url is missing: give the gateway's address, such as ws://example.com:8080",
        ),
        token: required(
          resolveToken(options),
          "--token is missing: the gateway prints it when it starts, or was given it",
        ),
        runner: options.runner,
        all: options.all ?? false,
        count: options.count,
        intervalMs: options.interval,
        sizeBytes: options.size,
        timeoutMs: options.timeout,
        origin: options.origin ?? false,
        bounds: { lossPercent: options.failLoss ?? null, p99Ms: options.failP99 ?? null },
        caCerts: readCaFile(options.caFile),
      };
      const output = makeOutput(options);
      Deno.exitCode = await untilStopped((signal) => exitCodeOf(settings, { output, signal }));
    });
}

async function exitCodeOf(
  settings: ProbeSettings,
  options: Parameters<typeof runProbes>[1],
): Promise<number> {
  try {
    const { passed } = await runProbes(settings, options);
    return passed ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    const refused = error instanceof DialError || error instanceof LinkRefusedError ||
      error instanceof ProbeRefusedError;
    if (!refused) throw error;
    if (options.signal.aborted) {
      throw new WorkError(`stopped before ${settings.gatewayUrl.host} had said who answers`, {
        cause: error,
      });
    }
    throw new UsageError(error.message, { cause: error });
  }
}

function required<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new UsageError(message);
  return value;
}
