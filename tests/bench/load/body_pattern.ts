/**
 * What large bodies repeat, 64 KiB at a time. 251 is prime, so bytes a power of two apart differ: a piece that is
 * lost, doubled or moved shows at the first byte behind it.
 */
export const bodyPattern: Uint8Array<ArrayBuffer> = new Uint8Array(64 * 1024).map((_, i) => i % 251);

/** The byte at `offset` of a body. */
export function bodyByte(offset: number): number {
  return bodyPattern[offset % bodyPattern.length];
}
