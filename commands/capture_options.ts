import { Option } from "@commander-js/extra-typings";
import { join } from "node:path";
import type { Capture, CaptureSide } from "../lib/capture/mod.ts";
import type { Logger } from "../lib/telemetry/mod.ts";
import { envName } from "./common_options.ts";
import { UsageError } from "./errors.ts";
import { fileProblem } from "./files.ts";
import type { StatusLines } from "./output.ts";
import { fileCount, headerName, positiveDuration, size } from "./values.ts";
import { agent } from "./version.ts";

export const captureMaxOption = () =>
  new Option(
    "--capture-max <size>",
    "size at which a capture file is closed and the next one begun; 1MiB at least",
  )
    .env(envName("capture-max")).default(256 * 1024 * 1024, "256MiB").argParser(size);

export const captureAgeOption = () =>
  new Option("--capture-age <duration>", "age at which a capture file is closed and the next one begun")
    .env(envName("capture-age")).default(24 * 3_600_000, "24h").argParser(positiveDuration);

export const captureFilesOption = () =>
  new Option("--capture-files <count>", "capture files kept, the one being written included; 1000 at most")
    .env(envName("capture-files")).default(10).argParser(fileCount);

export const captureBodyOption = () =>
  new Option(
    "--capture-body <size>",
    "payload kept of each stream, both directions together; of the rest the length alone",
  )
    .env(envName("capture-body")).default(1024 * 1024, "1MiB").argParser(size);

export const captureRawOption = () =>
  new Option("--capture-raw", "capture without redaction: secrets are written to the file")
    .env(envName("capture-raw")).default(false);

export const redactOption = () =>
  new Option(
    "--redact <name>",
    "header or query parameter to overwrite in captures, besides Authorization, Cookie, Set-Cookie and " +
      "Proxy-Authorization; may be given several times, or with commas",
  ).env(envName("redact")).argParser(
    (text, earlier: string[] | undefined) => [...(earlier ?? []), ...text.split(",").map(headerName)],
  );

/** What the options above come to. */
export interface CaptureSettings {
  captureMax: number;
  captureAge: number;
  captureFiles: number;
  captureBody: number;
  captureRaw: boolean;
  redact?: string[];
}

/** Smallest file that is worth a rotation, bytes. */
const smallestFileBytes = 1024 * 1024;

/**
 * Starts a capture and says so on the terminal.
 *
 * @throws {UsageError} when the file cannot be made
 */
export async function startCapture(
  path: string,
  options: {
    side: CaptureSide;
    given: CaptureSettings;
    token: string;
    /** For the capture's header. */
    settings: Record<string, string>;
    status: StatusLines;
    logger: Logger;
  },
): Promise<Capture> {
  const { side, given, token, settings, status, logger } = options;
  if (given.captureMax < smallestFileBytes) {
    throw new UsageError(`--capture-max must be 1MiB at least, found ${given.captureMax} bytes`);
  }
  const { Capture } = await import("../lib/capture/mod.ts");
  try {
    const capture = await Capture.start({
      path,
      side,
      tool: agent,
      maxFileBytes: given.captureMax,
      maxFileAgeMs: given.captureAge,
      maxFiles: given.captureFiles,
      maxBodyBytes: given.captureBody,
      raw: given.captureRaw,
      redact: given.redact ?? [],
      secrets: [token],
      settings,
      onProblem: (error) => {
        if (error === null) logger.info("capture.resumed", { path });
        else logger.error("capture.failed", { path, reason: error.message });
      },
    });
    status.print(`captures to ${path}`);
    if (given.captureRaw) {
      status.print("WARNING: --capture-raw is on: the capture holds secrets as they were sent");
    }
    return capture;
  } catch (cause) {
    const hint = cause instanceof Deno.errors.IsADirectory && side === "runner"
      ? `; a runner's --capture takes a file, such as ${join(path, "run.tunnelcap")}`
      : "";
    throw new UsageError(`cannot write the capture ${path}: ${fileProblem(cause)}${hint}`, { cause });
  }
}

/** A file of its own for this process, such as `gateway-20260730T101112Z-4711.tunnelcap`. */
export function captureFileIn(directory: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  return join(directory, `gateway-${time}-${Deno.pid}.tunnelcap`);
}
