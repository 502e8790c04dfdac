import {
  type AckFrame,
  formatStreamId,
  frameTypes,
  indexAdd,
  maxReasonLength,
  payloadBytes,
  ProtocolError,
  type ResetFrame,
  type SequencedFrame,
  type StreamPosition,
} from "../protocol/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { bodyEnd } from "./body_end.ts";
import { ReceiveOrder } from "./receive_order.ts";
import { SendBuffer } from "./send_buffer.ts";
import { type Course, courses, nextStage, type StreamStage } from "./stream_stage.ts";

/** What a stream's owner (an HTTP exchange, a WebSocket, an origin connection) does when frames arrive. */
export interface StreamHandler {
  /**
   * The next frame, in order and only once. The owner says {@link Stream.delivered} when it has handed the
   * frame on. `frame.bytes` is valid during the call alone.
   */
  frame(frame: SequencedFrame): void;
  /** The stream takes frames again after {@link Stream.writable} was false. */
  writable(): void;
  /** The stream is over at once: reset by the peer, or given up. The owner lets go and calls {@link Stream.release}. */
  reset(code: number, reason: string): void;
}

/** Sees every frame that goes into a stream or comes out of it once, for an onlooker. */
export interface StreamTap {
  pushed(frame: SequencedFrame): void;
  accepted(frame: SequencedFrame): void;
}

/** What a stream tells the session it belongs to. */
export interface StreamOwner {
  /** It has frames for the link. */
  sendable(stream: Stream): void;
  /** It owes an acknowledgement: now, or soon. */
  acknowledge(stream: Stream, now: boolean): void;
  /** It wants to be looked at for collection. */
  settle(stream: Stream): void;
  /** Frames that are reckoned to take so many bytes were buffered (positive) or released (negative). */
  buffered(bytes: number): void;
}

/**
 * Collection goes in two phases: a stream is first `stopping`, during which its last frame can still go out,
 * and `closed` only when that frame was sent and its handler is gone.
 */
export type StreamPhase = "open" | "stopping" | "closed";

/** One end of a stream: a sending half, a receiving half, an owner and a phase. Pure. */
export class Stream {
  readonly gatewayId: number;
  readonly requestId: number;
  readonly kind: "http" | "websocket";
  readonly send: SendBuffer;
  readonly receive: ReceiveOrder;
  handler: StreamHandler | null = null;
  tap: StreamTap | null = null;
  /** Of the frame that opened the stream: what it is for; and when, on the shell's clock, milliseconds. For display alone. */
  method = "";
  target = "";
  openedAtMs = 0;
  /** The code that its peer reset it with; 0 while it has not. */
  peerResetCode = 0;
  phase: StreamPhase = "open";
  /** Set when this end gave the stream up: the reset that tells the peer. */
  ownReset: ResetFrame | null = null;
  /** What became of {@link ownReset}: waiting for a link to carry it, or gone out. */
  resetState: "none" | "queued" | "sent" = "none";
  /**
   * The peer has answered: with an acknowledgement or a position or, where this end opened the stream, with any
   * frame. From then on it names the stream on every new link for as long as it holds it.
   */
  peerKnows = false;
  /** Held back after a redial until the peer has said what became of the stream. */
  held = false;
  /** In the session's queue of streams that have frames for the link. */
  queued = false;
  /** In the session's list of streams that owe an acknowledgement: not, soon, or now. */
  ackOwed: "no" | "soon" | "now" = "no";
  /** Its last acknowledgement (of the peer's last frame) has been written to a link. */
  finalAckSent = false;
  #sendStage: StreamStage = "start";
  #receiveStage: StreamStage = "start";
  #released = false;
  /** The body being sent was cut short: its source may not know yet. */
  #bodyCut = false;
  readonly #owner: StreamOwner;
  readonly #opener: boolean;
  /** This end has said that it wants no more of the peer's body. */
  #stopSaid = false;
  readonly #sends: Course;
  readonly #receives: Course;

  constructor(options: {
    gatewayId: number;
    requestId: number;
    kind: "http" | "websocket";
    /** Whether this end opened the stream (the gateway does). */
    opener: boolean;
    peerWindow: number;
    ownWindow: number;
    owner: StreamOwner;
  }) {
    this.gatewayId = options.gatewayId;
    this.requestId = options.requestId;
    this.kind = options.kind;
    this.send = new SendBuffer(options.peerWindow);
    this.receive = new ReceiveOrder(options.ownWindow);
    this.#owner = options.owner;
    this.#opener = options.opener;
    const course = options.kind === "http" ? courses.http : courses.websocket;
    this.#sends = options.opener ? course.request : course.response;
    this.#receives = options.opener ? course.response : course.request;
    if (options.opener && options.kind === "websocket") this.send.awaitAnswer();
    keepWarm(this);
  }

  /** Name in logs: `9f3ac01b-42`. */
  get id(): string {
    return formatStreamId(this.gatewayId, this.requestId);
  }

  /** Whether the source should be read on; after `false`, {@link StreamHandler.writable} follows. */
  get writable(): boolean {
    return this.phase === "open" && this.send.writable;
  }

  /** Whether this end's last frame was pushed. */
  get sendDone(): boolean {
    return this.#sendStage === "done";
  }

  /** Whether the peer's last frame has arrived. */
  get receiveDone(): boolean {
    return this.#receiveStage === "done";
  }

  /**
   * Sends a frame. Ids and index are filled in here. Ignored once the stream is stopping, as is the rest of a
   * body that the peer wanted no more of.
   */
  push(frame: SequencedFrame): void {
    if (this.phase !== "open" || this.#bodyCut) return;
    this.#sendStage = nextStage(this.#sendStage, this.#sends, frame);
    if (frame.type === frameTypes.response) this.#answerWhole();
    if (frame.type === frameTypes.bodyEnd && frame.stop) this.#stopSaid = true;
    frame.gatewayId = this.gatewayId;
    frame.requestId = this.requestId;
    if (this.#opener && this.method === "") this.#nameAfter(frame);
    this.tap?.pushed(frame);
    this.#owner.buffered(this.send.push(frame));
    this.#owner.sendable(this);
    // What was owed may be the last acknowledgement now, which does not wait.
    if (this.ackOwed === "soon" && this.sendDone) this.#owner.acknowledge(this, false);
  }

  /** Ends the body being sent short because the peer wants no more of it: what was not sent is dropped. */
  cutBody(): void {
    if (this.phase !== "open" || this.#sendStage !== "body") return;
    const wasWritable = this.send.writable;
    const before = this.send.bufferedBytes;
    this.send.dropUnsentBody();
    this.#owner.buffered(this.send.bufferedBytes - before);
    this.push(bodyEnd({ cut: true }));
    this.#bodyCut = true;
    if (!wasWritable && this.send.writable) this.handler?.writable();
  }

  /**
   * The handler has handed on `frames` frames with `bytes` bytes of payload in all.
   *
   * @throws {RangeError} when that is more than the handler was given
   */
  delivered(frames: number, bytes: number): void {
    if (this.phase !== "open" || this.#released) return;
    this.#deliver(frames, bytes);
  }

  /** Gives the stream up in both directions and tells the peer why. The handler is not called. */
  reset(code: number, reason: string): void {
    if (this.phase !== "open") return;
    this.phase = "stopping";
    this.ownReset = {
      type: frameTypes.reset,
      gatewayId: this.gatewayId,
      requestId: this.requestId,
      index: this.send.nextIndex,
      code,
      reason: reason.slice(0, maxReasonLength),
    };
    this.#dropBuffers();
    this.#owner.settle(this);
  }

  /**
   * The handler is gone; the stream is collected as soon as its last frames have gone through. What the peer
   * sent and the handler did not hand on, or still sends, is dropped.
   */
  release(): void {
    this.handler = null;
    this.#released = true;
    const { undelivered, undeliveredBytes } = this.receive;
    if (this.phase === "open" && undelivered > 0) this.#deliver(undelivered, undeliveredBytes);
    this.#owner.settle(this);
  }

  /** Called by the session: `handler` takes the stream, unless it has let go of it already. */
  adopt(handler: StreamHandler): void {
    if (!this.#released) this.handler = handler;
  }

  /**
   * Called by the session: a frame from the peer.
   *
   * @throws {ProtocolError} when it is not one that may come now
   */
  accept(frame: SequencedFrame): void {
    const bytes = payloadBytes(frame);
    if (this.phase !== "open") return;
    if (!this.receive.accept(frame.index, bytes)) return;
    if (this.#opener) this.peerKnows = true;
    if (this.send.awaitsAnswer) this.#answered(frame);
    this.#receiveStage = nextStage(this.#receiveStage, this.#receives, frame);
    if (frame.type === frameTypes.bodyEnd && frame.cut && !this.#stopSaid) {
      throw new ProtocolError("a body was cut short that was wanted whole");
    }
    if (!this.#opener && this.method === "") this.#nameAfter(frame);
    if (frame.type === frameTypes.response) this.#answeredWhole();
    this.tap?.accepted(frame);
    if (frame.type === frameTypes.bodyEnd && frame.stop) this.cutBody();
    if (this.handler === null) this.#deliver(1, bytes);
    else this.handler.frame(frame);
  }

  /** Called by the session: the peer's acknowledgement. */
  acknowledge(index: number, credit: number): void {
    if (this.phase !== "open") return;
    const wasWritable = this.send.writable;
    const released = this.send.acknowledge(index, credit);
    this.peerKnows = true;
    if (released > 0) this.#owner.buffered(-released);
    if (this.send.sendable) this.#owner.sendable(this);
    if (!wasWritable && this.send.writable) this.handler?.writable();
    if (this.send.frames === 0) this.#owner.settle(this);
  }

  /** Called by the session: the peer's reset. The handler may still take what was not acknowledged. */
  resetByPeer(code: number, reason: string): void {
    if (this.phase === "closed") return;
    const wasOpen = this.phase === "open";
    this.phase = "stopping";
    this.peerResetCode = code;
    this.ownReset = null;
    // Told once: a handler that gave the stream up itself, or was told before, is on its way out.
    if (wasOpen) this.handler?.reset(code, reason);
    this.#dropBuffers();
    this.#owner.settle(this);
  }

  /**
   * Called by the session when it ends: the handler is told, and may still take what was not acknowledged;
   * the rest is dropped.
   */
  abandon(code: number, reason: string): void {
    const wasOpen = this.phase === "open";
    this.phase = "closed";
    if (wasOpen) this.handler?.reset(code, reason);
    this.handler = null;
    this.#dropBuffers();
  }

  /** The acknowledgement that stands due. */
  ackFrame(): AckFrame {
    this.receive.acknowledged();
    this.ackOwed = "no";
    if (this.receiveDone && this.receive.undelivered === 0) this.finalAckSent = true;
    return {
      type: frameTypes.ack,
      gatewayId: this.gatewayId,
      requestId: this.requestId,
      index: this.receive.deliveredIndex,
      credit: this.receive.credit,
    };
  }

  /** Called by the session: the next frame for the link, or `null` when none may be sent now. */
  next(): SequencedFrame | null {
    if (this.held) return null;
    const before = this.send.bufferedBytes;
    const frame = this.send.next();
    const more = this.send.bufferedBytes - before;
    if (more !== 0) this.#owner.buffered(more);
    if (frame !== null && frame.type === frameTypes.response) {
      this.receive.acknowledged();
      this.finalAckSent = true;
    }
    return frame;
  }

  /** Where this end stands, for a resume frame. */
  position(): StreamPosition {
    return {
      requestId: this.requestId,
      received: this.receive.receivedIndex,
      delivered: this.receive.deliveredIndex,
      credit: this.receive.credit,
    };
  }

  /** Called by the session: a new link is up and the peer stands at `position`. What it lacks is sent again. */
  resumeFrom(position: StreamPosition): void {
    if (this.phase !== "open") return;
    this.held = false;
    this.peerKnows = true;
    this.acknowledge(position.delivered, position.credit);
    this.send.rewind(position.received);
    this.#carryOn();
  }

  /**
   * Called by the session: a new link is up and the peer did not name this stream. Either it has heard nothing
   * of it (if this end opened it) or has had nothing of it from here (if the peer did): all is sent again. Or the
   * stream ended there: the peer's answer to this end's own list says how, and until then nothing is sent.
   */
  resumeUnlisted(): void {
    if (this.phase !== "open") return;
    this.held = this.peerKnows;
    if (!this.held) this.send.rewind(this.send.acknowledgedIndex);
    this.#carryOn();
  }

  /** Both directions are over and acknowledged, and the peer was told. */
  get finished(): boolean {
    return this.#sendStage === "done" && this.#receiveStage === "done" && this.send.frames === 0 &&
      this.receive.undelivered === 0 && this.finalAckSent;
  }

  /**
   * Everything the peer has not acknowledged, oldest first; this stream is empty afterwards. When
   * {@link SendBuffer.midMessage} held before, the first frames are the rest of a message whose beginning is gone.
   */
  takeUnacknowledged(): SequencedFrame[] {
    this.#owner.buffered(-this.send.bufferedBytes);
    return this.send.takeAll();
  }

  /** A response is about to be sent that says that all of the request was delivered. */
  #answerWhole(): void {
    if (!this.receiveDone || this.receive.undelivered > 0) {
      throw new TypeError("a whole response was pushed before the whole request was delivered");
    }
    this.ackOwed = "no";
  }

  /** Such a response came. */
  #answeredWhole(): void {
    const { send } = this;
    if (!this.sendDone || send.unacknowledgedFrames < send.frames) {
      throw new ProtocolError("a whole response came before the whole request was sent");
    }
    this.acknowledge(indexAdd(send.acknowledgedIndex, send.frames), send.credit);
  }

  /** The peer says what becomes of the WebSocket that this end opened: what waits for that goes out. */
  #answered(frame: SequencedFrame): void {
    this.send.answered(frame.type === frameTypes.wsAccept && !frame.together);
    this.#owner.sendable(this);
  }

  #nameAfter(opening: SequencedFrame): void {
    this.method = opening.type === frameTypes.requestStart ? opening.method : "GET";
    if (opening.type === frameTypes.requestStart || opening.type === frameTypes.wsOpen) {
      this.target = opening.target;
    }
  }

  #deliver(frames: number, bytes: number): void {
    const now = this.receive.deliver(frames, bytes);
    this.#owner.acknowledge(this, now);
  }

  /** Frames that wait go out, and so does what was delivered while no link could say so. */
  #carryOn(): void {
    if (this.send.sendable) this.#owner.sendable(this);
    if (this.receive.acknowledgementPending) this.#owner.acknowledge(this, false);
  }

  #dropBuffers(): void {
    const bytes = this.send.bufferedBytes;
    this.send.takeAll();
    if (bytes > 0) this.#owner.buffered(-bytes);
  }
}
