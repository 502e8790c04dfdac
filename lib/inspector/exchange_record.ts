import type { ExchangeEnd, ExchangeObserver, ExchangeStart, LinkChange } from "../telemetry/mod.ts";
import { KeptBytes } from "./kept_bytes.ts";

/** Kept of each body, of each WebSocket message, and of messages in one WebSocket. */
const maxBodyBytes = 64 * 1024;
const maxMessageBytes = 4 * 1024;
const maxMessages = 200;

/** Link changes listed of one exchange. */
const maxLinkChanges = 50;

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
  /** Whether one more WebSocket message may be kept. */
  mayKeepMessage(): boolean;
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

  /** @param options of `startedAt`: wall clock, milliseconds since 1970 */
  constructor(start: ExchangeStart, options: { id: number; startedAt: number; owner: RecordOwner }) {
    this.start = start;
    this.id = options.id;
    this.startedAt = options.startedAt;
    this.#owner = options.owner;
    this.#startedAtMs = options.owner.now();
  }

  /** Time from its beginning to now, or to its end, milliseconds. */
  get durationMs(): number {
    return this.end?.durationMs ?? this.#owner.now() - this.#startedAtMs;
  }

  /** What it takes in memory, bytes, roughly. */
  get size(): number {
    let size = 500 + this.requestBytes.keptBytes + this.responseBytes.keptBytes;
    for (const { bytes } of this.messages) size += 100 + bytes.keptBytes;
    return size + lengthOf(this.start.headers) + lengthOf(this.responseHeaders) + this.start.target.length;
  }

  // ── ExchangeObserver ──

  opened(stream: string): void {
    this.streams.push(stream);
    this.#owner.changed(this);
  }

  requestBody(bytes: Uint8Array): void {
    this.requestBytes.add(bytes);
  }

  responded(status: number, headers: readonly string[]): void {
    this.status = status;
    this.responseHeaders = headers;
    this.firstByteMs = this.#owner.now() - this.#startedAtMs;
    this.#owner.changed(this);
  }

  responseBody(bytes: Uint8Array): void {
    this.responseBytes.add(bytes);
  }

  message(
    direction: "received" | "sent",
    part: { binary: boolean; bytes: Uint8Array; final: boolean },
  ): void {
    (direction === "received" ? this.requestBytes : this.responseBytes).add(part.bytes);
    if (!this.#continues[direction]) this.#beginMessage(direction, part.binary);
    this.#open[direction]?.bytes.add(part.bytes);
    this.#continues[direction] = !part.final;
    if (part.final) this.#open[direction] = null;
  }

  closing(direction: "received" | "sent", code: number | null, reason: string): void {
    this.closes.push({ atMs: this.#sinceStart(), direction, code, reason });
    this.#owner.changed(this);
  }

  linkChanged(change: LinkChange, detail: string): void {
    this.linkChanges.push({ atMs: this.#sinceStart(), change, detail });
    if (this.linkChanges.length > maxLinkChanges) this.linkChanges.shift();
    this.#owner.changed(this);
  }

  done(end: ExchangeEnd): void {
    // A summary with more in it is cut to what is kept.
    this.end = { status: end.status, durationMs: end.durationMs, problem: end.problem };
    if (this.status === 0) this.status = end.status;
    this.#owner.changed(this);
  }

  #beginMessage(direction: "received" | "sent", binary: boolean): void {
    this.messageCounts[direction]++;
    this.#owner.changed(this);
    if (!this.#owner.mayKeepMessage()) return;
    const message = { atMs: this.#sinceStart(), direction, binary, bytes: new KeptBytes(maxMessageBytes) };
    this.#open[direction] = message;
    this.messages.push(message);
    if (this.messages.length > maxMessages) this.messages.shift();
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
