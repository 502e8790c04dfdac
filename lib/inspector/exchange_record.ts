import type {
  ExchangeEnd,
  ExchangeObserver,
  ExchangeStart,
  LinkChange,
  MessagesTogether,
} from "../telemetry/mod.ts";
import { KeptBytes } from "./kept_bytes.ts";

/** Kept of each body, of each WebSocket message, and of messages in one WebSocket. */
const maxBodyBytes = 64 * 1024;
const maxMessageBytes = 4 * 1024;
const maxMessages = 200;

/** Link changes, streams and close frames listed of one exchange, each. */
const maxListed = 50;

/** What a record takes in memory without bodies and texts, and a message without its bytes, roughly. */
const recordBytes = 1_000;
const messageBytes = 150;

/** A WebSocket message as it is kept. */
export interface RecordedMessage {
  /** Milliseconds since the exchange began. */
  atMs: number;
  /** From the client, or to it. */
  direction: "received" | "sent";
  binary: boolean;
  bytes: KeptBytes;
}

export interface RecordedLinkChange {
  atMs: number;
  change: LinkChange;
  detail: string;
}

export interface RecordedClose {
  atMs: number;
  direction: "received" | "sent";
  code: number | null;
  reason: string;
}

/** What the record asks of the history it belongs to. */
export interface RecordOwner {
  /** On a monotonic clock, milliseconds. */
  now(): number;
  /** Something of it changed. */
  changed(record: ExchangeRecord): void;
  /** It takes so many bytes more in memory, or less. */
  grew(bytes: number): void;
  /** How many of so many more WebSocket messages may be kept. */
  mayKeepMessages(count: number): number;
}

/** One request or WebSocket as the inspector shows it, while it goes on and after. */
export class ExchangeRecord implements ExchangeObserver {
  readonly id: number;
  readonly start: ExchangeStart;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAt: number;
  readonly requestBytes: KeptBytes = new KeptBytes(maxBodyBytes);
  readonly responseBytes: KeptBytes = new KeptBytes(maxBodyBytes);
  /** The newest messages, oldest first. */
  readonly messages: RecordedMessage[] = [];
  readonly linkChanges: RecordedLinkChange[] = [];
  readonly closes: RecordedClose[] = [];
  /** Streams that have carried it: more than one when it woke on another session. */
  readonly streams: string[] = [];
  /** All of its request has come. */
  requestComplete = false;
  status = 0;
  responseHeaders: readonly string[] = [];
  firstByteMs: number | null = null;
  end: ExchangeEnd | null = null;
  /** WebSocket messages in all, kept or not. */
  messageCounts: { received: number; sent: number } = { received: 0, sent: 0 };
  readonly #owner: RecordOwner;
  readonly #startedAtMs: number;
  /** The message of each direction whose last part has not come; `null` also when it is not kept. */
  #open: { received: RecordedMessage | null; sent: RecordedMessage | null } = { received: null, sent: null };
  #continues: { received: boolean; sent: boolean } = { received: false, sent: false };
  #size: number;
  #forgotten = false;

  /** @param options of `startedAt`: wall clock, milliseconds since 1970 */
  constructor(start: ExchangeStart, options: { id: number; startedAt: number; owner: RecordOwner }) {
    this.start = start;
    this.id = options.id;
    this.startedAt = options.startedAt;
    this.#owner = options.owner;
    this.#startedAtMs = options.owner.now();
    this.#size = recordBytes + lengthOf(start.headers) + start.target.length;
  }

  /** Time from its beginning to now, or to its end, milliseconds. */
  get durationMs(): number {
    return this.end?.durationMs ?? this.#owner.now() - this.#startedAtMs;
  }

  /** What it takes in memory, bytes, roughly. */
  get size(): number {
    return this.#size;
  }

  /** Nobody will ask for it any more, though it may go on: it keeps nothing from now on. */
  forget(): void {
    this.#forgotten = true;
    this.requestBytes.drop();
    this.responseBytes.drop();
    this.messages.length = 0;
    this.#open = { received: null, sent: null };
  }

  // ── ExchangeObserver ──

  opened(stream: string): void {
    push(this.streams, stream);
    this.#owner.changed(this);
  }

  requestBody(bytes: Uint8Array): void {
    this.#keep(this.requestBytes, bytes);
  }

  requestEnd(): void {
    this.requestComplete = true;
  }

  responded(status: number, headers: readonly string[]): void {
    this.status = status;
    this.responseHeaders = headers;
    this.#grow(lengthOf(headers));
    this.firstByteMs = this.#owner.now() - this.#startedAtMs;
    this.#owner.changed(this);
  }

  responseBody(bytes: Uint8Array): void {
    this.#keep(this.responseBytes, bytes);
  }

  message(
    direction: "received" | "sent",
    part: { binary: boolean; bytes: Uint8Array; final: boolean },
  ): void {
    this.#passed(direction, part.bytes.length);
    if (!this.#continues[direction] && this.#mayKeep(direction, 1) > 0) {
      this.#beginMessage(direction, part.binary);
    }
    const open = this.#open[direction];
    if (open !== null) this.#keep(open.bytes, part.bytes);
    this.#continues[direction] = !part.final;
    if (part.final) this.#open[direction] = null;
  }

  messagesTogether(direction: "received" | "sent", { binary, sizes, bytes }: MessagesTogether): void {
    this.#passed(direction, bytes.length);
    // The newest of them.
    const first = sizes.length - this.#mayKeep(direction, sizes.length);
    let from = bytes.length;
    for (let i = sizes.length - 1; i >= first; i--) from -= sizes[i];
    for (let i = first; i < sizes.length && !this.#forgotten; i++) {
      const message = this.#beginMessage(direction, binary);
      this.#keep(message.bytes, bytes.subarray(from, from += sizes[i]));
      this.#open[direction] = null;
    }
  }

  closing(direction: "received" | "sent", code: number | null, reason: string): void {
    push(this.closes, { atMs: this.#sinceStart(), direction, code, reason });
    this.#owner.changed(this);
  }

  linkChanged(change: LinkChange, detail: string): void {
    push(this.linkChanges, { atMs: this.#sinceStart(), change, detail });
    this.#owner.changed(this);
  }

  done(end: ExchangeEnd): void {
    // A summary with more in it is cut to what is kept.
    this.end = { status: end.status, durationMs: end.durationMs, problem: end.problem };
    if (this.status === 0) this.status = end.status;
    this.#owner.changed(this);
  }

  /** The messages tell what is in them one by one: of the whole the length is enough. */
  #passed(direction: "received" | "sent", bytes: number): void {
    (direction === "received" ? this.requestBytes : this.responseBytes).skip(bytes);
  }

  /** So many messages have begun. @returns how many of them are to be kept */
  #mayKeep(direction: "received" | "sent", count: number): number {
    this.messageCounts[direction] += count;
    this.#owner.changed(this);
    return this.#forgotten ? 0 : this.#owner.mayKeepMessages(Math.min(count, maxMessages));
  }

  #beginMessage(direction: "received" | "sent", binary: boolean): RecordedMessage {
    const message = { atMs: this.#sinceStart(), direction, binary, bytes: new KeptBytes(maxMessageBytes) };
    this.#open[direction] = message;
    this.messages.push(message);
    this.#grow(messageBytes);
    if (this.messages.length > maxMessages) this.#dropOldest();
    return message;
  }

  #dropOldest(): void {
    const oldest = this.messages.shift()!;
    // It may still be coming in.
    if (this.#open[oldest.direction] === oldest) this.#open[oldest.direction] = null;
    this.#grow(-messageBytes - oldest.bytes.size);
  }

  #keep(kept: KeptBytes, bytes: Uint8Array): void {
    const before = kept.size;
    kept.add(bytes);
    if (kept.size !== before) this.#grow(kept.size - before);
  }

  #grow(bytes: number): void {
    if (this.#forgotten) return;
    this.#size += bytes;
    this.#owner.grew(bytes);
  }

  #sinceStart(): number {
    return this.#owner.now() - this.#startedAtMs;
  }
}

function lengthOf(headers: readonly string[]): number {
  let length = 0;
  for (const text of headers) length += text.length;
  return length;
}

/** Adds to a list that may not grow for ever: the oldest goes. */
function push<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > maxListed) list.shift();
}
