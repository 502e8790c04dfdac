import { Repeated } from "../repeats/mod.ts";
import { characterClasses, isDigit, valueCharacter } from "./characters.ts";
import { Http1Error } from "./errors.ts";
import { type FieldSource, parseFieldLines } from "./field_lines.ts";
import { maxHeadBytes } from "./head_end.ts";
import type { RawHeaders } from "./headers.ts";
import { latin1Slice } from "./latin1.ts";

/** A response's start line and fields. */
export interface ResponseHead {
  /** 100 to 999. */
  status: number;
  /** May be empty. */
  reason: string;
  /** Of HTTP/1. A higher one is taken as the highest that is known here (RFC 9110, 2.5). */
  minorVersion: 0 | 1;
  headers: RawHeaders;
}

const knownFields = new Repeated<RawHeaders>();
const knownReasons = new Repeated<string>({ slots: 16, maxBytes: 64 });

const space = 0x20;
const cr = 0x0d;
const lf = 0x0a;
/** `HTTP/1.1 200`, bytes. */
const statusEndAt = 12;

/**
 * Reads a response's head (RFC 9112, 4 and 5) from `from` to `end`, as {@link findHeadEnd} has found them. The space before
 * an absent reason may be absent too, which the RFC does not allow, but many origins do.
 *
 * @throws {Http1Error} 502 when it is malformed, too large, or not of HTTP/1
 */
export function parseResponseHead(bytes: Uint8Array, from: number, end: number): ResponseHead {
  if (end - from > maxHeadBytes) {
    throw new Http1Error(502, `the response's head is larger than ${maxHeadBytes} bytes`);
  }
  const linesEnd = end - 2;
  // The last line and the empty one: their four bytes stop every scan below.
  if (
    linesEnd - 2 < from || bytes[end - 1] !== lf || bytes[linesEnd] !== cr || bytes[end - 3] !== lf ||
    bytes[end - 4] !== cr
  ) {
    throw new Http1Error(502, "a line of the response's head does not end in CRLF");
  }
  const isVersion = bytes[from] === 0x48 && bytes[from + 1] === 0x54 && bytes[from + 2] === 0x54 &&
    bytes[from + 3] === 0x50 &&
    bytes[from + 4] === 0x2f && bytes[from + 5] === 0x31 && bytes[from + 6] === 0x2e &&
    isDigit(bytes[from + 7]) && bytes[from + 8] === space;
  if (!isVersion) throw new Http1Error(502, "the response does not begin with HTTP/1.0 or HTTP/1.1");
  const hundreds = bytes[from + 9];
  const tens = bytes[from + 10];
  const ones = bytes[from + 11];
  let at = from + statusEndAt;
  const isStatus = isDigit(hundreds) && hundreds !== 0x30 && isDigit(tens) && isDigit(ones) &&
    (bytes[at] === space || bytes[at] === cr);
  if (!isStatus) throw new Http1Error(502, "the response's status is not a number from 100 to 999");
  if (bytes[at] === space) at++;
  const reasonAt = at;
  while ((characterClasses[bytes[at]] & valueCharacter) !== 0) at++;
  if (bytes[at] !== cr || bytes[at + 1] !== lf) {
    throw new Http1Error(502, "the response's status line has a control character, or does not end in CRLF");
  }
  const status = (hundreds - 0x30) * 100 + (tens - 0x30) * 10 + (ones - 0x30);
  const minorVersion = bytes[from + 7] === 0x30 ? 0 : 1;
  const known = knownFields.find(bytes, at + 2, linesEnd);
  const reason = knownReasons.find(bytes, reasonAt, at) ?? readReason(bytes, reasonAt, at);
  if (known !== undefined) return { status, reason, minorVersion, headers: known };
  const fieldsAt = at + 2;
  const text = latin1Slice.call(bytes, fieldsAt, linesEnd);
  const source: FieldSource = { bytes, text, textAt: fieldsAt, side: "response" };
  const headers = parseFieldLines(source, fieldsAt, linesEnd);
  knownFields.learn(bytes, fieldsAt, linesEnd, headers);
  return { status, reason, minorVersion, headers };
}

function readReason(bytes: Uint8Array, from: number, to: number): string {
  const reason = latin1Slice.call(bytes, from, to);
  knownReasons.learn(bytes, from, to, reason);
  return reason;
}
