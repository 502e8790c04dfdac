import { characterClasses, isOptionalSpace, tokenCharacter, valueCharacter } from "./characters.ts";
import { Http1Error } from "./errors.ts";
import type { RawHeaders } from "./headers.ts";

/** Most fields in one head or trailer section: a frame has room for four times as many. */
export const maxFields = 256;

/** Whose fields are read: decides what the error says to answer. */
export type Side = "request" | "response";

const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;

/** What is read: the bytes, and the same as text, one character a byte, of which names and values are cut. */
export interface FieldSource {
  bytes: Uint8Array;
  text: string;
  /** Offset in `bytes` of the first character of `text`. */
  textAt: number;
  side: Side;
}

/**
 * Reads field lines (RFC 9112, 5) from `at` to `end`; the last of them ends there, in an LF.
 *
 * @throws {Http1Error} on anything but `name: value CRLF`: folded lines, white space or nothing before the colon,
 * control characters, bare CR or LF; 431 when there are more than {@link maxFields}
 */
export function parseFieldLines(source: FieldSource, at: number, end: number): RawHeaders {
  const { bytes, text, textAt } = source;
  const headers: string[] = [];
  while (at < end) {
    const nameAt = at;
    while ((characterClasses[bytes[at]] & tokenCharacter) !== 0) at++;
    if (at === nameAt || bytes[at] !== colon) throw badName(source, nameAt, at);
    const nameEnd = at++;
    while (isOptionalSpace(bytes[at])) at++;
    const valueAt = at;
    while ((characterClasses[bytes[at]] & valueCharacter) !== 0) at++;
    if (bytes[at] !== cr || bytes[at + 1] !== lf) {
      throw badValue(source, at, text.slice(nameAt - textAt, nameEnd - textAt));
    }
    let valueEnd = at;
    while (valueEnd > valueAt && isOptionalSpace(bytes[valueEnd - 1])) valueEnd--;
    at += 2;
    headers.push(
      text.slice(nameAt - textAt, nameEnd - textAt),
      text.slice(valueAt - textAt, valueEnd - textAt),
    );
  }
  if (headers.length > 2 * maxFields) {
    throw new Http1Error(
      source.side === "request" ? 431 : 502,
      `there are more than ${maxFields} header fields`,
    );
  }
  return headers;
}

function badName(source: FieldSource, nameAt: number, at: number): Http1Error {
  const byte = source.bytes[at];
  if (at === nameAt && isOptionalSpace(byte)) {
    return malformed(source, "a header line is folded or begins with white space");
  }
  if (at === nameAt && byte === colon) return malformed(source, "a header field has no name");
  if (isOptionalSpace(byte)) {
    return malformed(source, "there is white space between a header field's name and its colon");
  }
  if (byte === cr || byte === lf) {
    return malformed(source, "a header line has no colon, or ends in a bare CR or LF");
  }
  return malformed(source, "a header field's name has a character that names must not have");
}

function badValue(source: FieldSource, at: number, name: string): Http1Error {
  const byte = source.bytes[at];
  if (byte === cr) return malformed(source, `a bare CR is in the value of "${name}"`);
  if (byte === lf) return malformed(source, `the line of "${name}" ends in a bare LF`);
  return malformed(source, `a control character is in the value of "${name}"`);
}

/** The error for a message that is not HTTP. */
export function malformed(source: { side: Side }, message: string): Http1Error {
  return new Http1Error(source.side === "request" ? 400 : 502, message);
}
