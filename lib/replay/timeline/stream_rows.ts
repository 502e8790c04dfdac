import {
  formatStreamId,
  frameTypes,
  parseStreamId,
  payloadBytes,
  type SequencedFrame,
  type StreamFrame,
} from "../../protocol/mod.ts";
import type { CollectReason } from "../../session/mod.ts";
import {
  type CaptureSide,
  type FrameRecord,
  IndexProgress,
  type Origin,
  RecentIds,
  StreamMap,
} from "../../capture/mod.ts";

/** One stream, as a timeline shows it. Times are microseconds since the capture began. */
export interface StreamRow {
  /** As in logs: `9f3ac01b-42`. */
  id: string;
  kind: "http" | "websocket";
  startUs: number;
  /** When the last frame or event of it was seen. */
  endUs: number;
  /** Empty, like `target`, when the capture has no beginning of the stream. */
  method: string;
  target: string;
  /** Of the response, 101 for an accepted WebSocket; `null` when there was none. */
  status: number | null;
  /** Payload from client to origin and back, bytes; what two links carried counts once. */
  requestBytes: number;
  responseBytes: number;
  /** Whole WebSocket messages, each way. */
  messagesFromClient: number;
  messagesFromOrigin: number;
  /** Close code and reason of the side that closed first; 1005 stands for a close without a code. */
  close: { code: number; reason: string; from: Origin } | null;
  reset: { code: number; reason: string; from: Origin } | null;
  /** Links that carried it, in order. */
  links: number[];
  /** Links that ended while it was carried by them. */
  linkChanges: number;
  /** How the capturing side collected it; `null` while that was not seen. */
  collected: CollectReason | null;
}

interface Live {
  row: StreamRow;
  gatewayId: number;
  requestId: number;
  progress: IndexProgress;
}

/** Request ids of ended streams that are remembered, with their gateway: what of them is still on its way makes no new row. */
const endedKept = 4096;

/** Makes a row of every stream, with no more memory than the streams in flight take. */
export class StreamRows {
  readonly #side: CaptureSide;
  readonly #done: (row: StreamRow) => void;
  readonly #live = new StreamMap<Live>();
  readonly #ended = new RecentIds<number>(endedKept);

  /** @param done is given each row when its stream is over */
  constructor(side: CaptureSide, done: (row: StreamRow) => void) {
    this.#side = side;
    this.#done = done;
  }

  /** When the first of the streams began that are not over; `Infinity` when all are. */
  get oldestLiveUs(): number {
    let oldestUs = Infinity;
    for (const { row } of this.#live.oldest()) oldestUs = Math.min(oldestUs, row.startUs);
    return oldestUs;
  }

  /** @returns the row that the frame belongs to; `null` when its stream is over */
  frame(frame: StreamFrame, record: FrameRecord): StreamRow | null {
    const live = this.#live.get(frame.gatewayId, frame.requestId) ?? this.#begin(frame, record.timeUs);
    if (live === null) return null;
    const { row } = live;
    row.endUs = record.timeUs;
    if (row.links.at(-1) !== record.link) row.links.push(record.link);
    const from: Origin = (this.#side === "gateway") === (record.direction === "sent") ? "client" : "origin";
    if (frame.type === frameTypes.reset) {
      row.reset ??= { code: frame.code, reason: frame.reason, from };
      if (row.collected !== null) this.#over(live);
    } else if (frame.type !== frameTypes.ack && !live.progress.isRepeated(from, frame.index)) {
      apply(row, frame, from);
    }
    return row;
  }

  collected(id: string, reason: CollectReason, timeUs: number): void {
    const stream = parseStreamId(id);
    const live = stream === null ? undefined : this.#live.get(stream.gatewayId, stream.requestId);
    if (live === undefined) return;
    live.row.collected = reason;
    live.row.endUs = timeUs;
    // A stream that this end gave up is forgotten before the reset is on the link that says why.
    if (reason !== "reset" || live.row.reset !== null) this.#over(live);
  }

  /** A link is gone: the streams it carried live through that, but for those that waited only for it to carry a reset. */
  linkEnded(link: number): void {
    for (const live of [...this.#live.values()]) {
      if (live.row.links.at(-1) !== link) continue;
      if (live.row.collected !== null) this.#over(live);
      else live.row.linkChanges++;
    }
  }

  /** The capture is over: streams that are not have rows as well. */
  finish(): void {
    for (const { row } of this.#live.values()) this.#done(row);
    this.#live.clear();
  }

  #over(live: Live): void {
    this.#live.delete(live.gatewayId, live.requestId);
    this.#ended.set(live.requestId, live.gatewayId);
    this.#done(live.row);
  }

  #begin(frame: StreamFrame, timeUs: number): Live | null {
    const { type } = frame;
    if (type === frameTypes.ack || type === frameTypes.reset) return null;
    if (this.#ended.get(frame.requestId) === frame.gatewayId) return null;
    const isWebSocket = type === frameTypes.wsOpen || type === frameTypes.wsAccept ||
      type === frameTypes.wsMessage || type === frameTypes.wsMessages || type === frameTypes.wsClose;
    const row: StreamRow = {
      id: formatStreamId(frame.gatewayId, frame.requestId),
      kind: isWebSocket ? "websocket" : "http",
      startUs: timeUs,
      endUs: timeUs,
      method: "",
      target: "",
      status: null,
      requestBytes: 0,
      responseBytes: 0,
      messagesFromClient: 0,
      messagesFromOrigin: 0,
      close: null,
      reset: null,
      links: [],
      linkChanges: 0,
      collected: null,
    };
    const opening = type === frameTypes.requestStart || type === frameTypes.wsOpen;
    const { gatewayId, requestId } = frame;
    const live = { row, gatewayId, requestId, progress: new IndexProgress(opening) };
    this.#live.set(gatewayId, requestId, live);
    return live;
  }
}

function apply(row: StreamRow, frame: SequencedFrame, from: Origin): void {
  if (from === "client") row.requestBytes += payloadBytes(frame);
  else row.responseBytes += payloadBytes(frame);
  switch (frame.type) {
    case frameTypes.requestStart:
      row.method = frame.method;
      row.target = frame.target;
      return;
    case frameTypes.wsOpen:
      row.method = "GET";
      row.target = frame.target;
      return;
    case frameTypes.responseStart:
    case frameTypes.response:
      row.status = frame.status;
      return;
    case frameTypes.wsAccept:
      row.status = 101;
      return;
    case frameTypes.wsMessage:
      if (frame.final) countMessages(row, 1, from);
      return;
    case frameTypes.wsMessages:
      countMessages(row, frame.sizes.length, from);
      return;
    case frameTypes.wsClose:
      row.close ??= { code: frame.code, reason: frame.reason, from };
      return;
  }
}

function countMessages(row: StreamRow, count: number, from: Origin): void {
  if (from === "client") row.messagesFromClient += count;
  else row.messagesFromOrigin += count;
}
