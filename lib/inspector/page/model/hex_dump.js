/** Bytes in one line of a dump. */
const lineBytes = 16;

/**
 * One line of a hex dump: `00000010`, `68 65 6c 6c …`, `hell…`.
 *
 * @typedef {{ offset: string, hex: string, text: string }} HexLine
 */

/**
 * Bytes as hexadecimal and printable ASCII, sixteen a line.
 *
 * @param {Uint8Array} bytes
 * @returns {HexLine[]}
 */
export function hexDump(bytes) {
  /** @type {HexLine[]} */
  const lines = [];
  for (let at = 0; at < bytes.length; at += lineBytes) {
    const part = bytes.subarray(at, at + lineBytes);
    lines.push({
      offset: at.toString(16).padStart(8, "0"),
      hex: hexOf(part.subarray(0, 8)).concat("  ", hexOf(part.subarray(8))).trimEnd(),
      text: Array.from(part, (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".").join(
        "",
      ),
    });
  }
  return lines;
}

/**
 * The same as one text.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function hexText(bytes) {
  const width = lineBytes * 3;
  return hexDump(bytes).map(({ offset, hex, text }) => `${offset}  ${hex.padEnd(width)}  ${text}`).join("\n");
}

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
