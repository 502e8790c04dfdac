import { Option } from "@commander-js/extra-typings";
import { type LogFormat, Logger, type LogLevel, logLevels } from "../lib/telemetry/mod.ts";
import { UsageError } from "./errors.ts";
import { readTextFile } from "./files.ts";
import { LogOutput } from "./log_output.ts";
import { duration, positiveDuration, token } from "./values.ts";

/** `--flag`'s environment variable: `--ping-interval` is `TUNNEL_PING_INTERVAL`. */
export function envName(flag: string): string {
  return "TUNNEL_" + flag.replace(/^--/, "").replaceAll("-", "_").toUpperCase();
}

export const logFormats = ["text", "json"] as const satisfies LogFormat[];

export const configOption = () =>
  new Option("--config <file>", "JSON file with settings, keys named as the flags").env(envName("config"));

export const tokenOption = (description = "shared secret of gateway and runners") =>
  new Option("--token <token>", description).env(envName("token")).argParser(
    token,
  );

export const tokenFileOption = () =>
  new Option("--token-file <file>", "file that holds the token, so that it does not show in the process list")
    .env(envName("token-file"));

export const pingIntervalOption = () =>
  new Option("--ping-interval <duration>", "time between pings on a link")
    .env(envName("ping-interval")).default(3_000, "3s").argParser(positiveDuration);

export const pingTimeoutOption = () =>
  new Option("--ping-timeout <duration>", "silence after which a link is lost (default: ten ping intervals)")
    .env(envName("ping-timeout")).argParser(positiveDuration);

export const drainTimeoutOption = () =>
  new Option("--drain-timeout <duration>", "how long streams in flight may take to finish at shutdown")
    .env(envName("drain-timeout")).default(10_000, "10s").argParser(duration);

export const logLevelOption = () =>
  new Option("--log-level <level>", "least level that is logged")
    .env(envName("log-level")).default("info" as LogLevel).choices(logLevels);

export const logFormatOption = () =>
  new Option("--log-format <format>", "log lines for people or for machines")
    .env(envName("log-format")).default("text" as LogFormat).choices(logFormats);

/** Repeated events are summed up this often, milliseconds. */
const flushEveryMs = 5_000;

/** A logger that writes to standard error, and says later how many lines it could not write. */
export function makeLogger(options: { logLevel: LogLevel; logFormat: LogFormat }): Logger {
  const output = new LogOutput(Deno.stderr);
  const logger = new Logger({
    level: options.logLevel,
    format: options.logFormat,
    now: Date.now,
    write(line) {
      const lost = output.write(line);
      if (lost > 0) logger.warn("log.lost", { lines: lost });
    },
  });
  // It lives as long as the process, and does not keep it from ending.
  Deno.unrefTimer(setInterval(() => logger.flush(), flushEveryMs));
  return logger;
}

/**
 * The token of `--token` or `--token-file`, of which `settle` has left one at most; `null` when neither is given.
 *
 * @throws {UsageError} when the file holds none
 */
export function resolveToken(options: { token?: string; tokenFile?: string }): string | null {
  if (options.tokenFile === undefined) return options.token ?? null;
  const text = readTextFile(options.tokenFile, "token file").trim();
  try {
    return token(text);
  } catch (cause) {
    throw new UsageError(`${options.tokenFile}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/**
 * The ping timeout: what was given, or ten intervals.
 *
 * @throws {UsageError} when it is not longer than the interval, which would lose every link
 */
export function resolvePingTimeout(options: { pingInterval: number; pingTimeout?: number }): number {
  const timeout = options.pingTimeout ?? options.pingInterval * 10;
  if (timeout <= options.pingInterval) {
    throw new UsageError(
      `--ping-timeout (${timeout}ms) must be longer than --ping-interval (${options.pingInterval}ms)`,
    );
  }
  return timeout;
}
