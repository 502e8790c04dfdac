import type { CaptureRecord } from "./format.ts";
import type { CaptureReader } from "./reader.ts";

export interface ReadRecordsOptions {
  /** Ends the reading between two records. */
  signal?: AbortSignal;
  /** Told now and then how far the file is read, bytes. */
  onProgress?: (offset: number) => void;
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
  let sliceEnd = performance.now() + sliceMs;
  for (let count = 1; !signal?.aborted; count++) {
    const record = reader.next();
    if (record === null) return "end";
    visit(record);
    if (count % recordsPerLook !== 0 || performance.now() < sliceEnd) continue;
    onProgress?.(reader.offset);
    await new Promise((resolve) => setTimeout(resolve, 0));
    sliceEnd = performance.now() + sliceMs;
  }
  return "aborted";
}
