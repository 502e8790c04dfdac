import { Buffer } from "node:buffer";
import {
  frameName,
  frameTypes,
  keepPayload,
  maxPartBytes,
  resetCodes,
  type SequencedFrame,
} from "../../lib/protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler } from "../../lib/session/mod.ts";
import type { Incarnation } from "./conversation.ts";
import { unnumbered } from "./frames.ts";
import { Outlet } from "./outlet.ts";
import type { RunnerContext } from "./runner_context.ts";
import { Violation } from "./watcher.ts";

const head = { status: 200, reason: "OK", headers: [] };

/** How often a response that fits into one frame, to a request that has come whole, goes in one. */
const wholeChance = 0.7;

/** A client's HTTP request at the runner: what `HttpForward` of lib/runner does, with a model of the origin. */
export class SimHttpOrigin implements StreamHandler {
  readonly #incarnation: Incarnation;
  readonly #context: RunnerContext;
  readonly #outlet = new Outlet();
  #stream: Stream | null;
  #connected = false;
  #waiting: SequencedFrame[] = [];
  #requestDone = false;
  #responding = false;
  #paused = false;
  #congested = false;

  constructor(stream: Stream, incarnation: Incarnation, context: RunnerContext) {
    this.#stream = stream;
    this.#incarnation = incarnation;
    this.#context = context;
  }

  // ── StreamHandler ──

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.requestStart) {
      this.#stream?.delivered(1, 0);
      this.#requestDone = !frame.hasBody;
      this.#connect();
    } else if (this.#connected) {
      this.#write(frame);
    } else {
      this.#waiting.push(keepPayload(frame));
    }
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#talkOn();
  }

  reset(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#waiting = [];
    stream?.release();
  }

  // ── private ──

  #connect(): void {
    const { process, random, dialMs } = this.#context;
    const { failsAfterMs } = this.#incarnation.conversation.script;
    process.after(random.between(0, dialMs), () => {
      if (this.#stream === null) return;
      this.#connected = true;
      for (const frame of this.#waiting.splice(0)) this.#write(frame);
      this.#respondIfDue();
    });
    if (failsAfterMs !== null) process.after(failsAfterMs, () => this.#fail());
  }

  #write(frame: SequencedFrame): void {
    switch (frame.type) {
      case frameTypes.bodyChunk:
        this.#incarnation.atOrigin({ bytes: frame.bytes, final: true });
        this.#stall();
        break;
      case frameTypes.bodyEnd:
        if (frame.cut) {
          this.#stream?.delivered(1, 0);
          return;
        }
        if (!this.#incarnation.heardAll) {
          throw new Violation(
            `${this.#incarnation.name}: the request ended after ${this.#incarnation.nextAtOrigin} letters`,
          );
        }
        this.#requestDone = true;
        break;
      default:
        throw new Violation(`${frameName(frame.type)} came for an HTTP request`);
    }
    this.#outlet.handed(frame, this.#congested, this.#stream);
    this.#respondIfDue();
  }

  #respondIfDue(): void {
    const { respondsAfter } = this.#incarnation.conversation.script;
    const due = this.#requestDone || this.#incarnation.nextAtOrigin >= respondsAfter;
    if (!due || this.#responding || this.#stream === null || !this.#connected) return;
    this.#responding = true;
    const { process, random } = this.#context;
    process.after(random.between(0, this.#incarnation.conversation.script.pauseMs), () => {
      const stream = this.#stream;
      if (stream === null) return;
      const whole = this.#requestDone && random.chance(wholeChance) ? this.#joinedReplies() : null;
      if (whole !== null) return this.#respondWhole(stream, whole);
      stream.push({ type: frameTypes.responseStart, ...unnumbered, ...head });
      this.#talkOn();
    });
  }

  /** All replies behind each other, or `null` when no frame holds them. */
  #joinedReplies(): Uint8Array | null {
    const { replies } = this.#incarnation;
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let number = 0; number < replies.count; number++) {
      const { bytes } = replies.get(number);
      length += bytes.length;
      if (length > maxPartBytes) return null;
      parts.push(bytes);
    }
    return new Uint8Array(Buffer.concat(parts, length));
  }

  #respondWhole(stream: Stream, bytes: Uint8Array): void {
    this.#incarnation.repliesSent = this.#incarnation.replies.count;
    this.#incarnation.repliesJoined = true;
    this.#finish(stream, { type: frameTypes.response, ...unnumbered, ...head, bytes });
  }

  #talkOn(): void {
    const { process, random } = this.#context;
    process.after(random.between(0, this.#incarnation.conversation.script.pauseMs), () => this.#talk());
  }

  #talk(): void {
    const incarnation = this.#incarnation;
    const { replies, conversation } = incarnation;
    for (let i = 0; i < conversation.script.burst; i++) {
      const stream = this.#stream;
      if (stream === null || this.#paused) return;
      if (incarnation.repliesSent === replies.count) {
        this.#finish(stream, bodyEnd({ stop: !this.#requestDone }));
        return;
      }
      const { bytes } = replies.get(incarnation.repliesSent);
      incarnation.repliesSent++;
      stream.push({ type: frameTypes.bodyChunk, ...unnumbered, bytes });
      if (!stream.writable) this.#paused = true;
    }
    if (!this.#paused) this.#talkOn();
  }

  /** @param last completes the response */
  #finish(stream: Stream, last: SequencedFrame): void {
    this.#stream = null;
    this.#outlet.drained(stream);
    stream.push(last);
    stream.release();
  }

  #stall(): void {
    const { stallChance, stallMs } = this.#incarnation.conversation.script;
    const { process, random } = this.#context;
    if (this.#congested || !random.chance(stallChance)) return;
    this.#congested = true;
    process.after(random.between(0, stallMs), () => {
      this.#congested = false;
      this.#outlet.drained(this.#stream);
    });
  }

  #fail(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    this.#waiting = [];
    this.#incarnation.givenUp = true;
    stream.reset(resetCodes.originFailed, "the origin broke off");
    stream.release();
  }
}
