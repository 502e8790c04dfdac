import { frameTypes, maxPartBytes, type SequencedFrame } from "../protocol/mod.ts";

/** Of a body so much at most is kept to be sent again, bytes: what fits into one frame. */
const maxKeptBytes = maxPartBytes;

/** Room that is made at first, bytes. */
const firstRoomBytes = 1024;

/**
 * What was written of a request's body, to be sent again. Its pieces are joined: a client may send each byte in a chunk of
 * its own, and a frame takes hundreds of bytes besides its payload.
 */
export class KeptBody {
  #bytes = new Uint8Array(0);
  #length = 0;
  #end: SequencedFrame | null = null;

  /** Keeps the next frame of the body. @returns `false` when it is too much */
  add(frame: SequencedFrame): boolean {
    if (frame.type !== frameTypes.bodyChunk) {
      this.#end = frame;
      return true;
    }
    const length = this.#length + frame.bytes.length;
    if (length > maxKeptBytes) return false;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(frame.bytes, this.#length);
    this.#length = length;
    return true;
  }

  /** All of it, in as few frames as may be. */
  frames(): SequencedFrame[] {
    const frames: SequencedFrame[] = [];
    if (this.#length > 0) {
      const bytes = this.#bytes.subarray(0, this.#length);
      frames.push({ type: frameTypes.bodyChunk, gatewayId: 0, requestId: 0, index: 0, bytes });
    }
    if (this.#end !== null) frames.push(this.#end);
    return frames;
  }

  #grow(length: number): void {
    const room = Math.min(maxKeptBytes, Math.max(length, 2 * this.#bytes.length, firstRoomBytes));
    const bytes = new Uint8Array(room);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
