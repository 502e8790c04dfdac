/** What the owner of a {@link ByteSocket} is told. Calls come one at a time, none after `closed`. */
export interface ByteSocketHandler {
  /**
   * Bytes arrived. They are a view of the read buffer, valid during the call alone, unless the owner calls
   * {@link ByteSocket.keepBuffer}.
   */
  data(bytes: Uint8Array): void;
  /** The write queue fell to the low-water mark after it had been above the high-water mark. */
  drained(): void;
  /** The peer will send no more (a FIN). Writing may go on. */
  ended(): void;
  /** The socket is closed. `error` is `null` when this end closed it or nothing went wrong. */
  closed(error: Error | null): void;
}

/** Above this many queued bytes the owner should stop writing; {@link ByteSocketHandler.drained} follows. */
export const highWaterBytes = 256 * 1024;
const lowWaterBytes = 64 * 1024;

/**
 * The read buffer starts small, because thousands of idle sockets have one each, grows when reads fill it,
 * and shrinks when they no longer come near.
 */
const smallestBufferBytes = 4 * 1024;
const largestBufferBytes = 64 * 1024;
const shrinkAfterReads = 16;

/** Queued pieces up to this size are joined into one write; larger ones are written as they are. */
const joinUpToBytes = 64 * 1024;

/**
 * A connected stream socket with callbacks instead of promises for each read, a bounded read buffer and a
 * write queue that joins what is written in one turn of the event loop into one system call.
 */
export class ByteSocket {
  readonly #conn: Deno.Conn;
  /** Whom this socket reports to; replaced when a connection is upgraded. */
  handler: ByteSocketHandler;
  #buffer: Uint8Array | null = null;
  #bufferBytes = smallestBufferBytes;
  #smallReads = 0;
  #paused = false;
  #unpause: (() => void) | null = null;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing = false;
  #aboveHighWater = false;
  #ending = false;
  #finPending = false;
  #closed = false;
  #received = 0;
  #sent = 0;

  constructor(conn: Deno.Conn, handler: ByteSocketHandler) {
    this.#conn = conn;
    this.handler = handler;
  }

  /** Bytes written by the owner that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether the queue passed the high-water mark and has not drained since. */
  get congested(): boolean {
    return this.#aboveHighWater;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether {@link end} or {@link destroy} was called, or the socket closed by itself. */
  get closing(): boolean {
    return this.#closed || this.#ending;
  }

  /** Bytes read and written so far. */
  get receivedBytes(): number {
    return this.#received;
  }

  get sentBytes(): number {
    return this.#sent;
  }

  /** Begins to read. */
  start(): void {
    void this.#read();
  }

  /** Stops reading after what is under way; the kernel's buffer fills and TCP holds the peer back. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const unpause = this.#unpause;
    this.#unpause = null;
    unpause?.();
  }

  /** Called within {@link ByteSocketHandler.data}: the owner keeps the buffer, the next read gets a new one. */
  keepBuffer(): void {
    this.#buffer = null;
  }

  /** Queues `bytes`, which must not be changed afterwards. Ignored once the socket is closing. */
  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending || this.#finPending || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > highWaterBytes) this.#aboveHighWater = true;
    if (!this.#writing) {
      this.#writing = true;
      queueMicrotask(this.#flush);
    }
  }

  /** Closes once everything queued was written. */
  end(): void {
    if (this.closing) return;
    this.#ending = true;
    if (!this.#writing) this.destroy(null);
  }

  /** Sends a FIN once everything queued was written; reading goes on. */
  closeWrite(): void {
    if (this.closing || this.#finPending) return;
    this.#finPending = true;
    if (!this.#writing) void this.#sendFin();
  }

  /** Closes at once; what is queued is lost. */
  destroy(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#conn.close();
    this.resume();
    this.handler.closed(error);
  }

  async #read(): Promise<void> {
    try {
      while (!this.#closed) {
        if (this.#paused) await new Promise<void>((resolve) => this.#unpause = resolve);
        if (this.#closed) return;
        const buffer = this.#buffer ??= new Uint8Array(this.#bufferBytes);
        const count = await this.#conn.read(buffer);
        if (this.#closed) return;
        if (count === null) {
          this.handler.ended();
          return;
        }
        this.#received += count;
        this.handler.data(buffer.subarray(0, count));
        this.#adapt(count);
      }
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  #adapt(count: number): void {
    if (count === this.#bufferBytes && count < largestBufferBytes) {
      this.#bufferBytes = Math.min(largestBufferBytes, this.#bufferBytes * 4);
      this.#buffer = null;
      this.#smallReads = 0;
    } else if (this.#bufferBytes > smallestBufferBytes && count * 4 <= this.#bufferBytes) {
      if (++this.#smallReads < shrinkAfterReads) return;
      this.#bufferBytes = smallestBufferBytes;
      this.#buffer = null;
      this.#smallReads = 0;
    } else {
      this.#smallReads = 0;
    }
  }

  #flush = async (): Promise<void> => {
    try {
      while (this.#queue.length > 0) {
        const bytes = this.#nextWrite();
        let written = 0;
        while (written < bytes.length) {
          const count = await this.#conn.write(written === 0 ? bytes : bytes.subarray(written));
          if (this.#closed) return;
          written += count;
          this.#sent += count;
          this.#queuedBytes -= count;
        }
        if (this.#aboveHighWater && this.#queuedBytes <= lowWaterBytes) {
          this.#aboveHighWater = false;
          this.handler.drained();
        }
      }
      this.#writing = false;
      if (this.#ending && !this.#closed) this.destroy(null);
      else if (this.#finPending) await this.#sendFin();
    } catch (error) {
      this.#writing = false;
      this.destroy(asError(error));
    }
  };

  async #sendFin(): Promise<void> {
    try {
      if (!this.#closed) await this.#conn.closeWrite();
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  #nextWrite(): Uint8Array {
    const queue = this.#queue;
    if (queue.length === 1 || queue[0].length >= joinUpToBytes) {
      if (queue.length === 1) {
        this.#queue = [];
        return queue[0];
      }
      return queue.shift()!;
    }
    let count = 0;
    let bytes = 0;
    while (count < queue.length && bytes + queue[count].length <= joinUpToBytes) {
      bytes += queue[count++].length;
    }
    const joined = new Uint8Array(bytes);
    let offset = 0;
    for (let i = 0; i < count; i++) {
      joined.set(queue[i], offset);
      offset += queue[i].length;
    }
    if (count === queue.length) this.#queue = [];
    else queue.splice(0, count);
    return joined;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
