/**
 * The read buffer starts small, because thousands of idle sockets have one each, grows when reads fill it,
 * and shrinks when they no longer come near.
 */
const smallestBytes = 1024;
const shrinkAfterReads = 16;

/** What a socket reads into. */
export class ReadBuffer {
  #bytes: Uint8Array | null = null;
  #view: Uint8Array | null = null;
  #size = smallestBytes;
  #smallReads = 0;

  /** Where the next read goes. */
  get bytes(): Uint8Array {
    return this.#bytes ??= new Uint8Array(this.#size);
  }

  /** The first `count` bytes: what was read. */
  filled(count: number): Uint8Array {
    // Messages of the same length come one after another: the view of the last one serves.
    if (this.#view === null || this.#view.length !== count) this.#view = this.bytes.subarray(0, count);
    return this.#view;
  }

  /** A read gave `count` bytes: how large the buffer of the next one is to be. What was read stays where it is. */
  adapt(count: number, largestBytes: number): void {
    if (count === this.#size && count < largestBytes) {
      this.#resize(Math.min(largestBytes, this.#size * 4));
    } else if (this.#size > smallestBytes && count * 4 <= this.#size) {
      if (++this.#smallReads >= shrinkAfterReads) this.#resize(smallestBytes);
    } else {
      this.#smallReads = 0;
    }
  }

  #resize(size: number): void {
    this.#size = size;
    this.#bytes = null;
    this.#view = null;
    this.#smallReads = 0;
  }
}
