import type { Logger } from "../lib/telemetry/mod.ts";
import { WorkError } from "./errors.ts";
import { fileProblem } from "./files.ts";
import { writeAll } from "./text_buffer.ts";

const encoder = new TextEncoder();

/**
 * Writes bytes to standard output.
 *
 * @throws {Deno.errors.BrokenPipe} when nobody reads it any more (`| head`)
 * @throws {WorkError} when it cannot be written, as on a full disk
 */
export function printBytes(bytes: Uint8Array): void {
  try {
    writeAll(Deno.stdout, bytes);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) throw cause;
    throw new WorkError(`cannot write to standard output: ${fileProblem(cause)}`, { cause });
  }
}

/** Writes text to standard output. @throws as {@link printBytes} */
export function printText(text: string): void {
  printBytes(encoder.encode(text));
}

/** Writes a line to standard output. @throws as {@link printBytes} */
export function printLine(line: string): void {
  printText(line + "\n");
}

/** Writes text to standard error. Where that cannot be written there is nobody to tell: the exit status is left. */
export function writeError(text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(text));
  } catch {
    // As said above.
  }
}

/**
 * What a command that goes on for long says on standard output. That is no part of its work: where a line cannot be
 * written, the log has it that one is lost, once, and the work goes on.
 */
export class StatusLines {
  readonly #logger: Logger;
  #told = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  print(line: string): void {
    try {
      writeAll(Deno.stdout, encoder.encode(line + "\n"));
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      this.#logger.warn("output.failed", { reason: fileProblem(error) });
    }
  }
}
