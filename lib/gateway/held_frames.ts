import {
  frameTypes,
  maxUnacknowledgedFrames,
  maxWindowBytes,
  payloadBytes,
  type SequencedFrame,
} from "../protocol/mod.ts";
import { heldBytesOf } from "../session/mod.ts";

/**
 * What a client has sent, or a dead session had not delivered, while no stream carries it. Bounded as a
 * stream's own buffer is: the owner stops reading its client when it is {@link full}.
 */
export class HeldFrames {
  #frames: SequencedFrame[] = [];
  #bytes = 0;
  #payloadBytes = 0;
  /** Each of those that came together counts: whoever comes next may want them one by one. */
  #messages = 0;

  /** What is held is reckoned to take, bytes: payload, and something for each frame. */
  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#frames.length;
  }

  get full(): boolean {
    return this.#payloadBytes >= maxWindowBytes || this.#messages >= maxUnacknowledgedFrames;
  }

  push(frame: SequencedFrame): void {
    this.#frames.push(frame);
    this.#bytes += heldBytesOf(frame);
    this.#payloadBytes += payloadBytes(frame);
    this.#messages += frame.type === frameTypes.wsMessages ? frame.sizes.length : 1;
  }

  /** Everything held, oldest first; nothing is held afterwards. */
  takeAll(): SequencedFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    this.#payloadBytes = 0;
    this.#messages = 0;
    return frames;
  }
}
