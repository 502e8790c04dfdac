/** Parts up to this size are the receiver's to keep; larger ones lie in a buffer that is used again. */
export const maxKeptPartBytes = 1024;

/** Where the buffers of larger parts come from, and go when the part was handed out. */
export interface LargePartBuffers {
  /** @returns exactly `count` bytes, whatever they hold */
  take(count: number): Uint8Array;
  giveBack(bytes: Uint8Array): void;
}

/** Each larger part has a buffer of its own. */
export const freshBuffers: LargePartBuffers = {
  take: (count) => new Uint8Array(count),
  giveBack: () => {},
};

/** Sizes of shared buffers, bytes: they double from first to last while one read keeps filling them. */
const minSharedBytes = 1024;
const maxSharedBytes = 8192;

/** An empty part needs no buffer of its own. */
export const noBytes = new Uint8Array(0);

/**
 * Room for the parts that one read completes. Making a `Uint8Array`, however small, takes 0.6 to 1 µs in
 * Deno (measured), many times what reading a small frame takes, so small parts of one read lie side by side
 * in a shared buffer.
 *
 * A part that is kept keeps its neighbours' bytes alive. So that this is never out of proportion, the first
 * part of a read is alone, buffers grow only as they fill, and no buffer serves two reads.
 */
export class PartBuffers {
  #shared = noBytes;
  #used = 0;
  #nextBytes = 0;

  /** Room for `length` bytes, {@link maxKeptPartBytes} at most; `readAhead` bounds what the rest of this read can still ask for, bytes. */
  take(length: number, readAhead: number): Uint8Array {
    const start = this.#used;
    if (length > this.#shared.length - start) return this.#takeFresh(length, readAhead);
    this.#used = start + length;
    return this.#shared.subarray(start, this.#used);
  }

  /** Ends a read: nothing handed out later shares with what was handed out before. */
  endRead(): void {
    if (this.#nextBytes === 0) return;
    this.#shared = noBytes;
    this.#used = 0;
    this.#nextBytes = 0;
  }

  #takeFresh(length: number, readAhead: number): Uint8Array {
    const bytes = Math.max(length, Math.min(this.#nextBytes, readAhead));
    this.#shared = new Uint8Array(bytes);
    this.#used = length;
    this.#nextBytes = Math.min(Math.max(this.#nextBytes * 2, minSharedBytes), maxSharedBytes);
    return bytes === length ? this.#shared : this.#shared.subarray(0, length);
  }
}
