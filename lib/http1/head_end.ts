/**
 * Largest head, start line and fields together, bytes: what nginx takes by default. A byte of a head may become two
 * on a link, which carries text as UTF-8 and at most 64 KiB in one piece.
 */
export const maxHeadBytes = 32 * 1024;

const cr = 0x0d;
const lf = 0x0a;

/**
 * The offset behind the empty line that ends the head that begins at `from`, or -1 when it is not there yet.
 *
 * Lines that end in a bare LF are found too, so that such a head is refused at once by the parser rather than waited
 * on until a timeout.
 */
export function findHeadEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from + 1;
  while (at < to) {
    const byte = bytes[at];
    if (byte > cr) {
      // The byte behind one that is neither CR nor LF cannot end an empty line, so it need not be looked at.
      at += 2;
      continue;
    }
    if (byte === lf) {
      const before = bytes[at - 1];
      if (before === lf || (before === cr && at - 2 >= from && bytes[at - 2] === lf)) return at + 1;
    }
    at++;
  }
  return -1;
}
