import {
  frameName,
  indexAdd,
  indexDistance,
  payloadBytes,
  ProtocolError,
  type SequencedFrame,
} from "../../protocol/mod.ts";
import { type Course, nextStage, SendBuffer, type StreamStage } from "../../session/mod.ts";
import type { Problem } from "./violation.ts";

/**
 * What the capturing side sent on one stream, held to what its send buffer would have sent: each index in turn,
 * within the peer's credit, and after a redial exactly what the peer had not seen.
 *
 * A stream whose beginning is not in the capture is taken up at the first frame seen: its indices are counted from
 * there, and its credit is not known.
 */
export class SentSide {
  readonly #course: Course;
  #buffer: SendBuffer;
  /** Index that the buffer counts as 0. */
  #offset = 0;
  /** Where the stream stands is not known: the next frame says. */
  #unsure: boolean;
  /** `null` when it is not known. */
  #stage: StreamStage | null = "start";

  /** @param credit granted at the start, bytes; `null` for a stream that is taken up in the middle */
  constructor(course: Course, credit: number | null) {
    this.#course = course;
    this.#buffer = new SendBuffer(credit ?? Number.MAX_SAFE_INTEGER);
    this.#unsure = credit === null;
    if (credit === null) this.#stage = null;
  }

  /** Its last frame has gone out. */
  get done(): boolean {
    return this.#stage === "done";
  }

  /** A frame went out. */
  send(frame: SequencedFrame): Problem | null {
    const { index } = frame;
    if (this.#unsure) this.#takeUp(index);
    const buffer = this.#buffer;
    const held = buffer.frames - indexDistance(buffer.acknowledgedIndex, buffer.nextIndex);
    const expected = indexAdd(buffer.nextIndex, this.#offset);
    if (index !== expected) {
      this.#unsure = true;
      return indexProblem(index, expected, buffer.unacknowledgedFrames);
    }
    if (held === 0) {
      const problem = this.#enter(frame);
      if (problem !== null) return problem;
      buffer.push(frame);
    }
    const decided = buffer.next();
    if (decided === null) {
      this.#unsure = true;
      return {
        rule: "credit",
        message: `${frameName(frame.type)} with ${payloadBytes(frame)} bytes was sent beyond the credit of ` +
          `${buffer.credit} bytes`,
      };
    }
    const same = decided.type === frame.type && payloadBytes(decided) === payloadBytes(frame);
    // The buffer counts from its own 0; frames are compared by what they were recorded with.
    frame.index = index;
    if (same) return null;
    this.#unsure = true;
    return {
      rule: "decision",
      message:
        `frame ${index} was sent again as ${frameName(frame.type)} with ${payloadBytes(frame)} bytes, ` +
        `it had been ${frameName(decided.type)} with ${payloadBytes(decided)} bytes`,
    };
  }

  /** The peer acknowledged everything before `index`. */
  acknowledge(index: number, credit: number): Problem | null {
    if (this.#unsure) return null;
    try {
      this.#buffer.acknowledge(indexAdd(index, -this.#offset), credit);
      return null;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { unacknowledgedFrames } = this.#buffer;
      return {
        rule: "ack-of-unsent",
        message: `index ${index} was acknowledged, but only ${unacknowledgedFrames} frames from ` +
          `${indexAdd(this.#buffer.acknowledgedIndex, this.#offset)} on were sent and not acknowledged`,
      };
    }
  }

  /** The peer answered with a whole response, which says that it has delivered everything. */
  acknowledgeAll(): Problem | null {
    const buffer = this.#buffer;
    if (this.#unsure) return null;
    if (this.#stage !== null && this.#stage !== "done") {
      return { rule: "stage", message: "a whole response came before the whole request was sent" };
    }
    buffer.acknowledge(indexAdd(buffer.acknowledgedIndex, buffer.unacknowledgedFrames), buffer.credit);
    return null;
  }

  /** A new link is up; the peer has received everything before `received`. */
  rewind(received: number): Problem | null {
    if (this.#unsure) return null;
    try {
      this.#buffer.rewind(indexAdd(received, -this.#offset));
      return null;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const lacking = this.#stage === null;
      this.#unsure = true;
      // Frames from before the capture may be sent again, which this buffer has never held.
      return lacking ? null : { rule: "ack-of-unsent", message: error.message };
    }
  }

  /** A new link is up and the peer has nothing of what was not acknowledged. */
  rewindAll(): void {
    if (!this.#unsure) this.#buffer.rewind(this.#buffer.acknowledgedIndex);
  }

  /** A new link is up, and it cannot be known whether anything is sent again: the next frame says. */
  doubt(): void {
    this.#unsure = true;
  }

  #takeUp(index: number): void {
    this.#buffer = new SendBuffer(Number.MAX_SAFE_INTEGER);
    this.#offset = index;
    this.#unsure = false;
    this.#stage = null;
  }

  #enter(frame: SequencedFrame): Problem | null {
    if (this.#stage === null) return null;
    try {
      this.#stage = nextStage(this.#stage, this.#course, frame);
      return null;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const rule = this.#stage === "done" ? "use-after-close" : "stage";
      this.#unsure = true;
      return { rule, message: error.message };
    }
  }
}

function indexProblem(index: number, expected: number, unacknowledged: number): Problem {
  const behind = indexDistance(index, expected);
  if (behind <= unacknowledged) {
    return { rule: "duplicate", message: `frame ${index} was sent again, ${expected} was next` };
  }
  const ahead = indexDistance(expected, index);
  return isWithinWindow(ahead, unacknowledged)
    ? { rule: "gap", message: `frame ${index} was sent where ${expected} was next` }
    : { rule: "index-jump", message: `frame ${index} was sent, beyond the window from ${expected} on` };
}

/** Whether a sender with that many frames unacknowledged could rightly be that far ahead. */
export function isWithinWindow(ahead: number, unacknowledged: number): boolean {
  return ahead + unacknowledged < 0x7fff;
}
