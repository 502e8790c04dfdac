import type { CaptureSource } from "../lib/capture/mod.ts";
import { UsageError, WorkError } from "./errors.ts";
import { fileProblem } from "./files.ts";

/** Enough to tell JSON from a capture, bytes. */
const startBytes = 64;

/** The name that stands for standard input. */
export const standardInput = "-";

/**
 * A file that a command reads once, from its beginning: one with a name, which may be a pipe's, or standard input (`-`).
 * Its beginning may be looked at before it is read.
 */
export class InputFile implements CaptureSource, Disposable {
  readonly #file: CaptureSource & Partial<Disposable>;
  /** What it is and its path, for errors. */
  readonly #name: string;
  /** What was looked at and is not read yet. */
  #start = new Uint8Array(0);
  /** `null` when that is not known beforehand, as with a pipe. */
  readonly sizeBytes: number | null;

  /**
   * @param what what the file is, for the error, such as `the capture `
   * @param signal ends the wait for a pipe's writer
   * @throws {UsageError} when there is no such file, or it cannot be read
   * @throws {WorkError} when the signal came first
   */
  static async open(path: string, what: string, signal: AbortSignal): Promise<InputFile> {
    if (path === standardInput) return InputFile.#ofStandardInput(what);
    try {
      const { isFile, isDirectory, isFifo, size } = Deno.statSync(path);
      if (isDirectory) throw new Deno.errors.IsADirectory();
      const file = isFifo ? await openPipe(path, signal) : Deno.openSync(path);
      return new InputFile(file, `${what}${path}`, isFile ? size : null);
    } catch (cause) {
      if (signal.aborted) throw new WorkError(`stopped before anybody wrote to ${path}`, { cause });
      throw new UsageError(`cannot read ${what}${path}: ${fileProblem(cause)}`, { cause });
    }
  }

  static #ofStandardInput(what: string): InputFile {
    if (Deno.stdin.isTerminal()) {
      throw new UsageError(`cannot read ${what}from a terminal: name a file, or send one to standard input`);
    }
    return new InputFile(Deno.stdin, `${what}from standard input`, null);
  }

  private constructor(file: CaptureSource & Partial<Disposable>, name: string, sizeBytes: number | null) {
    this.#file = file;
    this.#name = name;
    this.sizeBytes = sizeBytes;
  }

  /** Whether it begins as JSON does, perhaps with a byte order mark. To be asked before it is read. */
  startsAsJson(): boolean {
    const start = new Uint8Array(startBytes);
    this.#start = start.subarray(0, this.readSync(start) ?? 0);
    return new TextDecoder().decode(this.#start).trimStart().startsWith("{");
  }

  /**
   * As `readSync` of a file.
   *
   * @throws {WorkError} when it cannot be read on
   */
  readSync(buffer: Uint8Array): number | null {
    if (this.#start.length === 0) return this.#read(buffer);
    const count = Math.min(this.#start.length, buffer.length);
    buffer.set(this.#start.subarray(0, count));
    this.#start = this.#start.subarray(count);
    return count;
  }

  #read(buffer: Uint8Array): number | null {
    try {
      return this.#file.readSync(buffer);
    } catch (cause) {
      throw new WorkError(`cannot read ${this.#name}: ${fileProblem(cause)}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]?.();
  }
}

/** Opens a named pipe, which takes until somebody opens it to write. */
async function openPipe(path: string, signal: AbortSignal): Promise<Deno.FsFile> {
  signal.throwIfAborted();
  const opening = Deno.open(path);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([opening, aborted.promise]);
  } catch (error) {
    opening.then((file) => file.close(), () => {}); // Nobody is left to read it, or to be told of its error.
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
