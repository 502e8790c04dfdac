/** Bytes of a body or message part, wherever they are kept. */
export interface StoredBytes {
  /** Bytes that crossed the link, those that the capture left out included. */
  readonly length: number;
  /** How many of them the capture left out, at the end; they read as zeros. */
  readonly omittedBytes: number;
  /**
   * @param into memory that may be used for them, as long as the caller wants: who reads much saves throwing much away
   * @throws {Error} when bodies were not kept, or their store is closed
   */
  read(into?: Uint8Array): Uint8Array;
}

/** Keeps what {@link ExchangeAssembler} is given of bodies and messages. */
export interface ByteStore extends Disposable {
  /** @param bytes is copied */
  keep(bytes: Uint8Array, omittedBytes: number): StoredBytes;
}

/** Keeps bytes in memory: for exchanges that are dealt with one after another. */
export class MemoryStore implements ByteStore {
  keep(bytes: Uint8Array, omittedBytes: number): StoredBytes {
    const kept = bytes.slice();
    return { length: kept.length, omittedBytes, read: () => kept };
  }

  [Symbol.dispose](): void {}
}

/** Keeps lengths alone: for summaries. */
export class LengthStore implements ByteStore {
  keep(bytes: Uint8Array, omittedBytes: number): StoredBytes {
    return {
      length: bytes.length,
      omittedBytes,
      read: () => {
        throw new Error("the bytes of this capture's bodies were not kept, only their lengths");
      },
    };
  }

  [Symbol.dispose](): void {}
}

/** The temporary file of a {@link SpillStore} cannot be made or written. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** Bytes in the file of a {@link SpillStore}. */
export interface SpilledBytes extends StoredBytes {
  /** Offset in that file. */
  readonly at: number;
}

/** A class of its own, for there may be millions: objects with a closure each take three times as much. */
class Spilled implements SpilledBytes {
  constructor(
    readonly store: SpillStore,
    readonly at: number,
    readonly length: number,
    readonly omittedBytes: number,
  ) {}

  read(into?: Uint8Array): Uint8Array {
    return this.store.read(this.at, this.length, into);
  }
}

/** Writes to the file are gathered up to this size, bytes. */
const gatherBytes = 256 * 1024;

/** An open file cannot be removed there. */
const keepsName = Deno.build.os === "windows";

/**
 * Keeps bytes in a temporary file, so that all exchanges of a large capture can be held at once: a part then
 * costs some hundred bytes of memory, whatever its size. Disposing it removes the file. Where an open file may lose its
 * name, it loses it at once: then not even a process that is killed leaves what it held behind.
 */
export class SpillStore implements ByteStore {
  /** Where the file is, or was made. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  /** Used again and again: memory that is thrown away in such amounts is not taken back fast enough. */
  readonly #gathered = new Uint8Array(gatherBytes);
  #gatheredBytes = 0;
  #written = 0;

  /** @throws {StoreError} when the folder for temporary files takes none */
  constructor() {
    this.path = orStoreError(
      "made",
      () => Deno.makeTempFileSync({ prefix: "tunnel-replay-", suffix: ".spill" }),
    );
    try {
      this.#file = orStoreError("opened", () => Deno.openSync(this.path, { read: true, write: true }));
    } catch (error) {
      Deno.removeSync(this.path);
      throw error;
    }
    if (!keepsName) Deno.removeSync(this.path);
  }

  /** @throws {StoreError} when the disk is full */
  keep(bytes: Uint8Array, omittedBytes: number): SpilledBytes {
    const { length } = bytes;
    if (this.#gatheredBytes + length > gatherBytes) this.#flush();
    const at = this.#written + this.#gatheredBytes;
    if (length > gatherBytes) {
      this.#write(bytes);
    } else {
      this.#gathered.set(bytes, this.#gatheredBytes);
      this.#gatheredBytes += length;
    }
    return this.at(at, { length, omittedBytes });
  }

  /** What {@link keep} gave for the bytes at this offset, for those who remember no more than that. */
  at(at: number, { length, omittedBytes }: { length: number; omittedBytes: number }): SpilledBytes {
    return new Spilled(this, at, length, omittedBytes);
  }

  /** Forgets everything that was kept: nothing of it may be read again. */
  clear(): void {
    this.#gatheredBytes = 0;
    if (this.#written > 0) this.#file.truncateSync(0);
    this.#written = 0;
  }

  [Symbol.dispose](): void {
    this.#file.close();
    if (keepsName) Deno.removeSync(this.path);
  }

  #flush(): void {
    this.#write(this.#gathered.subarray(0, this.#gatheredBytes));
    this.#gatheredBytes = 0;
  }

  #write(bytes: Uint8Array): void {
    orStoreError("written", () => {
      this.#file.seekSync(this.#written, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    });
    this.#written += bytes.length;
  }

  /** As {@link StoredBytes.read}, of any place in the file. */
  read(at: number, length: number, into?: Uint8Array): Uint8Array {
    const gatheredAt = at - this.#written;
    if (gatheredAt >= 0) return this.#gathered.slice(gatheredAt, gatheredAt + length);
    const fits = into !== undefined && into.length >= length;
    const bytes = fits ? into.subarray(0, length) : new Uint8Array(length);
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < length;) {
      const count = this.#file.readSync(bytes.subarray(done));
      if (count === null) throw new Error("the temporary file with the captured bodies was cut short");
      done += count;
    }
    return bytes;
  }
}

/** @throws {StoreError} in place of what the file system says */
function orStoreError<T>(done: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(
      `the temporary file for bodies cannot be ${done}: ${problem}; the folder of TMPDIR (TEMP on Windows), or /tmp, must exist, be writable and have room for about the size of the capture`,
      { cause },
    );
  }
}
