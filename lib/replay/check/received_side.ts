import {
  indexAdd,
  indexDistance,
  isAfter,
  maxUnacknowledgedFrames,
  payloadBytes,
  ProtocolError,
  type SequencedFrame,
  type StreamPosition,
} from "../../protocol/mod.ts";
import { type Course, nextStage, ReceiveOrder, type StreamStage } from "../../session/mod.ts";
import { isWithinWindow } from "./sent_side.ts";
import type { Problem } from "./violation.ts";

/** Sizes leading the list that are done with before it is cut. */
const compactAfter = 256;

/**
 * What the peer sent on one stream, held to order, credit and half-window; and what the capturing side said of it:
 * its acknowledgements name what had arrived, and grant the credit that the receive order decides on.
 *
 * A stream whose beginning is not in the capture is taken up at the first frame seen, without credit.
 */
export class ReceivedSide {
  readonly #course: Course;
  #order: ReceiveOrder;
  /** Index that the order counts as 0. */
  #offset = 0;
  #unsure: boolean;
  /** Credit is not known: the stream was taken up in the middle. */
  #partial: boolean;
  #stage: StreamStage | null = "start";
  #frames = 0;
  /** Payload of each frame that arrived and was not delivered. */
  #sizes: number[] = [];
  #head = 0;

  /** @param window credit granted at the start, bytes; `null` for a stream that is taken up in the middle */
  constructor(course: Course, window: number | null) {
    this.#course = course;
    this.#order = new ReceiveOrder(window ?? Number.MAX_SAFE_INTEGER);
    this.#unsure = window === null;
    this.#partial = window === null;
    if (window === null) this.#stage = null;
  }

  /** Its last frame has arrived. */
  get done(): boolean {
    return this.#stage === "done";
  }

  /** A frame arrived. */
  accept(frame: SequencedFrame): Problem | null {
    const { index } = frame;
    if (this.#unsure) this.#takeUp(index);
    const expected = indexAdd(this.#order.receivedIndex, this.#offset);
    if (index !== expected) return this.#indexProblem(index, expected);
    const bytes = payloadBytes(frame);
    try {
      this.#order.accept(indexAdd(index, -this.#offset), bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#unsure = true;
      return { rule: "credit", message: error.message };
    }
    this.#frames++;
    this.#sizes.push(bytes);
    return this.#enter(frame);
  }

  /** The capturing side sent an acknowledgement. */
  acknowledge(index: number, credit: number): Problem | null {
    if (this.#unsure) return null;
    const problem = this.#deliver(index);
    if (problem !== null) return problem;
    this.#order.acknowledged();
    return this.#creditProblem(credit);
  }

  /** The capturing side sent a whole response, which says that it has delivered everything. */
  acknowledgeAll(): Problem | null {
    if (this.#unsure) return null;
    if (this.#stage !== null && this.#stage !== "done") {
      return { rule: "stage", message: "a whole response was sent before the whole request had come" };
    }
    const problem = this.#deliver(indexAdd(this.#order.receivedIndex, this.#offset));
    this.#order.acknowledged();
    return problem;
  }

  /** The capturing side said where it stands, for a redial. */
  position(position: StreamPosition): Problem | null {
    if (this.#unsure) return null;
    const received = indexAdd(this.#order.receivedIndex, this.#offset);
    if (position.received !== received) {
      return {
        rule: "decision",
        message: `the position names ${position.received} as the next frame, ${received} is`,
      };
    }
    return this.#deliver(position.delivered) ?? this.#creditProblem(position.credit);
  }

  /** Everything before `index` was delivered. */
  #deliver(index: number): Problem | null {
    const delivered = indexAdd(this.#order.deliveredIndex, this.#offset);
    const count = indexDistance(delivered, index);
    if (count <= this.#order.undelivered) {
      let bytes = 0;
      for (let i = 0; i < count; i++) bytes += this.#sizes[this.#head++];
      if (this.#head >= compactAfter && this.#head * 2 >= this.#sizes.length) {
        this.#sizes.splice(0, this.#head);
        this.#head = 0;
      }
      this.#order.deliver(count, bytes);
      return null;
    }
    // A stream that was taken up in the middle may have older frames to acknowledge.
    if (this.#partial && isAfter(delivered, index)) return null;
    return {
      rule: "ack-of-unsent",
      message: `frames before ${index} are called delivered, but those from ${
        indexAdd(this.#order.receivedIndex, this.#offset)
      } on have not arrived`,
    };
  }

  #creditProblem(credit: number): Problem | null {
    if (this.#partial || credit === this.#order.credit) return null;
    const decided = this.#order.credit;
    return {
      rule: "decision",
      message: `a credit of ${credit} bytes was granted where ${decided} is due`,
    };
  }

  #indexProblem(index: number, expected: number): Problem {
    const behind = indexDistance(index, expected);
    // The next frame says where it goes on, so that one violation is not told a thousand times.
    this.#unsure = behind > this.#frames || behind > maxUnacknowledgedFrames;
    if (!this.#unsure) {
      return { rule: "duplicate", message: `frame ${index} arrived again, ${expected} was expected` };
    }
    return isWithinWindow(indexDistance(expected, index), this.#order.undelivered)
      ? { rule: "gap", message: `frame ${index} arrived where ${expected} was expected` }
      : { rule: "index-jump", message: `frame ${index} arrived, beyond the window from ${expected} on` };
  }

  #takeUp(index: number): void {
    this.#order = new ReceiveOrder(Number.MAX_SAFE_INTEGER);
    this.#offset = index;
    this.#unsure = false;
    this.#partial = true;
    this.#stage = null;
    this.#sizes = [];
    this.#head = 0;
  }

  #enter(frame: SequencedFrame): Problem | null {
    if (this.#stage === null) return null;
    try {
      this.#stage = nextStage(this.#stage, this.#course, frame);
      return null;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const rule = this.#stage === "done" ? "use-after-close" : "stage";
      this.#stage = null;
      return { rule, message: error.message };
    }
  }
}
