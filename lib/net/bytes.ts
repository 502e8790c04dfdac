import { keptPayloadBytes } from "../session/mod.ts";

/** Small copies share slabs of this size: an allocation of their own would cost ten times the copy. */
const slabBytes = 8 * 1024;
const slabCopyUpTo = 2 * 1024;

let slab = new Uint8Array(slabBytes);
let used = 0;

/** Up to this length, making a view to copy from takes longer than one byte after the other. */
const copyBytewiseUpTo = 128;

/** A copy of `bytes` from `from` on that the caller may keep. It pins 8 KiB at most beyond its own size. */
export function copyBytes(bytes: Uint8Array, from = 0): Uint8Array {
  const length = bytes.length - from;
  if (length > slabCopyUpTo) return bytes.slice(from);
  if (used + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  if (from === 0) copy.set(bytes);
  else if (length > copyBytewiseUpTo) copy.set(bytes.subarray(from));
  else for (let i = 0; i < length; i++) copy[i] = bytes[from + i];
  used += length;
  return copy;
}

/** `view` from `from` on, whose owner will overwrite it, as a payload that a stream may be given: it copies large ones itself. */
export function asPayload(view: Uint8Array, from = 0): Uint8Array {
  if (view.length - from <= keptPayloadBytes) return copyBytes(view, from);
  return from === 0 ? view : view.subarray(from);
}

/** `first` followed by `second`. */
export function concatBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
