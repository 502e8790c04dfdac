import { maxReadBytes } from "../socket_io.ts";

/**
 * What all sockets read into, one after another: a read is dealt with before the next one, and what it brought is valid only
 * until then. So it may be large, stays in the processor's cache, and a silent socket has none.
 */
export const sharedBuffer: Uint8Array<ArrayBuffer> = new Uint8Array(maxReadBytes);

/** Views of so many bytes and fewer are made once each. Making one takes longer than reading a small frame. */
const largestKept = 4 * 1024;
const views: (Uint8Array | undefined)[] = new Array(largestKept + 1).fill(undefined);

/** The first `count` bytes. */
export function sharedBytes(count: number): Uint8Array {
  if (count > largestKept) return sharedBuffer.subarray(0, count);
  return views[count] ??= sharedBuffer.subarray(0, count);
}
