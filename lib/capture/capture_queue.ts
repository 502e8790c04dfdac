import type { CaptureDirection, CaptureEvent } from "./format.ts";

/** What waits to be written. `gap` stands where something was dropped and counts it. */
export type QueuedItem =
  | { kind: "message"; timeUs: number; link: number; direction: CaptureDirection; bytes: Uint8Array }
  | { kind: "event"; timeUs: number; link: number; event: CaptureEvent }
  | QueuedGap;

export interface QueuedGap {
  kind: "gap";
  timeUs: number;
  messages: number;
  bytes: number;
  events: number;
}

/** What an item is reckoned to take besides its bytes. */
const overheadBytes = 128;

/**
 * What was seen and is not written yet. Bounded: when the writer falls behind, items are dropped and counted until
 * half of the room is free again, so that a capture has a few long gaps rather than many short ones.
 */
export class CaptureQueue {
  readonly #maxBytes: number;
  #items: (QueuedItem | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #gap: QueuedGap | null = null;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  /** Bytes held, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest item was seen; `null` when there is none. */
  get nextTimeUs(): number | null {
    return this.#items[this.#head]?.timeUs ?? null;
  }

  /** @param bytes is copied */
  message(timeUs: number, link: number, direction: CaptureDirection, bytes: Uint8Array): void {
    if (this.#drops(timeUs, bytes.length)) {
      this.#gap!.messages++;
      this.#gap!.bytes += bytes.length;
      return;
    }
    this.#push({ kind: "message", timeUs, link, direction, bytes: bytes.slice() }, bytes.length);
  }

  event(timeUs: number, link: number, event: CaptureEvent): void {
    if (this.#drops(timeUs, 0)) {
      this.#gap!.events++;
      return;
    }
    this.#push({ kind: "event", timeUs, link, event }, 0);
  }

  /** The oldest item, or `null`. */
  take(): QueuedItem | null {
    if (this.isEmpty) return null;
    const item = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined;
    if (item === this.#gap) this.#gap = null;
    this.#bytes -= overheadBytes + (item.kind === "message" ? item.bytes.length : 0);
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #drops(timeUs: number, bytes: number): boolean {
    if (this.#gap !== null) {
      if (this.#bytes > this.#maxBytes / 2) return true;
      this.#gap = null;
    }
    if (this.#bytes + overheadBytes + bytes <= this.#maxBytes) return false;
    this.#gap = { kind: "gap", timeUs, messages: 0, bytes: 0, events: 0 };
    this.#push(this.#gap, 0);
    return true;
  }

  #push(item: QueuedItem, bytes: number): void {
    this.#items.push(item);
    this.#bytes += overheadBytes + bytes;
  }
}
