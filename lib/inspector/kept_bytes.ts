/** A buffer of so many bytes at most stays for the next body: a larger one would be held for many small ones. */
const reusedBytes = 256;

/** The beginning of a body, and how long all of it was. */
export class KeptBytes {
  readonly #maxBytes: number;
  /** What is kept, and room for more of it. */
  #buffer: Uint8Array<ArrayBuffer> = nothing;
  #keptBytes = 0;
  #totalBytes = 0;
  #dropped = false;

  /** @param maxBytes kept at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** What it takes in memory. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Whether all of it is kept. */
  get whole(): boolean {
    return this.#keptBytes === this.#totalBytes;
  }

  /** @param bytes valid during the call alone: what is kept is copied */
  add(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    const room = this.#dropped ? 0 : this.#maxBytes - this.#keptBytes;
    const count = Math.min(room, bytes.length);
    if (count <= 0) return;
    this.#reserve(this.#keptBytes + count);
    this.#buffer.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.#keptBytes);
    this.#keptBytes += count;
  }

  /** So many bytes more went by, and nothing of them is kept. */
  skip(count: number): void {
    this.#totalBytes += count;
  }

  /** Keeps nothing any more; what goes by is still counted. */
  drop(): void {
    this.#dropped = true;
    this.#buffer = nothing;
    this.#keptBytes = 0;
  }

  /** Begins anew, with another body. */
  restart(): void {
    if (this.#buffer.length > reusedBytes) this.#buffer = nothing;
    this.#keptBytes = 0;
    this.#totalBytes = 0;
  }

  /** What is kept, in one piece. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#keptBytes);
  }

  /** Bodies come in one piece, mostly: the first is given just its room, those that grow twice as much each time. */
  #reserve(bytes: number): void {
    const { length } = this.#buffer;
    if (bytes <= length) return;
    const larger = new Uint8Array(
      length === 0 ? bytes : Math.min(this.#maxBytes, Math.max(bytes, 2 * length)),
    );
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

const nothing = new Uint8Array(0);
