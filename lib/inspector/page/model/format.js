/** Numbers and captured text as people read them. */

/**
 * Bytes as `0 B`, `1.2 kB`, `34 MB`.
 *
 * @param {number} bytes
 * @returns {string}
 */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  const units = ["kB", "MB", "GB", "TB"];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/**
 * A span of time as `0.42 ms`, `17 ms`, `1.24 s`, `3m 05s`, `2h 07m`, `4d 03h`.
 *
 * @param {number} ms
 * @returns {string}
 */
export function formatMs(ms) {
  if (ms < 9.995) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days}d ${two(hours)}h`;
  if (hours > 0) return `${hours}h ${two(minutes)}m`;
  return `${minutes}m ${two(seconds % 60)}s`;
}

/**
 * A clock offset with its sign, as `+0.3 ms ± 0.1 ms`.
 *
 * @param {{ offsetMs: number, uncertaintyMs: number } | null} offset
 * @returns {string}
 */
export function formatOffset(offset) {
  if (offset === null) return "–";
  const sign = offset.offsetMs < 0 ? "−" : "+";
  return `${sign}${formatMs(Math.abs(offset.offsetMs))} ± ${formatMs(offset.uncertaintyMs)}`;
}

/**
 * Local time of day as `13:05:09.042`.
 *
 * @param {number} at milliseconds since 1970
 * @param {{ millis?: boolean }} [options]
 * @returns {string}
 */
export function formatClock(at, { millis = false } = {}) {
  const date = new Date(at);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return millis ? `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}` : clock;
}

/**
 * `1 stream`, `3 streams`.
 *
 * @param {number} count
 * @param {string} one
 * @returns {string}
 */
export function formatCount(count, one) {
  return `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
}

// Controls, line separators, what turns the direction of text round, and what takes no room at all (Unicode's
// Default_Ignorable_Code_Point): they would let one line look like another.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu;

/**
 * Captured text for one line: what cannot be seen, or would change how its surroundings are seen, is written out.
 *
 * @param {string} text
 * @returns {string}
 */
export function printable(text) {
  return text.replace(invisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xffff) return `\\u{${hex(code, 5)}}`;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/**
 * The beginning of a text, in one line.
 *
 * @param {string} text
 * @param {number} length characters at most
 * @returns {string}
 */
export function preview(text, length) {
  const line = printable(text.slice(0, length + 1).replace(/\s+/g, " "));
  return text.length > length ? `${line.slice(0, length)}…` : line;
}

/** @param {number} value @param {number} digits */
function hex(value, digits) {
  return value.toString(16).padStart(digits, "0");
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, "0");
}
