import { Buffer } from "node:buffer";
import { maxHeaderStrings, maxTextBytes } from "../protocol/mod.ts";

/** Most bytes of UTF-8 that a UTF-16 code unit becomes. */
const maxBytesPerUnit = 3;

/**
 * Holds what a program answers to what a gateway takes. A frame that none takes would cost the link, and the next link
 * that it is sent over, and so on.
 *
 * @throws {RangeError} when the status or the fields are none that can be sent
 */
export function checkHead(head: { status: number; reason: string; headers: readonly string[] }): void {
  const { status, reason, headers } = head;
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new RangeError(`a response's status is 200 to 999, not ${status}`);
  }
  checkFields([reason, ...headers], headers.length);
}

/** Whether the answer to such a request goes on behind its head (RFC 9112, 6.3). */
export function mayHaveBody(method: string, status: number): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}

/** @throws {RangeError} as {@link checkHead} */
export function checkFields(texts: readonly string[], count = texts.length): void {
  if (count % 2 !== 0) throw new RangeError("fields are names and values by turns");
  if (count > maxHeaderStrings) throw new RangeError(`there are more than ${maxHeaderStrings / 2} fields`);
  let units = 0;
  for (const text of texts) units += text.length;
  if (units * maxBytesPerUnit <= maxTextBytes) return;
  let bytes = 0;
  for (const text of texts) bytes += Buffer.byteLength(text, "utf8");
  if (bytes > maxTextBytes) throw new RangeError(`all fields together are larger than ${maxTextBytes} bytes`);
}
