import {
  type AckFrame,
  type Frame,
  frameName,
  frameTypes,
  maxQueuedAnswers,
  payloadBytes,
  peerResetCode,
  ProtocolError,
  type RequestStartFrame,
  resetCodes,
  type ResetFrame,
  type ResumeFrame,
  type StreamFrame,
  type StreamPosition,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { AcknowledgementQueue } from "./acknowledgement_queue.ts";
import { IdTable } from "./id_table.ts";
import { resumeFrames } from "./resume_frames.ts";
import type { CollectReason, SessionEvents, SessionOptions } from "./session_options.ts";
import { Stream, type StreamHandler, type StreamOwner } from "./stream.ts";
import { type Ending, Tombstones } from "./tombstones.ts";
import { TurnQueue } from "./turn_queue.ts";

/** What a frame is reckoned to take on the wire besides its payload, bytes. */
const frameOverheadBytes = 32;

/**
 * Both ends of a link run one of these for the streams they share. It outlives links: `detach` when one is
 * lost, `applyPositions` when the next is up. Pure: frames and calls go in, frames come out of {@link takeControl} and {@link takeData}.
 */
export class Session implements StreamOwner {
  readonly #role: "gateway" | "runner";
  readonly #gatewayId: number;
  readonly #peerWindow: number;
  readonly #ownWindow: number;
  readonly #events: SessionEvents;
  readonly #streams = new IdTable<Stream>();
  readonly #tombstones = new Tombstones();
  /** Resets, and acknowledgements of streams that are gone: they go ahead of everything else. */
  #control: (ResetFrame | AckFrame)[] = [];
  readonly #acknowledgements = new AcknowledgementQueue();
  readonly #ready = new TurnQueue();
  #attached = false;
  #bufferedBytes = 0;

  constructor(options: SessionOptions) {
    this.#role = options.role;
    this.#gatewayId = options.gatewayId;
    this.#peerWindow = options.peerWindow;
    this.#ownWindow = options.ownWindow;
    this.#events = options.events;
  }

  get gatewayId(): number {
    return this.#gatewayId;
  }

  /** Whether a link carries this session now. */
  get attached(): boolean {
    return this.#attached;
  }

  /** Streams not yet collected. */
  get streamCount(): number {
    return this.#streams.size;
  }

  get tombstoneCount(): number {
    return this.#tombstones.size;
  }

  /** Whether the peer has said anything of any stream that is not yet collected: it has had this session, then. */
  get peerKnowsStreams(): boolean {
    for (const stream of this.#streams.values()) if (stream.peerKnows) return true;
    return false;
  }

  /** What is held for the peer, sent or not, over all streams, bytes: payload, and something for each frame. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** The streams there are now, the smallest request id first. */
  streams(): Stream[] {
    return this.#streams.values();
  }

  stream(requestId: number): Stream | undefined {
    return this.#streams.get(requestId);
  }

  /** Whether `requestId` may be used for a new stream. */
  isFree(requestId: number): boolean {
    return !this.#streams.has(requestId) && this.#tombstones.get(requestId) === undefined;
  }

  /** Opens a stream (on a gateway). Its first frame must be a request-start or ws-open. */
  open(requestId: number, kind: "http" | "websocket", handler: StreamHandler): Stream {
    const stream = this.#createStream(requestId, kind);
    stream.handler = handler;
    return stream;
  }

  /**
   * A stream frame from the peer.
   *
   * @throws {ProtocolError} when the peer broke the protocol; the link is to be closed
   */
  receiveFrame(frame: StreamFrame): void {
    if (frame.gatewayId !== this.#gatewayId) {
      throw new ProtocolError(
        `${frameName(frame.type)} is for gateway ${frame.gatewayId}, this link's is ${this.#gatewayId}`,
      );
    }
    const stream = this.#streams.get(frame.requestId);
    if (stream !== undefined) {
      if (frame.type === frameTypes.ack) stream.acknowledge(frame.index, frame.credit);
      else if (frame.type === frameTypes.reset) stream.resetByPeer(peerResetCode(frame.code), frame.reason);
      else stream.accept(frame);
      return;
    }
    if (frame.type === frameTypes.ack || frame.type === frameTypes.reset) return;
    if (this.#control.length >= maxQueuedAnswers) {
      throw new ProtocolError("the peer sends frames of streams that are over, but reads no resets");
    }
    const ending = this.#tombstones.get(frame.requestId);
    if (ending !== undefined) {
      // Frames that crossed our reset need no second one; a repeated opening means the peer missed the ending.
      if (isOpening(frame)) this.#tellEnding(frame.requestId, ending);
      return;
    }
    if (this.#role === "runner" && isOpening(frame)) {
      this.#openedByPeer(frame);
      return;
    }
    this.#pushReset(frame.requestId, resetCodes.unknownStream, `no stream ${frame.requestId} is known here`);
  }

  /** Whether there are frames to take. */
  get hasFrames(): boolean {
    return this.#attached &&
      (this.#control.length > 0 || this.#acknowledgements.isDue || !this.#ready.isEmpty);
  }

  /**
   * Hands resets and acknowledgements to `write`. They go ahead of data, and ahead of a ping, whose pong then
   * proves that the peer has read them.
   */
  takeControl(write: (frame: Frame) => void): void {
    if (!this.#attached) return;
    const control = this.#control;
    if (control.length > 0) {
      this.#control = [];
      for (const frame of control) {
        write(frame);
        if (frame.type === frameTypes.reset) this.#resetSent(frame.requestId);
      }
    }
    for (const stream of this.#acknowledgements.takeDue(!this.#ready.isEmpty)) {
      if (stream.ackOwed !== "now" || stream.phase !== "open") continue;
      write(stream.ackFrame());
      if (stream.finalAckSent) this.settle(stream);
    }
  }

  /** Hands data to `write`, one frame a stream in turn, until `maxBytes` of it are reached. */
  takeData(maxBytes: number, write: (frame: Frame) => void): void {
    if (!this.#attached) return;
    let bytes = 0;
    while (bytes < maxBytes && !this.#ready.isEmpty) {
      const stream = this.#ready.take();
      const frame = stream.next();
      if (frame === null) continue;
      bytes += frameOverheadBytes + payloadBytes(frame);
      if (stream.send.sendable) this.sendable(stream);
      write(frame);
    }
  }

  /** Makes every acknowledgement that is owed soon due now. */
  flushAcknowledgements(): void {
    this.#acknowledgements.flush();
    if (this.#attached && this.#acknowledgements.isDue) this.#events.pending();
  }

  /** The link is gone. Streams stay; what was queued for the link alone is rebuilt on the next one. */
  detach(): void {
    this.#attached = false;
    this.#control = [];
    this.#ready.clear();
    this.#acknowledgements.clear();
    this.#tombstones.linkLost();
    for (const stream of this.#streams.values()) {
      // A reset that was queued is lost, one that was written may be: the next link carries it (again).
      stream.resetState = "none";
      this.settle(stream);
    }
  }

  /** A first link is up: nothing to resume. */
  attach(): void {
    this.applyPositions([]);
  }

  /**
   * The next link is up. Applies where the peer stands and makes every stream carry on from there.
   *
   * @param positions the peer's streams
   * @throws {ProtocolError} when a position cannot be true
   */
  applyPositions(positions: readonly StreamPosition[]): void {
    this.#attached = true;
    const listed = new Set<number>();
    for (const position of positions) {
      const { requestId } = position;
      if (listed.has(requestId)) throw new ProtocolError(`stream ${requestId} is named twice in a resume`);
      listed.add(requestId);
      this.#resume(position);
    }
    for (const stream of this.#streams.values()) {
      if (stream.phase !== "open") this.settle(stream);
      else if (!listed.has(stream.requestId)) stream.resumeUnlisted();
    }
    // A gateway opens a stream again that it has heard nothing of. Told now, it has read the reset before it
    // answers the ping that lets go of the ending; asked later, this end would take the opening for a new one.
    if (this.#role === "runner") this.#tellResets(listed);
    if (this.hasFrames) this.#events.pending();
  }

  /** Where this end's streams stand, in as many resume frames as it takes (at least one). */
  resumeFrames(): ResumeFrame[] {
    const positions: StreamPosition[] = [];
    for (const stream of this.#streams.values()) {
      // A stream whose opening the peer never saw is simply opened again.
      if (stream.phase === "open" && (this.#role === "runner" || stream.peerKnows)) {
        positions.push(stream.position());
      }
    }
    return resumeFrames(positions);
  }

  /** The session is over: every handler is told, everything is collected. */
  end(code: number, reason: string): void {
    this.detach();
    for (const stream of this.#streams.values()) {
      // A handler that is told may have given up another stream of this session.
      if (stream.phase === "closed") continue;
      stream.abandon(code, reason);
      this.#collect(stream, "lost");
    }
  }

  /** A ping was written to the link: bounds how long endings are kept. */
  pingSent(sequence: number): void {
    this.#tombstones.pingSent(sequence);
  }

  pongReceived(sequence: number): void {
    this.#tombstones.pongReceived(sequence);
  }

  // ── StreamOwner ──

  sendable(stream: Stream): void {
    if (!this.#attached || stream.queued || stream.held || !stream.send.sendable) return;
    this.#ready.add(stream);
    this.#events.pending();
  }

  acknowledge(stream: Stream, now: boolean): void {
    if (!this.#attached) return;
    const change = this.#acknowledgements.owe(stream, now);
    if (change === "due") this.#events.pending();
    else if (change === "timer") this.#events.acknowledgeSoon();
  }

  settle(stream: Stream): void {
    if (stream.phase === "closed") return;
    if (stream.phase === "stopping") {
      this.#settleStopping(stream);
      return;
    }
    if (stream.finished && stream.handler === null) {
      this.#tombstones.addFinished(stream.requestId, stream.receive.deliveredIndex, stream.receive.credit);
      this.#collect(stream, "finished");
    }
  }

  buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
  }

  // ── private ──

  /** Phase one lets the reset out, phase two removes the stream once its handler is gone too. */
  #settleStopping(stream: Stream): void {
    stream.ackOwed = "no";
    const reset = stream.ownReset;
    if (reset === null) {
      if (stream.handler === null) this.#collect(stream, "reset-by-peer");
      return;
    }
    if (this.#attached && stream.resetState === "none") {
      stream.resetState = "queued";
      this.#control.push(reset);
      this.#events.pending();
    }
    if (stream.handler !== null) return;
    // Without a link its tombstone will tell the peer on the next one.
    if (this.#attached && stream.resetState !== "sent") return;
    this.#tombstones.addReset(stream.requestId, reset.code, reset.reason);
    this.#collect(stream, "reset");
  }

  #openedByPeer(start: RequestStartFrame | WsOpenFrame): void {
    const stream = this.#createStream(
      start.requestId,
      start.type === frameTypes.wsOpen ? "websocket" : "http",
    );
    stream.adopt(this.#events.opened(stream, start));
    // The opening is a frame like any other: counted, and delivered to the handler, which acknowledges it.
    stream.accept(start);
  }

  #createStream(requestId: number, kind: "http" | "websocket"): Stream {
    const stream = new Stream({
      gatewayId: this.#gatewayId,
      requestId,
      kind,
      opener: this.#role === "gateway",
      peerWindow: this.#peerWindow,
      ownWindow: this.#ownWindow,
      owner: this,
    });
    this.#streams.set(requestId, stream);
    return stream;
  }

  #resetSent(requestId: number): void {
    const stream = this.#streams.get(requestId);
    if (stream === undefined || stream.resetState !== "queued") return;
    stream.resetState = "sent";
    this.settle(stream);
  }

  #resume(position: StreamPosition): void {
    const { requestId } = position;
    const stream = this.#streams.get(requestId);
    const ending = this.#tombstones.get(requestId);
    if (stream !== undefined) stream.resumeFrom(position);
    else if (ending !== undefined) this.#tellEnding(requestId, ending);
    else this.#pushReset(requestId, resetCodes.unknownStream, "the stream is not known here any more");
  }

  /** Tells of the streams that this end gave up, but for those that were asked about and answered. */
  #tellResets(answered: ReadonlySet<number>): void {
    for (const [requestId, ending] of this.#tombstones.resets()) {
      if (!answered.has(requestId)) this.#tellEnding(requestId, ending);
    }
  }

  #tellEnding(requestId: number, ending: Ending): void {
    if (ending.kind === "reset") return this.#pushReset(requestId, ending.code, ending.reason);
    this.#control.push({
      type: frameTypes.ack,
      gatewayId: this.#gatewayId,
      requestId,
      index: ending.delivered,
      credit: ending.credit,
    });
    this.#events.pending();
  }

  #pushReset(requestId: number, code: number, reason: string): void {
    this.#control.push({
      type: frameTypes.reset,
      gatewayId: this.#gatewayId,
      requestId,
      index: 0,
      code,
      reason,
    });
    this.#events.pending();
  }

  #collect(stream: Stream, reason: CollectReason): void {
    stream.phase = "closed";
    this.#streams.delete(stream.requestId);
    this.#events.collected(stream, reason);
  }
}

function isOpening(frame: StreamFrame): frame is RequestStartFrame | WsOpenFrame {
  return (frame.type === frameTypes.requestStart || frame.type === frameTypes.wsOpen) && frame.index === 0;
}
