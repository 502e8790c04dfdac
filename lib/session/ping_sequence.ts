/**
 * Ping sequence numbers: u32 on the wire, one up a ping, wrapping to 0. At a ping a millisecond that is after
 * 49 days. Compared by serial-number arithmetic (RFC 1982, SERIAL_BITS = 32), as message indices are.
 */

const half = 0x8000_0000;

/** The number after `sequence`. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) >>> 0;
}

/** Whether `a` was given out before `b`: `b` lies 1 … 2^31 - 1 ahead of it. */
export function isSequenceBefore(a: number, b: number): boolean {
  const ahead = (b - a) >>> 0;
  return ahead !== 0 && ahead < half;
}
