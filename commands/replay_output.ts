/** Lines are gathered up to this size before they are written. */
const gatherChars = 64 * 1024;

/**
 * Standard output for many lines: they are written in large pieces. When its reader goes away (`| head`), the rest is
 * dropped and {@link closed} says so.
 */
export class LineOutput {
  #gathered = "";
  /** Nobody reads any more. */
  closed = false;

  line(text: string): void {
    this.write(text + "\n");
  }

  write(text: string): void {
    if (this.closed) return;
    this.#gathered += text;
    if (this.#gathered.length >= gatherChars) this.flush();
  }

  flush(): void {
    let bytes = new TextEncoder().encode(this.#gathered);
    this.#gathered = "";
    try {
      while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.closed = true;
    }
  }
}
