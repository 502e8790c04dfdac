import { SpillStore } from "../lib/capture/mod.ts";
import { LinkRefusedError } from "../lib/link/mod.ts";
import { Pace, Recordings, StandIn } from "../lib/replay/mod.ts";
import { Runner, type RunnerState } from "../lib/runner/mod.ts";
import type { LogFormat, Logger, LogLevel } from "../lib/telemetry/mod.ts";
import { readCaFile } from "./certificates.ts";
import { makeLogger, resolvePingTimeout } from "./common_options.ts";
import { exitCodes, UsageError } from "./errors.ts";
import { StatusLines } from "./output.ts";
import { readExchanges } from "./replay_exchanges.ts";
import { servableLines, ServeTally, withoutQueries } from "./replay_serve_text.ts";
import { printable } from "./replay_text.ts";
import { neededGatewayUrl, neededToken } from "./runner_options.ts";
import { agent } from "./version.ts";

export interface ServeSettings {
  gatewayUrl: URL;
  token: string;
  name: string;
  caCerts: string[] | undefined;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  drainMs: number;
  matching: "loose" | "strict";
  /** Factor; `Infinity`: nothing is waited for. */
  speed: number;
  logger: Logger;
}

/**
 * What the flags of `--serve` come to.
 *
 * @throws {UsageError} when one is missing or wrong
 */
export function serveSettings(options: {
  gatewayUrl?: URL;
  token?: string;
  tokenFile?: string;
  name: string;
  caFile?: string;
  pingInterval: number;
  pingTimeout?: number;
  drainTimeout: number;
  match: "loose" | "strict";
  speed: number;
  logLevel: LogLevel;
  logFormat: LogFormat;
}): ServeSettings {
  const { name, caFile, pingInterval, drainTimeout, match, speed } = options;
  return {
    gatewayUrl: neededGatewayUrl(options),
    token: neededToken(options),
    name,
    caCerts: readCaFile(caFile),
    pingIntervalMs: pingInterval,
    pingTimeoutMs: resolvePingTimeout(options),
    drainMs: drainTimeout,
    matching: match,
    speed,
    logger: makeLogger(options),
  };
}

/**
 * `tunnel replay FILE --serve`: a runner that answers from what was captured.
 *
 * @returns the exit status: 1 when the file is damaged, for then not all of it can be served
 */
export async function serveCapture(
  file: string,
  settings: ServeSettings,
  signal: AbortSignal,
): Promise<number> {
  const status = new StatusLines(settings.logger);
  using store = new SpillStore();
  const { lines, exchanges, damage, interrupted } = await readExchanges(file, { store, signal });
  for (const line of lines) status.print(line);
  if (damage !== null) status.print(`DAMAGED      ${damage.message}: nothing behind it can be served`);
  if (interrupted) return exitCodes.done;
  const { matching, speed, logger } = settings;
  const recordings = new Recordings(exchanges, matching);
  for (const line of servableLines(recordings, settings)) status.print(line);
  const tally = new ServeTally(recordings);
  const standIn = new StandIn(recordings, new Pace(speed), (dealt) => {
    const { asked, refused } = tally.add(dealt);
    const logged = { ...asked, target: withoutQueries(asked.target) };
    if (refused === null) logger.debug("replay.served", logged);
    else {
      logger.warn("replay.refused", {
        ...logged,
        code: refused.code,
        reason: withoutQueries(refused.message),
      });
    }
  });
  await serve(standIn, { file, settings, status, signal });
  for (const line of tally.lines()) status.print(line);
  logger.flush(true);
  return damage === null ? exitCodes.done : exitCodes.failed;
}

/** Is a runner until told to stop; what is under way may finish then. */
async function serve(
  standIn: StandIn,
  { file, settings, status, signal }: {
    file: string;
    settings: ServeSettings;
    status: StatusLines;
    signal: AbortSignal;
  },
): Promise<void> {
  const { gatewayUrl, token, name, caCerts, pingIntervalMs, pingTimeoutMs, drainMs, logger } = settings;
  const runner = Runner.start({
    ...{ gatewayUrl, token, name, caCerts, pingIntervalMs, pingTimeoutMs, logger, agent },
    rawHandler: standIn,
    onState: (state) => printState(status, state, { name, file }),
  });
  const stopped = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stopped.resolve(), { once: true });
  if (signal.aborted) stopped.resolve();
  try {
    await Promise.race([stopped.promise, runner.finished]);
    logger.info("runner.draining", { withinMs: drainMs });
    await runner.drain(drainMs);
  } catch (error) {
    if (!(error instanceof LinkRefusedError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

function printState(
  status: StatusLines,
  state: RunnerState,
  { name, file }: { name: string; file: string },
): void {
  if (state.state !== "connected") return;
  const again = state.resumed ? " again" : "";
  status.print(
    `tunnel replay as runner "${name}" is connected to ${state.gateway}${again} and answers from ${
      printable(file)
    }`,
  );
}
