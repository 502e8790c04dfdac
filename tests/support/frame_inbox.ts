import { decodeFrames, type Frame, frameName } from "../../lib/protocol/mod.ts";
import { eventually } from "./stack.ts";

export type FrameOf<T extends Frame["type"]> = Extract<Frame, { type: T }>;

/** What one end of a link driven by hand was sent, and the wait for what it will be. */
export class FrameInbox {
  /** What came so far, a list of frames for each link message. */
  readonly messages: Frame[][] = [];
  readonly #taken = new Map<number, number>();
  #closed: string | null = null;

  /** @param closed how the link ended, once it has */
  constructor(closed: Promise<{ code: number; reason: string }>) {
    void closed.then(({ code, reason }) => this.#closed = `${code} "${reason}"`);
  }

  received(bytes: Uint8Array): void {
    this.messages.push(decodeFrames(bytes));
  }

  /** All frames of one type that have come. */
  frames<T extends Frame["type"]>(type: T): FrameOf<T>[] {
    return this.messages.flat().filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** The next frame of this type that was not taken yet; fails when none comes in time. */
  async frame<T extends Frame["type"]>(type: T): Promise<FrameOf<T>> {
    const at = this.#taken.get(type) ?? 0;
    this.#taken.set(type, at + 1);
    await eventually(() => this.frames(type).length, (count) => {
      if (count <= at && this.#closed !== null) {
        throw new Error(`the link closed with ${this.#closed} before ${frameName(type)}`);
      }
      return count > at;
    });
    return this.frames(type)[at];
  }
}
