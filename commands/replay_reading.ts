import { CaptureReader } from "../lib/capture/mod.ts";
import { InputFile } from "./input_file.ts";

/** Reading that takes less than this is not worth a word, milliseconds. */
const quietMs = 500;
const updateEveryMs = 200;

/**
 * Opens a capture.
 *
 * @param path a file's, or `-` for standard input
 * @param signal ends the wait for a pipe's writer
 * @throws {UsageError} when there is no such file, or it cannot be read
 * @throws {CaptureError} when it is no capture
 */
export async function openCapture(path: string, signal: AbortSignal): Promise<CaptureReader> {
  const file = await InputFile.open(path, "the capture ", signal);
  try {
    return new CaptureReader(file, file.sizeBytes);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** Says on a terminal how far a long file is read; nothing where standard error is no terminal. */
export class ReadingProgress implements Disposable {
  readonly #sizeBytes: number | null;
  readonly #shows = Deno.stderr.isTerminal();
  #nextAt = performance.now() + quietMs;
  #shown = false;

  constructor(sizeBytes: number | null) {
    this.#sizeBytes = sizeBytes;
  }

  update(offset: number): void {
    if (!this.#shows || performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + updateEveryMs;
    const { stderr } = Deno;
    const read = `${(offset / 1024 ** 2).toFixed(0)} MiB`;
    const share = this.#sizeBytes === null ? "" : ` (${Math.floor(offset / this.#sizeBytes * 100)} %)`;
    stderr.writeSync(new TextEncoder().encode(`\r\x1b[Kreading: ${read}${share}`));
    this.#shown = true;
  }

  /** Takes the line away again. */
  [Symbol.dispose](): void {
    if (this.#shown) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  }
}
