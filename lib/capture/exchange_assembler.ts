import {
  type BodyChunkFrame,
  formatStreamId,
  frameTypes,
  messagesOf,
  parseStreamId,
  partsOfResponse,
  ProtocolError,
  type SequencedFrame,
  type StreamFrame,
  type WsMessageFrame,
  type WsMessagesFrame,
} from "../protocol/mod.ts";
import { decodeCapturedFrame, frameTypeOf } from "./captured_frame.ts";
import { type CapturedBody, type CapturedExchange, emptyBody, type Origin } from "./exchange.ts";
import {
  CaptureError,
  type CaptureEvent,
  type CaptureRecord,
  type CaptureSide,
  type FrameRecord,
} from "./format.ts";
import { IndexProgress } from "./index_progress.ts";
import { RecentIds } from "./recent_ids.ts";
import { StreamMap } from "./stream_map.ts";
import { type ByteStore, MemoryStore } from "./stored_bytes.ts";

export interface ExchangeAssemblerOptions {
  /** Which side captured, from the header: tells requests from responses. */
  side: CaptureSide;
  /** Where bodies and messages go. The assembler's owner disposes it. @default a {@link MemoryStore} */
  store?: ByteStore;
  /** Called with each exchange when it is over, in the order of their ends. */
  done: (exchange: CapturedExchange) => void;
}

/** Ended streams that are remembered: as many as may end while a frame is on its way. */
const endedKept = 4096;

type MessagePart = Pick<WsMessageFrame, "binary" | "bytes" | "final">;

/** An exchange that is not over, and how far its directions have come. */
interface Live {
  exchange: CapturedExchange;
  progress: IndexProgress;
  /** It was collected: only the reset that says why, which leaves after that, is still to come. */
  collected: boolean;
}

/**
 * Puts a capture's records together to what clients did and got. Frames that a second link carried again count
 * once. Memory grows with what is in flight at a time, and with what the store keeps.
 *
 * ```ts
 * const exchanges: CapturedExchange[] = [];
 * const assembler = new ExchangeAssembler({ side: reader.header.side, done: (e) => exchanges.push(e) });
 * await readRecords(reader, (record) => assembler.add(record));
 * assembler.finish();
 * ```
 */
export class ExchangeAssembler {
  readonly #options: ExchangeAssemblerOptions;
  readonly #store: ByteStore;
  readonly #live = new StreamMap<Live>();
  /** Streams that ended lately: frames that crossed a reset on the way are no new exchange. */
  readonly #ended = new RecentIds<number>(endedKept);

  constructor(options: ExchangeAssemblerOptions) {
    this.#options = options;
    this.#store = options.store ?? new MemoryStore();
  }

  /** Exchanges that are not over. */
  get liveCount(): number {
    return this.#live.size;
  }

  /** When the first of them began, microseconds since the capture began; `Infinity` when there are none. */
  get oldestLiveUs(): number {
    let oldestUs = Infinity;
    for (const { exchange } of this.#live.oldest()) oldestUs = Math.min(oldestUs, exchange.startedAtUs);
    return oldestUs;
  }

  /** @throws {CaptureError} when the record holds a frame that cannot be read: the file is damaged there */
  add(record: CaptureRecord): void {
    switch (record.kind) {
      case "frame":
        return this.#record(record);
      case "event":
        return this.#event(record.event, record);
      case "gap":
        for (const { exchange } of this.#live.values()) exchange.hasGaps = true;
        return;
      case "header":
      case "malformed":
        return;
    }
  }

  /** The capture is over: exchanges still open are done, as far as they came. */
  finish(): void {
    for (const { exchange } of this.#live.values()) this.#options.done(exchange);
    this.#live.clear();
  }

  // ── private ──

  #record(record: FrameRecord): void {
    const stream = streamFrameOf(record);
    if (stream === null) return;
    const { gatewayId, requestId } = stream;
    let live = this.#live.get(gatewayId, requestId);
    if (live === undefined) {
      // What comes after the end (a last acknowledgement, a reset that crossed) tells nothing more.
      if (stream.type === frameTypes.ack || stream.type === frameTypes.reset) return;
      if (this.#ended.get(stream.requestId) === stream.gatewayId) return;
      live = begin(stream, record.timeUs);
      this.#live.set(gatewayId, requestId, live);
    }
    const { exchange } = live;
    exchange.endedAtUs = record.timeUs;
    if (exchange.links.at(-1) !== record.link) exchange.links.push(record.link);
    const from: Origin = (this.#options.side === "gateway") === (record.direction === "sent")
      ? "client"
      : "origin";
    if (stream.type === frameTypes.ack) return;
    if (stream.type === frameTypes.reset) {
      const { code, reason } = stream;
      exchange.reset ??= { timeUs: record.timeUs, from, code, reason };
      if (live.collected) this.#over(exchange);
      return;
    }
    if (live.progress.isRepeated(from, stream.index)) return;
    if (live.progress.gaps > 0) exchange.hasGaps = true;
    this.#frame(exchange, stream, { from, timeUs: record.timeUs, omittedBytes: record.omittedBytes });
  }

  #over(exchange: CapturedExchange): void {
    this.#live.delete(exchange.gatewayId, exchange.requestId);
    this.#ended.set(exchange.requestId, exchange.gatewayId);
    this.#options.done(exchange);
  }

  #frame(
    exchange: CapturedExchange,
    frame: SequencedFrame,
    seen: { from: Origin; timeUs: number; omittedBytes: number },
  ): void {
    const { from, timeUs } = seen;
    switch (frame.type) {
      case frameTypes.requestStart:
        exchange.method = frame.method;
        exchange.target = frame.target;
        exchange.headers = frame.headers;
        if (!frame.hasBody) exchange.body.endedAtUs = timeUs;
        return;
      case frameTypes.wsOpen:
        exchange.target = frame.target;
        exchange.headers = frame.headers;
        exchange.resumed = frame.resumed;
        exchange.subprotocol = frame.subprotocol;
        return;
      case frameTypes.responseStart: {
        const { status, reason, headers } = frame;
        exchange.answer = { timeUs, status, reason, headers, body: emptyBody() };
        return;
      }
      case frameTypes.response:
        for (const part of partsOfResponse(frame)) this.#frame(exchange, part, seen);
        return;
      case frameTypes.wsAccept: {
        const { headers } = frame;
        exchange.answer = { timeUs, status: 101, reason: "", headers, body: emptyBody() };
        return;
      }
      case frameTypes.bodyChunk: {
        const body = bodyFrom(exchange, from);
        const bytes = this.#keep(frame, seen.omittedBytes);
        body.parts.push({ timeUs, bytes });
        body.length += bytes.length;
        body.omittedBytes += bytes.omittedBytes;
        return;
      }
      case frameTypes.bodyEnd: {
        const body = bodyFrom(exchange, from);
        body.endedAtUs = timeUs;
        body.cut = frame.cut;
        body.trailers = frame.trailers;
        return;
      }
      case frameTypes.wsMessage:
        this.#message(exchange, frame, seen);
        return;
      case frameTypes.wsMessages:
        this.#messages(exchange, frame, seen);
        return;
      case frameTypes.wsClose:
        exchange.closes.push({ timeUs, from, code: frame.code, reason: frame.reason });
        return;
      default:
        frame satisfies never;
    }
  }

  /** None continues another, also where a gap has taken the end of that one. What was left out are the last bytes of all. */
  #messages(
    exchange: CapturedExchange,
    frame: WsMessagesFrame,
    seen: { from: Origin; timeUs: number; omittedBytes: number },
  ): void {
    let kept = frame.bytes.length - seen.omittedBytes;
    for (const message of messagesOf(frame)) {
      const { length } = message.bytes;
      this.#begin(exchange, message, { ...seen, omittedBytes: length - Math.min(length, kept) });
      kept -= Math.min(length, kept);
    }
  }

  #message(
    exchange: CapturedExchange,
    frame: MessagePart,
    seen: { from: Origin; timeUs: number; omittedBytes: number },
  ): void {
    const message = exchange.messages.findLast((message) => message.from === seen.from);
    if (message === undefined || message.complete) return this.#begin(exchange, frame, seen);
    const bytes = this.#keep(frame, seen.omittedBytes);
    message.parts.push(bytes);
    message.length += bytes.length;
    message.omittedBytes += bytes.omittedBytes;
    message.endedAtUs = seen.timeUs;
    message.complete = frame.final;
  }

  #begin(
    exchange: CapturedExchange,
    frame: MessagePart,
    seen: { from: Origin; timeUs: number; omittedBytes: number },
  ): void {
    const { from, timeUs } = seen;
    const bytes = this.#keep(frame, seen.omittedBytes);
    exchange.messages.push({
      timeUs,
      endedAtUs: timeUs,
      from,
      binary: frame.binary,
      // There may be millions: a list that begins empty has room for sixteen more.
      parts: [bytes],
      length: bytes.length,
      omittedBytes: bytes.omittedBytes,
      complete: frame.final,
    });
  }

  #keep(frame: BodyChunkFrame | MessagePart, omittedBytes: number) {
    return this.#store.keep(frame.bytes, omittedBytes);
  }

  #event(event: CaptureEvent, at: { timeUs: number; link: number }): void {
    switch (event.name) {
      case "collected": {
        const stream = parseStreamId(event.stream);
        const live = stream === null ? undefined : this.#live.get(stream.gatewayId, stream.requestId);
        if (live === undefined) return;
        live.exchange.collected = event.reason;
        live.exchange.endedAtUs = at.timeUs;
        live.collected = true;
        if (event.reason !== "reset" || live.exchange.reset !== null) this.#over(live.exchange);
        return;
      }
      case "dropped":
      case "lost":
      case "refused":
        for (const { exchange } of this.#live.values()) {
          if (exchange.links.at(-1) === at.link) exchange.linkChanges++;
        }
        return;
    }
  }
}

function begin(frame: SequencedFrame, timeUs: number): Live {
  const isWebSocket = frame.type === frameTypes.wsOpen || frame.type === frameTypes.wsAccept ||
    frame.type === frameTypes.wsMessage || frame.type === frameTypes.wsMessages ||
    frame.type === frameTypes.wsClose;
  const hasBeginning = frame.type === frameTypes.requestStart || frame.type === frameTypes.wsOpen;
  const exchange: CapturedExchange = {
    id: formatStreamId(frame.gatewayId, frame.requestId),
    gatewayId: frame.gatewayId,
    requestId: frame.requestId,
    kind: isWebSocket ? "websocket" : "http",
    startedAtUs: timeUs,
    endedAtUs: timeUs,
    method: isWebSocket ? "GET" : "",
    target: "",
    headers: [],
    body: emptyBody(),
    answer: null,
    messages: [],
    resumed: false,
    subprotocol: "",
    closes: [],
    reset: null,
    links: [],
    linkChanges: 0,
    collected: null,
    hasBeginning,
    hasGaps: !hasBeginning,
  };
  return { exchange, progress: new IndexProgress(hasBeginning), collected: false };
}

/** The body that a frame belongs to. An answer whose head is missing gets an empty one, status 0. */
function bodyFrom(exchange: CapturedExchange, from: Origin): CapturedBody {
  if (from === "client") return exchange.body;
  exchange.answer ??= {
    timeUs: exchange.endedAtUs,
    status: 0,
    reason: "",
    headers: [],
    body: emptyBody(),
  };
  return exchange.answer.body;
}

/** `null` for a frame of the link, and for one of a later version. */
function streamFrameOf(record: FrameRecord): StreamFrame | null {
  const type = frameTypeOf(record.bytes);
  if (type >= 0 && type < frameTypes.requestStart) return null;
  try {
    return decodeCapturedFrame(record) as StreamFrame | null;
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    const { offset, number: recordNumber } = record;
    throw new CaptureError(`a frame cannot be read: ${cause.message}`, { offset, recordNumber, cause });
  }
}
