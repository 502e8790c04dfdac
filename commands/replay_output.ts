import { printBytes } from "./output.ts";
import { TextBuffer } from "./text_buffer.ts";

/** Lines are gathered up to this size before they are written, bytes. */
const gatherBytes = 64 * 1024;

/**
 * Standard output for many lines: they are written in large pieces. When its reader goes away (`| head`), the rest is
 * dropped and {@link closed} says so.
 */
export class LineOutput {
  readonly #buffer = new TextBuffer(gatherBytes, (bytes) => this.#write(bytes));
  /** Nobody reads any more. */
  closed = false;

  line(text: string): void {
    this.write(text + "\n");
  }

  write(text: string): void {
    if (!this.closed) this.#buffer.write(text);
  }

  flush(): void {
    this.#buffer.flush();
  }

  #write(bytes: Uint8Array): void {
    if (this.closed) return;
    try {
      printBytes(bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.closed = true;
    }
  }
}
