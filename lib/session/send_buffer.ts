import { bytePool } from "./byte_pool.ts";
import { heldBytesOf } from "./held_bytes.ts";
import {
  frameTypes,
  indexAdd,
  indexDistance,
  maxUnacknowledgedFrames,
  maxWindowBytes,
  messagesOf,
  payloadBytes,
  ProtocolError,
  type SequencedFrame,
  type WsMessagesFrame,
} from "../protocol/mod.ts";

/** A payload of up to this many bytes is kept as it is given; a larger one is copied. */
export const keptPayloadBytes = 1024;

/** Of every stream that holds none: never changed. */
const noFrames: (SequencedFrame | undefined)[] = [];

/** Compact the array once this many released entries lead it and they are at least half of it. */
const compactAfter = 64;

/**
 * The sending half of one stream: frames wait here for credit, go out in order, and stay until the peer has
 * acknowledged them, so that a new link can carry on where the old one broke off.
 *
 * Frames lie in one list: first those sent and not yet acknowledged, then those not yet sent. An index is
 * given to a frame when it is sent. Two bounds are enforced at that point: bytes by the peer's absolute
 * credit (RFC 9000, 4.1), frames by the half-window of serial-number arithmetic (RFC 1982).
 */
export class SendBuffer {
  #frames = noFrames;
  #head = 0;
  /** Frames from the head on that the current link has carried. */
  #sent = 0;
  /** Most frames from the head on that any link has carried: what an ack may rightly name. */
  #everSent = 0;
  #baseIndex = 0;
  #ackedBytes = 0;
  #sentBytes = 0;
  #queuedBytes = 0;
  #bufferedBytes = 0;
  #credit: number;
  /** The last frame released was a part of a WebSocket message whose rest is still held. */
  #midMessage = false;
  #awaitsAnswer = false;
  /** The peer wants each message in a frame of its own. */
  #apart = false;

  /** @param credit bytes that may be sent before the first acknowledgement */
  constructor(credit: number) {
    this.#credit = credit;
  }

  /** Index of the oldest unacknowledged frame: where the peer's acknowledgements stand. */
  get acknowledgedIndex(): number {
    return this.#baseIndex;
  }

  /** Index the next frame will be sent with. */
  get nextIndex(): number {
    return indexAdd(this.#baseIndex, this.#sent);
  }

  /** Frames held: unacknowledged and unsent. */
  get frames(): number {
    return this.#frames.length - this.#head;
  }

  /** Frames carried by a link and not yet acknowledged. */
  get unacknowledgedFrames(): number {
    return this.#everSent;
  }

  /** What is held, unacknowledged and unsent, is reckoned to take, bytes: payload, and something for each frame. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Payload bytes held, unacknowledged and unsent. */
  get payloadBytes(): number {
    return this.#queuedBytes - this.#ackedBytes;
  }

  /** Length of the list that holds them: bounded by what is held, however long the stream. */
  get slots(): number {
    return this.#frames.length;
  }

  /** Whether the oldest frame held continues a WebSocket message whose first parts the peer has delivered. */
  get midMessage(): boolean {
    return this.#midMessage;
  }

  /** Payload bytes the peer has acknowledged and this end no longer holds. */
  get releasedBytes(): number {
    return this.#ackedBytes;
  }

  /** Absolute byte credit granted by the peer. */
  get credit(): number {
    return this.#credit;
  }

  /**
   * Whether the source may be read on. A source that is read while this holds overshoots by what one read
   * gives, which then waits here unsent.
   */
  get writable(): boolean {
    return this.#queuedBytes < this.#credit && this.payloadBytes < maxWindowBytes &&
      this.frames < maxUnacknowledgedFrames;
  }

  /**
   * Nothing goes out behind the first frame until {@link answered}: how messages are to come stands in the answer, and all
   * that was sent before would have to be sent again to the next runner if there is none.
   */
  awaitAnswer(): void {
    this.#awaitsAnswer = true;
  }

  /** @param apart frames of several messages are made frames of one each, as they go out */
  answered(apart: boolean): void {
    this.#awaitsAnswer = false;
    this.#apart = apart;
  }

  /** Whether {@link answered} is waited for. */
  get awaitsAnswer(): boolean {
    return this.#awaitsAnswer;
  }

  /**
   * Takes a frame over; its `index` is set when it is sent. The buffer of a payload larger than
   * {@link keptPayloadBytes} remains the caller's.
   *
   * @returns what it is reckoned to take, bytes
   */
  push(frame: SequencedFrame): number {
    const bytes = payloadBytes(frame);
    if (bytes > keptPayloadBytes) {
      (frame as PayloadFrame).bytes = bytePool.copy((frame as PayloadFrame).bytes);
    }
    // An array that grows from nothing takes room for 17; most streams hold one frame at a time.
    if (this.#frames.length === 0) this.#frames = [frame];
    else this.#frames.push(frame);
    this.#queuedBytes += bytes;
    const held = heldBytesOf(frame);
    this.#bufferedBytes += held;
    return held;
  }

  /** Whether {@link next} would give a frame. */
  get sendable(): boolean {
    const frame = this.#frames[this.#head + this.#sent];
    return frame !== undefined && this.#sent < maxUnacknowledgedFrames &&
      this.#sentBytes + payloadBytes(frame) <= this.#credit && (!this.#awaitsAnswer || this.nextIndex === 0);
  }

  /** The next frame for the link, its index set, or `null` when nothing may be sent now. */
  next(): SequencedFrame | null {
    if (!this.sendable) return null;
    const at = this.#head + this.#sent;
    if (this.#apart && this.#frames[at]!.type === frameTypes.wsMessages) this.#takeApart(at);
    const frame = this.#frames[at]!;
    frame.index = indexAdd(this.#baseIndex, this.#sent);
    this.#sent++;
    if (this.#sent > this.#everSent) this.#everSent = this.#sent;
    this.#sentBytes += payloadBytes(frame);
    return frame;
  }

  /**
   * The peer delivered every frame before `index` and grants `credit` bytes in all. Late and repeated
   * acknowledgements change nothing.
   *
   * @returns what the frames released were reckoned to take, bytes
   * @throws {ProtocolError} when `index` names a frame that was never sent
   */
  acknowledge(index: number, credit: number): number {
    const count = indexDistance(this.#baseIndex, index);
    if (count > this.#everSent) {
      // Behind the base by less than half the circle: an acknowledgement that was overtaken.
      if (indexDistance(index, this.#baseIndex) <= maxUnacknowledgedFrames) return 0;
      throw new ProtocolError(
        `index ${index} was acknowledged, but only ${this.#everSent} frames from ${this.#baseIndex} on were sent`,
      );
    }
    if (credit > this.#credit) this.#credit = credit;
    return this.#release(count);
  }

  /**
   * A new link is up and the peer has received everything before `received`: what it has not seen is sent
   * again from there. Frames it received but has not acknowledged stay, in case its process dies.
   *
   * @throws {ProtocolError} when `received` is not an index this side could have sent
   */
  rewind(received: number): void {
    const count = indexDistance(this.#baseIndex, received);
    if (count > this.#everSent) {
      throw new ProtocolError(
        `the peer expects index ${received}, but only ${this.#everSent} frames from ${this.#baseIndex} on were sent`,
      );
    }
    this.#sent = count;
    this.#sentBytes = this.#ackedBytes;
    for (let i = 0; i < count; i++) this.#sentBytes += payloadBytes(this.#frames[this.#head + i]!);
  }

  /** Forgets what was not sent yet of a body, because the peer asked for no more of it. Its head stays. */
  dropUnsentBody(): void {
    const from = this.#head + this.#everSent;
    const kept = this.#frames.slice(from).filter((frame) => frame!.type !== frameTypes.bodyChunk);
    for (let i = from; i < this.#frames.length; i++) {
      const frame = this.#frames[i]!;
      if (frame.type !== frameTypes.bodyChunk) continue;
      this.#queuedBytes -= payloadBytes(frame);
      this.#bufferedBytes -= heldBytesOf(frame);
      giveBack(frame);
    }
    this.#frames = [...this.#frames.slice(0, from), ...kept];
  }

  /** Everything held, oldest first, and an empty buffer: the frames move to another stream. */
  takeAll(): SequencedFrame[] {
    const frames = this.#frames.slice(this.#head) as SequencedFrame[];
    this.#frames = noFrames;
    this.#head = 0;
    this.#sent = 0;
    this.#everSent = 0;
    this.#queuedBytes = this.#ackedBytes;
    this.#sentBytes = this.#ackedBytes;
    this.#bufferedBytes = 0;
    return frames;
  }

  /** In place, and only when it may go out: a stream that was full of them would be a million frames. */
  #takeApart(at: number): void {
    const whole = this.#frames[at] as WsMessagesFrame;
    const { gatewayId, requestId } = whole;
    const apart: SequencedFrame[] = [];
    this.#bufferedBytes -= heldBytesOf(whole);
    for (const message of messagesOf(whole)) {
      const frame: SequencedFrame = {
        type: frameTypes.wsMessage,
        gatewayId,
        requestId,
        index: 0,
        ...message,
      };
      this.#bufferedBytes += heldBytesOf(frame);
      apart.push(frame);
    }
    this.#frames.splice(at, 1, ...apart);
  }

  #release(count: number): number {
    let payload = 0;
    let released = 0;
    for (let i = 0; i < count; i++) {
      const frame = this.#frames[this.#head]!;
      payload += payloadBytes(frame);
      released += heldBytesOf(frame);
      giveBack(frame);
      this.#midMessage = frame.type === frameTypes.wsMessage && !frame.final;
      this.#frames[this.#head++] = undefined;
    }
    this.#baseIndex = indexAdd(this.#baseIndex, count);
    this.#ackedBytes += payload;
    this.#bufferedBytes -= released;
    this.#everSent -= count;
    this.#sent -= count;
    if (this.#sent < 0) {
      // Acknowledged beyond what this link has carried: an earlier link had. Carry on after it.
      this.#sent = 0;
    }
    if (this.#sentBytes < this.#ackedBytes) this.#sentBytes = this.#ackedBytes;
    if (this.#head === this.#frames.length) {
      this.#frames = noFrames;
      this.#head = 0;
    } else if (this.#head >= compactAfter && this.#head * 2 >= this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return released;
  }
}

type PayloadFrame = Extract<SequencedFrame, { bytes: Uint8Array }>;

function payloadOf(frame: SequencedFrame): Uint8Array {
  return (frame as PayloadFrame).bytes;
}

/** Of a frame that nobody will send or look at again. */
function giveBack(frame: SequencedFrame): void {
  if (payloadBytes(frame) > keptPayloadBytes) bytePool.giveBack(payloadOf(frame));
}
