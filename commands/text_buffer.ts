/**
 * Gathers text as UTF-8 in one buffer that is used again and again, and writes it in large pieces. Strings that were
 * gathered instead would outlive many others, and take memory that is not taken back for long.
 */
export class TextBuffer {
  readonly #encoder = new TextEncoder();
  readonly #buffer: Uint8Array;
  readonly #write: (bytes: Uint8Array) => void;
  #used = 0;

  /** @param write is given what was gathered, a view that is overwritten afterwards */
  constructor(sizeBytes: number, write: (bytes: Uint8Array) => void) {
    this.#buffer = new Uint8Array(sizeBytes);
    this.#write = write;
  }

  write(text: string): void {
    let rest = text;
    while (rest !== "") {
      const { read, written } = this.#encoder.encodeInto(rest, this.#buffer.subarray(this.#used));
      this.#used += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
      this.flush();
    }
  }

  flush(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#write(bytes);
  }
}

/** Writes all of `bytes`. */
export function writeAll(target: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += target.writeSync(bytes.subarray(at));
}
