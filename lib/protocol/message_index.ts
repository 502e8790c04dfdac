/**
 * Message index: the u16 that numbers the frames of one stream in one direction. It wraps, so two indices
 * are only ever compared by serial-number arithmetic (RFC 1982, SERIAL_BITS = 16).
 *
 * The comparison is sound for distances up to 2^15 - 1 and undefined at exactly 2^15, hence the bound on
 * unacknowledged frames below: with at most 2^15 - 1 of them outstanding, every index a peer can rightly
 * name is on the sound side of the circle.
 */

/** Number of distinct message indices, 2^16. */
export const indexSpace = 0x1_0000;

/** Most frames a sender may have unacknowledged in one stream and direction: 2^15 - 1 (RFC 1982, 3.2). */
export const maxUnacknowledgedFrames = 0x7fff;

/** The index `count` frames after `index`; `count` may be negative. Range 0 … 65,535. */
export function indexAdd(index: number, count: number): number {
  return (index + count) & 0xffff;
}

/** How many frames `to` lies ahead of `from` going forward round the circle: 0 … 65,535. */
export function indexDistance(from: number, to: number): number {
  return (to - from) & 0xffff;
}

/** Whether `a` comes after `b`: `(a - b) mod 2^16` is in 1 … 2^15 - 1 (RFC 1982, 3.2). */
export function isAfter(a: number, b: number): boolean {
  const distance = (a - b) & 0xffff;
  return distance !== 0 && distance <= maxUnacknowledgedFrames;
}
