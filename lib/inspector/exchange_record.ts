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
  readonly #owner: RecordOwner;
  readonly #startedAtMs: number;
  readonly #received: MessageFlow;
  readonly #sent: MessageFlow;
  /** The newest messages. Once there are as many as are kept, each takes the place of the oldest. */
  #ring: RecordedMessage[] = [];
  #oldest = 0;
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
    this.#received = new MessageFlow("received", this.requestBytes);
    this.#sent = new MessageFlow("sent", this.responseBytes);
  }

  /** Time from its beginning to now, or to its end, milliseconds. */
  get durationMs(): number {
    return this.end?.durationMs ?? this.#owner.now() - this.#startedAtMs;
  }

  /** The newest messages, oldest first. */
  get messages(): RecordedMessage[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  /** WebSocket messages in all, kept or not. */
  get messageCounts(): { received: number; sent: number } {
    return { received: this.#received.messages, sent: this.#sent.messages };
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
    this.#ring = [];
    this.#oldest = 0;
    this.#received.open = this.#sent.open = null;
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
    const flow = this.#flow(direction);
    // The messages tell what is in them one by one: of the whole the length is enough.
    flow.whole.skip(part.bytes.length);
    if (!flow.continues && this.#mayKeep(flow, 1) > 0) this.#beginMessage(flow, part.binary);
    if (flow.open !== null) this.#keep(flow.open.bytes, part.bytes);
    flow.continues = !part.final;
    if (part.final) flow.open = null;
  }

  messagesTogether(direction: "received" | "sent", { binary, sizes, bytes }: MessagesTogether): void {
    const flow = this.#flow(direction);
    flow.whole.skip(bytes.length);
    // The newest of them.
    const first = sizes.length - this.#mayKeep(flow, sizes.length);
    let from = bytes.length;
    for (let i = sizes.length - 1; i >= first; i--) from -= sizes[i];
    for (let i = first; i < sizes.length && !this.#forgotten; i++) {
      const message = this.#beginMessage(flow, binary);
      this.#keep(message.bytes, bytes.subarray(from, from += sizes[i]));
      flow.open = null;
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

  #flow(direction: "received" | "sent"): MessageFlow {
    return direction === "received" ? this.#received : this.#sent;
  }

  /** So many messages have begun. @returns how many of them are to be kept */
  #mayKeep(flow: MessageFlow, count: number): number {
    flow.messages += count;
    this.#owner.changed(this);
    return this.#forgotten ? 0 : this.#owner.mayKeepMessages(Math.min(count, maxMessages));
  }

  #beginMessage(flow: MessageFlow, binary: boolean): RecordedMessage {
    const message = this.#ring.length < maxMessages ? this.#addMessage() : this.#takeOldest();
    message.atMs = this.#sinceStart();
    message.direction = flow.direction;
    message.binary = binary;
    // To add it may have been too much for the history, which then forgot this very record.
    if (!this.#forgotten) flow.open = message;
    return message;
  }

  #addMessage(): RecordedMessage {
    const message: RecordedMessage = {
      atMs: 0,
      direction: "received",
      binary: false,
      bytes: new KeptBytes(maxMessageBytes),
    };
    this.#ring.push(message);
    this.#grow(messageBytes);
    return message;
  }

  /** The oldest message's place, for a new one: what holds its bytes mostly does for the next as well. */
  #takeOldest(): RecordedMessage {
    const oldest = this.#ring[this.#oldest];
    this.#oldest = (this.#oldest + 1) % maxMessages;
    // It may still be coming in.
    const flow = this.#flow(oldest.direction);
    if (flow.open === oldest) flow.open = null;
    const before = oldest.bytes.size;
    oldest.bytes.restart();
    if (oldest.bytes.size !== before) this.#grow(oldest.bytes.size - before);
    return oldest;
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

/**
 * WebSocket messages in one direction. An object for each direction, because a field looked up by the direction's name
 * costs a call of V8's for each look: a tenth of the gateway's time for a message that came alone.
 */
class MessageFlow {
  readonly direction: "received" | "sent";
  /** Of which nothing but the length is kept. */
  readonly whole: KeptBytes;
  /** In all, kept or not. */
  messages = 0;
  /** The one whose last part has not come; `null` also when it is not kept. */
  open: RecordedMessage | null = null;
  /** The next part belongs to the message before. */
  continues = false;

  constructor(direction: "received" | "sent", whole: KeptBytes) {
    this.direction = direction;
    this.whole = whole;
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
