import { keptPayloadBytes } from "../session/mod.ts";

/** Small copies share slabs of this size: an allocation of their own would cost ten times the copy. */
const slabBytes = 8 * 1024;
const slabCopyUpTo = 2 * 1024;

let slab = new Uint8Array(slabBytes);
let used = 0;

/** A copy of `bytes` that the caller may keep. It pins 8 KiB at most beyond its own size. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const length = bytes.length;
  if (length > slabCopyUpTo) return bytes.slice();
  if (used + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  copy.set(bytes);
  used += length;
  return copy;
}

/** `view`, whose owner will overwrite it, as a payload that a stream may be given: it copies large ones itself. */
export function asPayload(view: Uint8Array): Uint8Array {
  return view.length > keptPayloadBytes ? view : copyBytes(view);
}

/** `first` followed by `second`. */
export function concatBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
