import { Repeated } from "../repeats/mod.ts";
import { characterClasses, isDigit, targetCharacter, tokenCharacter } from "./characters.ts";
import { Http1Error } from "./errors.ts";
import { type FieldSource, parseFieldLines } from "./field_lines.ts";
import { maxHeadBytes } from "./head_end.ts";
import { isNamed, type RawHeaders } from "./headers.ts";
import { latin1Slice } from "./latin1.ts";
import { isAuthority, targetProblem } from "./target.ts";

/** A request's start line and fields. */
export interface RequestHead {
  method: string;
  /** Byte for byte as sent: origin-form, absolute-form, `*` or, for CONNECT, `host:port`. */
  target: string;
  /** Of HTTP/1. A higher one is taken as the highest that is known here (RFC 9110, 2.5). */
  minorVersion: 0 | 1;
  headers: RawHeaders;
}

type RequestLine = Pick<RequestHead, "method" | "target">;

/** Fields that were valid in HTTP/1.1, and so are in HTTP/1.0. */
const knownFields = new Repeated<RawHeaders>();

/** What requests ask for is often the same: their method, a space and their target. */
const knownLines = new Repeated<RequestLine>({ maxBytes: 256 });

const space = 0x20;
const cr = 0x0d;
const lf = 0x0a;
/** ` HTTP/1.1` and its line end, bytes. */
const versionBytes = 11;

/**
 * Reads a request's head (RFC 9112, 3 and 5) from `from` to `end`, as {@link findHeadEnd} has found them.
 *
 * @throws {Http1Error} 400 when it is malformed, has a target of the wrong form, or, in HTTP/1.1, not exactly one valid
 * Host (a second or invalid one in HTTP/1.0 too); 431 when it is too large; 505 when it is not of HTTP/1
 */
export function parseRequestHead(bytes: Uint8Array, from: number, end: number): RequestHead {
  if (end - from > maxHeadBytes) throw new Http1Error(431, `the head is larger than ${maxHeadBytes} bytes`);
  const linesEnd = end - 2;
  // The last line and the empty one: their four bytes stop every scan below.
  if (
    linesEnd - 2 < from || bytes[end - 1] !== lf || bytes[linesEnd] !== cr || bytes[end - 3] !== lf ||
    bytes[end - 4] !== cr
  ) {
    throw new Http1Error(400, "a line of the head does not end in CRLF");
  }
  let at = from;
  while ((characterClasses[bytes[at]] & tokenCharacter) !== 0) at++;
  if (at === from || bytes[at] !== space) {
    throw new Http1Error(400, "the request does not begin with a method and a space");
  }
  const methodEnd = at++;
  while ((characterClasses[bytes[at]] & targetCharacter) !== 0) at++;
  if (at === methodEnd + 1) throw new Http1Error(400, "the request target is missing");
  const targetEnd = at;
  const minorVersion = versionAt(bytes, targetEnd);
  const fieldsAt = targetEnd + versionBytes;
  const known = knownFields.find(bytes, fieldsAt, linesEnd);
  const { method, target } = knownLines.find(bytes, from, targetEnd) ??
    readLine(bytes, from, methodEnd, targetEnd);
  if (known !== undefined) return { method, target, minorVersion, headers: known };
  const text = latin1Slice.call(bytes, fieldsAt, linesEnd);
  const source: FieldSource = { bytes, text, textAt: fieldsAt, side: "request" };
  const headers = parseFieldLines(source, fieldsAt, linesEnd);
  checkHost(headers, minorVersion);
  // What HTTP/1.0 leaves out may be missing.
  if (minorVersion === 1) knownFields.learn(bytes, fieldsAt, linesEnd, headers);
  return { method, target, minorVersion, headers };
}

function readLine(bytes: Uint8Array, from: number, methodEnd: number, targetEnd: number): RequestLine {
  const text = latin1Slice.call(bytes, from, targetEnd);
  const method = text.slice(0, methodEnd - from);
  const target = text.slice(methodEnd + 1 - from);
  const problem = targetProblem(method, target);
  if (problem !== null) throw new Http1Error(400, problem);
  const line = { method, target };
  knownLines.learn(bytes, from, targetEnd, line);
  return line;
}

/**
 * Whether what has come of a head so far can still become one: a method, or the beginning of one. A client that
 * speaks TLS to a plain port, say, can be told at once instead of when it has waited too long.
 */
export function mayBeginRequest(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && (characterClasses[bytes[at]] & tokenCharacter) !== 0) at++;
  return at === to || (at > from && bytes[at] === space);
}

/** Reads ` HTTP/1.x CRLF` behind a target. */
function versionAt(bytes: Uint8Array, at: number): 0 | 1 {
  if (bytes[at] !== space) {
    throw new Http1Error(
      400,
      bytes[at] === cr || bytes[at] === lf
        ? "the request line has no HTTP version"
        : "the request target has a character that targets must not have",
    );
  }
  const isVersion = bytes[at + 1] === 0x48 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x54 &&
    bytes[at + 4] === 0x50 &&
    bytes[at + 5] === 0x2f && isDigit(bytes[at + 6]) && bytes[at + 7] === 0x2e && isDigit(bytes[at + 8]) &&
    bytes[at + 9] === cr && bytes[at + 10] === lf;
  if (!isVersion) throw new Http1Error(400, "the request line does not end in an HTTP version and CRLF");
  if (bytes[at + 6] !== 0x31) throw new Http1Error(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  return bytes[at + 8] === 0x30 ? 0 : 1;
}

/** RFC 9112, 3.2: one Host, and a valid one. An empty one has no place in an `http` URL (RFC 9110, 4.2.1). */
function checkHost(headers: RawHeaders, minorVersion: 0 | 1): void {
  let seen = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].length !== 4 || !isNamed(headers[i], "host")) continue;
    if (seen) throw new Http1Error(400, "there is more than one Host field");
    if (!isAuthority(headers[i + 1])) {
      throw new Http1Error(400, "the Host field is not a host and an optional port");
    }
    seen = true;
  }
  if (!seen && minorVersion === 1) throw new Http1Error(400, "the Host field is missing");
}
