/** Parts up to this size are the receiver's to keep; larger ones lie in a buffer that is used again. */
export const maxKeptPartBytes = 1024;

/** Where the buffers of larger parts come from, and go when the part was handed out. */
export interface LargePartBuffers {
  /** @returns exactly `count` bytes, whatever they hold */
  take(count: number): Uint8Array;
  giveBack(bytes: Uint8Array): void;
}

/** Each larger part has a buffer of its own. */
export const freshBuffers: LargePartBuffers = {
  take: (count) => new Uint8Array(count),
  giveBack: () => {},
};

/** An empty part needs no buffer of its own. */
export const noBytes = new Uint8Array(0);

/** Small parts lie side by side in slabs of this size. */
const slabBytes = 4096;

let slab = new Uint8Array(slabBytes);
let used = 0;

/**
 * Room for a part of {@link maxKeptPartBytes} at most. Making a `Uint8Array`, however small, takes 0.5 to 1 µs in Deno
 * (measured), many times what reading a small frame takes, so small parts of all connections lie side by side. One that is
 * kept keeps 4 KiB alive at most, which is about ten times what a `Uint8Array` of its own would take.
 */
export function smallPart(length: number): Uint8Array {
  if (used + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}
