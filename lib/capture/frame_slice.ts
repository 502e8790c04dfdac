import type { FrameSkimmer, StreamFrame } from "../protocol/mod.ts";
import type { CaptureDirection, FrameRecord } from "./format.ts";

const nothing: Uint8Array = new Uint8Array(0);

/**
 * A frame's record as the reader has it: where the frame lies in the buffer. A view of it is made when it is asked for,
 * since making one takes about as long as reading a small frame.
 */
export class FrameSlice implements FrameRecord {
  readonly kind = "frame";
  number = 0;
  offset = 0;
  timeUs = 0;
  link = 0;
  direction: CaptureDirection = "sent";
  omittedBytes = 0;
  #buffer: Uint8Array = nothing;
  #skimmer: FrameSkimmer | null = null;
  #start = 0;
  #end = 0;
  #view: Uint8Array | null = null;

  /** Says where the frame lies. */
  place(buffer: Uint8Array, skimmer: FrameSkimmer, start: number, end: number): void {
    this.#buffer = buffer;
    this.#skimmer = skimmer;
    this.#start = start;
    this.#end = end;
    this.#view = null;
  }

  get bytes(): Uint8Array {
    return this.#view ??= this.#buffer.subarray(this.#start, this.#end);
  }

  /** The frame where it is an everyday one, its payload by length alone; else `null`: see {@link FrameSkimmer}. */
  skim(): StreamFrame | null {
    return this.#skimmer?.frame(this.#start, this.#end) ?? null;
  }
}
