import { payloadBytes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import type { Stream, StreamHandler } from "../../../lib/session/mod.ts";

/** Keeps what it is told. Hands frames on at once unless told to hold them. */
export class RecordingHandler implements StreamHandler {
  readonly frames: SequencedFrame[] = [];
  readonly resets: { code: number; reason: string }[] = [];
  writableCalls = 0;
  stream: Stream | null = null;
  /** Frames wait for {@link deliver} instead of being handed on at once. */
  holding = false;
  /** Lets go of the stream as soon as it is told of a reset. */
  releasesOnReset = true;
  readonly #held: SequencedFrame[] = [];

  get types(): number[] {
    return this.frames.map((frame) => frame.type);
  }

  frame(frame: SequencedFrame): void {
    this.frames.push(frame);
    this.#held.push(frame);
    if (!this.holding) this.deliver();
  }

  /** Hands on `count` of the frames that wait, or all. */
  deliver(count = this.#held.length): void {
    for (const frame of this.#held.splice(0, count)) this.stream!.delivered(1, payloadBytes(frame));
  }

  writable(): void {
    this.writableCalls++;
  }

  reset(code: number, reason: string): void {
    this.resets.push({ code, reason });
    if (this.releasesOnReset) this.stream!.release();
  }
}
