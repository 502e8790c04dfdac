import { ReadBuffer } from "./read_buffer.ts";
import type { SocketIo, SocketIoOwner } from "./socket_io.ts";

/** Reads and writes by the runtime's own operations: on every platform, and for TLS. */
export class ConnIo implements SocketIo {
  readonly #conn: Deno.Conn;
  readonly #owner: SocketIoOwner;
  readonly #readBuffer = new ReadBuffer();
  #rest: Uint8Array | null = null;
  #closed = false;

  constructor(conn: Deno.Conn, owner: SocketIoOwner) {
    this.#conn = conn;
    this.#owner = owner;
  }

  read(): void {
    this.#conn.read(this.#readBuffer.bytes).then(this.#readDone, this.#readFailed);
  }

  write(bytes: Uint8Array, count: number): number {
    this.#writeAll(bytes.subarray(0, count));
    return 0;
  }

  async closeWrite(): Promise<void> {
    if (!this.#closed) await this.#conn.closeWrite();
  }

  close(): void {
    this.#closed = true;
    this.#conn.close();
  }

  #writeAll(bytes: Uint8Array): void {
    this.#rest = bytes;
    this.#conn.write(bytes).then(this.#wrote, this.#broke);
  }

  // Callbacks made once, and no async function: this runs for every request.
  #readDone = (count: number | null): void => {
    if (this.#closed) return;
    if (count === null) return this.#owner.readDone(null);
    const bytes = this.#readBuffer.filled(count);
    // Before it is told of: the next read is asked for in there.
    this.#readBuffer.adapt(count, this.#owner.largestReadBytes);
    this.#owner.readDone(bytes);
  };

  #readFailed = (error: unknown): void => {
    if (!this.#closed) this.#owner.readFailed(error);
  };

  #wrote = (count: number): void => {
    if (this.#closed) return;
    if (count < this.#rest!.length) this.#writeAll(this.#rest!.subarray(count));
    else this.#rest = null;
    this.#owner.wrote(count);
  };

  #broke = (error: unknown): void => {
    if (!this.#closed) this.#owner.writeFailed(error);
  };
}
