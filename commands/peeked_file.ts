import { UsageError } from "./errors.ts";
import { fileProblem } from "./files.ts";

/** Enough to tell JSON from a capture, bytes. */
const startBytes = 64;

/** A file whose beginning may be looked at before it is read. It is opened once: a pipe can be read but once. */
export class PeekedFile implements Disposable {
  readonly #file: Deno.FsFile;
  /** What was looked at and is not read yet. */
  #start: Uint8Array;
  /** It begins as JSON does, perhaps with a byte order mark. */
  readonly startsAsJson: boolean;
  /** `null` when that is not known beforehand, as with a pipe. */
  readonly sizeBytes: number | null;

  /** @throws {UsageError} when there is no such file, or it cannot be read */
  static open(path: string): PeekedFile {
    let file: Deno.FsFile | null = null;
    try {
      file = Deno.openSync(path);
      return new PeekedFile(file);
    } catch (cause) {
      file?.close();
      throw new UsageError(`cannot read ${path}: ${fileProblem(cause)}`, { cause });
    }
  }

  private constructor(file: Deno.FsFile) {
    this.#file = file;
    const start = new Uint8Array(startBytes);
    this.#start = start.subarray(0, file.readSync(start) ?? 0);
    this.startsAsJson = new TextDecoder().decode(this.#start).trimStart().startsWith("{");
    const { isFile, size } = file.statSync();
    this.sizeBytes = isFile ? size : null;
  }

  /** As `readSync` of a file. */
  readSync(buffer: Uint8Array): number | null {
    if (this.#start.length === 0) return this.#file.readSync(buffer);
    const count = Math.min(this.#start.length, buffer.length);
    buffer.set(this.#start.subarray(0, count));
    this.#start = this.#start.subarray(count);
    return count;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
