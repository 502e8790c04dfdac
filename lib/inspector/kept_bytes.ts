/** The beginning of a body, and how long all of it was. */
export class KeptBytes {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #keptBytes = 0;
  #totalBytes = 0;

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

  /** Whether all of it is kept. */
  get whole(): boolean {
    return this.#keptBytes === this.#totalBytes;
  }

  /** @param bytes valid during the call alone: what is kept is copied */
  add(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    const room = this.#maxBytes - this.#keptBytes;
    if (room <= 0 || bytes.length === 0) return;
    const part = bytes.slice(0, room);
    this.#parts.push(part);
    this.#keptBytes += part.length;
  }

  /** So many bytes more went by, and nothing of them is kept. */
  skip(count: number): void {
    this.#totalBytes += count;
  }

  /** What is kept, in one piece. */
  bytes(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}
