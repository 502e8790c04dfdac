import {
  type AckFrame,
  frameName,
  frameTypes,
  type ResetFrame,
  type SequencedFrame,
  type StreamFrame,
  type StreamPosition,
} from "../../protocol/mod.ts";
import { type CaptureDirection, type CaptureSide, LiveMap, RecentIds } from "../../capture/mod.ts";
import { ReceivedSide } from "./received_side.ts";
import { SentSide } from "./sent_side.ts";
import type { Problem } from "./violation.ts";

/**
 * Ended streams that are remembered, oldest forgotten first: frames of theirs may still be on the way. How a stream
 * ended is a number (below), so that remembering many costs little.
 */
const endingsKept = 16_384;

/** Most streams that one turn of the event loop may end and that are remembered whole until it is over. */
const collectedKept = 4096;

/** An ending: the link it happened on, times four, and who had sent a reset. */
const byOwnReset = 1;
const byPeerReset = 2;

/** Credit each new stream starts with, bytes; `null` when the capture does not tell. */
export interface Windows {
  /** Given by the peer to the capturing side. */
  peer: number | null;
  /** Given by the capturing side. */
  own: number | null;
}

/** One stream, both directions of it. */
interface StreamCheck {
  sent: SentSide;
  received: ReceivedSide;
  /** The peer is known to hold it: it has answered. `null` for a stream taken up in the middle that may have been. */
  peerKnows: boolean | null;
  /** The capturing side, or the peer, has sent a reset. */
  resetSent: boolean;
  resetReceived: boolean;
}

/**
 * The streams that two ends share over one link after another: which of them there are, and what each is held to.
 * Follows what a session does with positions after a redial.
 */
export class SessionCheck {
  readonly #opener: boolean;
  readonly #windows: Windows;
  readonly #streams = new LiveMap<number, StreamCheck>();
  /** Collected in this turn: a message that is recorded behind may hold their last acknowledgements. */
  readonly #collected: { requestId: number; stream: StreamCheck }[] = [];
  readonly #endings = new RecentIds<number>(endingsKept);
  /** The capture begins in the middle of this session: streams it did not see open are taken up. */
  readonly #partial: boolean;
  #link: number;

  constructor(options: { side: CaptureSide; windows: Windows; partial: boolean; link: number }) {
    this.#opener = options.side === "gateway";
    this.#windows = options.windows;
    this.#partial = options.partial;
    this.#link = options.link;
  }

  /** Link that carries it now. */
  get link(): number {
    return this.#link;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  frame(frame: StreamFrame, direction: CaptureDirection): Problem | null {
    // What arrives begins another turn.
    if (direction === "received" && this.#collected.length > 0) this.#collected.length = 0;
    if (frame.type === frameTypes.ack) return this.#ack(frame, direction);
    if (frame.type === frameTypes.reset) return this.#reset(frame, direction);
    const live = this.#streams.get(frame.requestId);
    if (live === undefined) return this.#unknown(frame, direction);
    return direction === "sent" ? sent(live, frame) : this.#received(live, frame);
  }

  /**
   * The capturing side collected a stream.
   *
   * @returns whether the stream is one of this session's
   */
  collected(requestId: number): boolean {
    const stream = this.#streams.get(requestId);
    if (stream === undefined) return false;
    this.#streams.delete(requestId);
    const resets = (stream.resetSent ? byOwnReset : 0) + (stream.resetReceived ? byPeerReset : 0);
    this.#endings.set(requestId, this.#link * 4 + resets);
    if (this.#collected.length < collectedKept) this.#collected.push({ requestId, stream });
    return true;
  }

  /** The capturing side said where one of its streams stands. */
  ownPosition(position: StreamPosition): Problem | null {
    const stream = this.#streams.get(position.requestId);
    if (stream !== undefined) return stream.received.position(position);
    if (this.#partial || this.#endings.get(position.requestId) !== undefined) return null;
    return {
      rule: "decision",
      message: `a position of stream ${position.requestId}, which was never opened`,
    };
  }

  /** The next link is up and the peer stands at `positions`: what it lacks is to be sent again. */
  resume(link: number, positions: readonly StreamPosition[]): { requestId: number; problem: Problem }[] {
    this.#link = link;
    const problems: { requestId: number; problem: Problem }[] = [];
    const listed = new Set<number>();
    for (const { requestId, received, delivered, credit } of positions) {
      listed.add(requestId);
      const stream = this.#streams.get(requestId);
      if (stream === undefined || stream.resetSent || stream.resetReceived) continue;
      stream.peerKnows = true;
      const problem = stream.sent.acknowledge(delivered, credit) ?? stream.sent.rewind(received);
      if (problem !== null) problems.push({ requestId, problem });
    }
    for (const [requestId, stream] of this.#streams) {
      if (listed.has(requestId)) continue;
      if (stream.peerKnows === null) stream.sent.doubt();
      else if (!stream.peerKnows) stream.sent.rewindAll();
    }
    return problems;
  }

  // ── private ──

  #ack(frame: AckFrame, direction: CaptureDirection): Problem | null {
    const live = this.#streams.get(frame.requestId);
    const stream = live ?? this.#justCollected(frame.requestId);
    // An acknowledgement of a stream that is gone is how a peer learns of the end it missed.
    if (stream === undefined) return null;
    if (direction === "sent") return stream.received.acknowledge(frame.index, frame.credit);
    stream.peerKnows = true;
    if (stream.resetSent || stream.resetReceived) return null;
    return stream.sent.acknowledge(frame.index, frame.credit);
  }

  #justCollected(requestId: number): StreamCheck | undefined {
    const collected = this.#collected;
    for (let i = collected.length - 1; i >= 0; i--) {
      if (collected[i].requestId === requestId) return collected[i].stream;
    }
    return undefined;
  }

  /** Repeating a reset is harmless, and one for an unknown stream is the answer to a peer that still has it. */
  #reset(frame: ResetFrame, direction: CaptureDirection): null {
    const { requestId } = frame;
    const stream = this.#streams.get(requestId);
    const ending = this.#endings.get(requestId);
    if (stream !== undefined) {
      if (direction === "sent") stream.resetSent = true;
      else stream.resetReceived = true;
    } else if (ending !== undefined) {
      this.#endings.set(requestId, ending | (direction === "sent" ? byOwnReset : byPeerReset));
    }
    return null;
  }

  #received(stream: StreamCheck, frame: SequencedFrame): Problem | null {
    if (stream.resetReceived) return afterReset(frame, "the peer's reset");
    // Frames that crossed this side's reset are not looked at.
    if (stream.resetSent) return null;
    if (this.#opener) stream.peerKnows = true;
    const problem = stream.received.accept(frame);
    return problem === null && frame.type === frameTypes.response ? stream.sent.acknowledgeAll() : problem;
  }

  /** A frame of a stream that is not among the live ones: its opening, or something that came too late. */
  #unknown(frame: SequencedFrame, direction: CaptureDirection): Problem | null {
    const { requestId } = frame;
    const ending = this.#endings.get(requestId);
    const opening = isOpening(frame);
    if (ending !== undefined) {
      if (direction === "sent") return afterEnd(frame);
      if ((ending & byPeerReset) !== 0) return afterReset(frame, "the peer's reset");
      // The peer did not know of the end: the frame crossed the reset, or the link that told was lost.
      if ((ending & byOwnReset) !== 0 || ending >> 2 !== this.#link) return null;
      return afterEnd(frame);
    }
    if (opening && (direction === "sent") === this.#opener) return this.#open(frame, direction, false);
    if (this.#partial) return this.#open(frame, direction, true);
    const did = direction === "sent" ? "was sent" : "arrived";
    return {
      rule: "unknown-stream",
      message: `${frameName(frame.type)} ${frame.index} ${did} for a stream that is not open`,
    };
  }

  #open(frame: SequencedFrame, direction: CaptureDirection, partial: boolean): Problem | null {
    const { peer, own } = this.#windows;
    const kind = frame.type === frameTypes.wsOpen ? "websocket" : "http";
    const [out, back] = this.#opener ? ["request", "response"] as const : ["response", "request"] as const;
    const stream: StreamCheck = {
      sent: new SentSide({ direction: out, kind }, partial ? null : peer),
      received: new ReceivedSide({ direction: back, kind }, partial ? null : own),
      peerKnows: partial ? null : false,
      resetSent: false,
      resetReceived: false,
    };
    this.#streams.set(frame.requestId, stream);
    return direction === "sent" ? sent(stream, frame) : this.#received(stream, frame);
  }
}

function sent(stream: StreamCheck, frame: SequencedFrame): Problem | null {
  if (stream.resetSent) return afterReset(frame, "this side's reset");
  const problem = stream.sent.send(frame);
  return problem === null && frame.type === frameTypes.response ? stream.received.acknowledgeAll() : problem;
}

function afterReset(frame: SequencedFrame, what: string): Problem {
  return { rule: "use-after-close", message: `${frameName(frame.type)} ${frame.index} came after ${what}` };
}

function afterEnd(frame: SequencedFrame): Problem {
  return {
    rule: "use-after-close",
    message: `${frameName(frame.type)} ${frame.index} came after the end of its stream`,
  };
}

function isOpening(frame: SequencedFrame): boolean {
  return (frame.type === frameTypes.requestStart || frame.type === frameTypes.wsOpen) && frame.index === 0;
}
