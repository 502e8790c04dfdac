import { basename, dirname, extname, join } from "node:path";

export interface CaptureFilesOptions {
  /** The file being written. Earlier parts stand beside it: `run.tunnelcap`, `run.1.tunnelcap`, … */
  path: string;
  /** A file that would grow beyond this is closed and the next one begun, bytes. */
  maxBytes: number;
  /** … and so is one that was begun this long ago, milliseconds. */
  maxAgeMs: number;
  /** Files kept, the one being written included; the oldest is removed. */
  maxFiles: number;
  /** Monotonic, milliseconds. */
  now: () => number;
}

/** Captures hold private data: they are for their owner alone. */
const fileMode = 0o600;

/**
 * The files of one capture. Only ever appended to: a write that fails is cut off again at the end of the last
 * whole record. A file that is found under the name is kept as an earlier part.
 */
export class CaptureFiles {
  readonly #options: CaptureFilesOptions;
  #file: Deno.FsFile | null = null;
  #sizeBytes = 0;
  #begunAt = 0;

  constructor(options: CaptureFilesOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Whether {@link begin} is due before `bytes` more are appended. */
  needsNext(bytes: number): boolean {
    if (this.#file === null) return true;
    const { maxBytes, maxAgeMs, now } = this.#options;
    return this.#sizeBytes + bytes > maxBytes || now() - this.#begunAt >= maxAgeMs;
  }

  /**
   * Closes the file, moves it and those before it on by one, and begins the next.
   *
   * @param head what each file begins with
   * @throws errors of `Deno.open`, `Deno.rename` and `write`
   */
  async begin(head: Uint8Array): Promise<void> {
    this.close();
    const { path, now } = this.#options;
    await refuseOther(path);
    await Deno.mkdir(dirname(path), { recursive: true });
    await this.#moveOn();
    this.#file = await Deno.open(path, { append: true, createNew: true, mode: fileMode });
    this.#sizeBytes = 0;
    this.#begunAt = now();
    await this.append(head);
  }

  /**
   * Appends whole records.
   *
   * @throws errors of `write`: nothing of `records` is in the file then
   */
  async append(records: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === null) throw new Error("no capture file is open");
    try {
      for (let done = 0; done < records.length;) done += await file.write(records.subarray(done));
      this.#sizeBytes += records.length;
    } catch (error) {
      await this.#cutBack(file);
      throw error;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  /** Takes back what a failed write left of a record; if not even that works, the next record begins a file. */
  async #cutBack(file: Deno.FsFile): Promise<void> {
    try {
      await file.truncate(this.#sizeBytes);
    } catch {
      // The write's own error is what is told; the file ends in the middle of a record, which costs that record.
      this.close();
    }
  }

  async #moveOn(): Promise<void> {
    const { maxFiles } = this.#options;
    await remove(this.#nth(maxFiles - 1));
    for (let n = maxFiles - 2; n >= 0; n--) await rename(this.#nth(n), this.#nth(n + 1));
  }

  /** The path of the file `n` rotations ago. */
  #nth(n: number): string {
    const { path } = this.#options;
    if (n === 0) return path;
    const extension = extname(path);
    return join(dirname(path), `${basename(path, extension)}.${n}${extension}`);
  }
}

/** What is moved on is a file: a directory or a device of that name is somebody else's. */
async function refuseOther(path: string): Promise<void> {
  if (/[/\\]$/.test(path)) throw new Deno.errors.IsADirectory(`${path} is a directory`);
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new Deno.errors.IsADirectory(`${path} is a directory`);
    if (!isFile) throw new Error("it is no regular file");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function rename(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
