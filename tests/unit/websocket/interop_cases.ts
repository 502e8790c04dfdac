/** Either side of every change in the length encoding and in the part size, and the largest message. */
export const messageSizes = [0, 1, 125, 126, 65535, 65536, 65537, 2 ** 20, 16 * 2 ** 20];

/** Text of so many bytes of UTF-8, most of them in characters of three that parts will cut. */
export function textOf(bytes: number): string {
  return "€".repeat(Math.floor(bytes / 3)) + "x".repeat(bytes % 3);
}
