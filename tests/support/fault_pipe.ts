import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";

/** What every connection through a proxy is put through, until told otherwise. */
export interface Conditions {
  /** Added to each piece on its way, milliseconds, and up to this much more, drawn evenly. Order is kept. */
  delayMs: number;
  jitterMs: number;
  /** Most bytes a second, for each connection and direction; `Infinity` for no limit. */
  bytesPerSecond: number;
}

/** Above this many bytes on their way the source is not read: TCP holds it back, as a real network would. */
const maxInFlightBytes = 256 * 1024;

/** Throttled writes are this long at most, so that a slow rate is even and not one burst a second. */
const burstMs = 20;

/** A fault that waits until a number of bytes have passed. */
interface Trigger {
  atBytes: number;
  fire: () => void;
}

/** One direction of one connection: bytes from `source` to `sink` under {@link Conditions} and faults. */
export class FaultPipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #conditions: Conditions;
  readonly #random: () => number;
  readonly #tap: ((bytes: Uint8Array) => void) | undefined;
  readonly #queue: { bytes: Uint8Array; dueAtMs: number }[] = [];
  #queuedBytes = 0;
  #passedBytes = 0;
  #lastDueAtMs = 0;
  #nextWriteAtMs = 0;
  #silent = false;
  #dropping = false;
  #ended = false;
  #running = false;
  #over = false;
  #wake: (() => void) | null = null;
  #trigger: Trigger | null = null;

  constructor(
    sockets: { source: Socket; sink: Socket },
    options: { conditions: Conditions; random: () => number; tap?: (bytes: Uint8Array) => void },
  ) {
    this.#source = sockets.source;
    this.#sink = sockets.sink;
    this.#conditions = options.conditions;
    this.#random = options.random;
    this.#tap = options.tap;
    this.#source.on("data", (bytes: Uint8Array) => this.#arrived(bytes));
    this.#source.on("end", () => {
      this.#ended = true;
      void this.#run();
    });
    this.#sink.on("drain", () => this.#wake?.());
  }

  /** Bytes written to the sink so far. */
  get passedBytes(): number {
    return this.#passedBytes;
  }

  /** Forwards nothing and reads nothing more, with both sockets open; {@link speak} ends it, no byte is lost. */
  silence(): void {
    this.#silent = true;
  }

  speak(): void {
    this.#silent = false;
    this.#wake?.();
    void this.#run();
  }

  /** Calls `fire` when `bytes` more have passed; nothing beyond them passes before it has returned. */
  after(bytes: number, fire: () => void): void {
    this.#trigger = { atBytes: this.#passedBytes + bytes, fire };
    this.#checkTrigger();
  }

  /** From now on reads and throws away what comes: its sender believes it delivered. */
  drop(): void {
    this.#dropping = true;
    this.#clearQueue();
    this.#source.resume();
  }

  /** Sends a FIN, whatever the source does; what it still sends is thrown away. */
  end(): void {
    this.drop();
    this.#sink.end();
  }

  /** The connection is gone. */
  stop(): void {
    this.#over = true;
    this.#clearQueue();
    this.#wake?.();
  }

  #arrived(bytes: Uint8Array): void {
    if (this.#dropping || this.#over) return;
    const { delayMs, jitterMs } = this.#conditions;
    const dueAtMs = performance.now() + delayMs + jitterMs * this.#random();
    this.#lastDueAtMs = Math.max(this.#lastDueAtMs, dueAtMs);
    this.#queue.push({ bytes, dueAtMs: this.#lastDueAtMs });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= maxInFlightBytes) this.#source.pause();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (!this.#over && !this.#silent && this.#queue.length > 0) {
      const waitMs = Math.max(this.#queue[0].dueAtMs, this.#nextWriteAtMs) - performance.now();
      if (waitMs > 0) await this.#pause(waitMs);
      else if (this.#sink.writableNeedDrain) await this.#pause(null);
      else this.#pass();
    }
    this.#running = false;
    if (this.#ended && !this.#over && !this.#dropping && this.#queue.length === 0) this.#sink.end();
  }

  /** Writes one piece, as large as rate and trigger allow. */
  #pass(): void {
    const { bytesPerSecond } = this.#conditions;
    const head = this.#queue[0];
    let count = Math.min(head.bytes.length, Math.max(1, Math.floor(bytesPerSecond * burstMs / 1000)));
    if (this.#trigger !== null) count = Math.min(count, this.#trigger.atBytes - this.#passedBytes);
    const piece = head.bytes.subarray(0, count);
    this.#sink.write(piece);
    this.#tap?.(piece);
    if (count === head.bytes.length) this.#queue.shift();
    else head.bytes = head.bytes.subarray(count);
    this.#queuedBytes -= count;
    this.#passedBytes += count;
    this.#nextWriteAtMs = performance.now() + count / bytesPerSecond * 1000;
    if (this.#queuedBytes < maxInFlightBytes) this.#source.resume();
    this.#checkTrigger();
  }

  #checkTrigger(): void {
    const trigger = this.#trigger;
    if (trigger === null || this.#passedBytes < trigger.atBytes) return;
    this.#trigger = null;
    trigger.fire();
  }

  /** Waits for a time, or (`null`) until something changes; a change ends either. */
  #pause(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  #clearQueue(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }
}
