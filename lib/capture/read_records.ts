import type { CaptureRecord } from "./format.ts";
import { FrameSlice } from "./frame_slice.ts";
import type { CaptureReader } from "./reader.ts";

export interface ReadRecordsOptions {
  /** Ends the reading between two records. */
  signal?: AbortSignal;
  /** Told now and then how far the file is read, bytes. */
  onProgress?: (offset: number) => void;
  /** One object is given for all frames, one after another: for who keeps none of them, and is to read fast. */
  reusesFrames?: boolean;
}

/** Records between two looks at the clock, and time between two turns of the event loop, milliseconds. */
const recordsPerLook = 512;
const sliceMs = 50;

/**
 * Calls `visit` for every record of a capture, headers included, and lets timers and signals in between.
 *
 * @returns `"end"` when the file was read to its end, `"aborted"` when the signal ended it before
 * @throws {CaptureError} when the file is damaged; all records before have been visited then
 */
export async function readRecords(
  reader: CaptureReader,
  visit: (record: CaptureRecord) => void,
  options: ReadRecordsOptions = {},
): Promise<"end" | "aborted"> {
  const { signal, onProgress } = options;
  const reused = options.reusesFrames ? new FrameSlice() : null;
  let sliceEnd = performance.now() + sliceMs;
  for (let count = 1; !signal?.aborted; count++) {
    const record = reader.next(reused);
    if (record === null) return "end";
    visit(record);
    if (count % recordsPerLook !== 0 || performance.now() < sliceEnd) continue;
    onProgress?.(reader.offset);
    await new Promise((resolve) => setTimeout(resolve, 0));
    sliceEnd = performance.now() + sliceMs;
  }
  return "aborted";
}
