import { Derived } from "../repeats/mod.ts";
import { characterClasses, targetCharacter, tokenCharacter, valueCharacter } from "./characters.ts";
import { EncodeError } from "./errors.ts";
import type { RawHeaders } from "./headers.ts";
import { allowedTrailers } from "./trailers.ts";

/** Where heads and chunk headers are written: a socket's queue, so that they need no buffer of their own. */
export interface HeadSink {
  /** Offset of what was claimed last. */
  readonly claimedAt: number;
  /** @returns a buffer with room for `count` bytes from {@link claimedAt} on, or `null` when nothing is wanted any more */
  claim(count: number): Uint8Array | null;
  /** Takes back what was claimed last. */
  unclaim(count: number): void;
}

/** Field lines and the empty line behind them. */
const encodedFields = new Derived<Uint8Array>();

const nothing = new Uint8Array(0);

const colon = 0x3a;
const space = 0x20;
const cr = 0x0d;
const lf = 0x0a;

/** What follows the data of each chunk. */
export const chunkEnd: Uint8Array = Uint8Array.of(cr, lf);

/**
 * Writes a request's head, as HTTP/1.1.
 *
 * @throws {EncodeError} when the method or a name is not a token, the target or a value has a character it must not have
 * (CR, LF, NUL, other controls, anything beyond latin1), or the target is empty; nothing is written then
 */
export function writeRequestHead(sink: HeadSink, method: string, target: string, headers: RawHeaders): void {
  if (target.length === 0) throw new EncodeError("a request needs a target");
  const known = encodedFields.get(headers);
  const length = method.length + target.length + 12 + (known?.length ?? fieldsLength(headers));
  const out = sink.claim(length);
  if (out === null) return;
  try {
    let at = putToken(out, sink.claimedAt, method, "a method");
    out[at++] = space;
    at = put(out, at, target, targetCharacter, "a request target");
    // " HTTP/1.1\r\n"
    out[at++] = space;
    at = putVersion(out, at);
    out[at++] = cr;
    out[at++] = lf;
    putFields(out, at, headers, known);
  } catch (error) {
    sink.unclaim(length);
    throw error;
  }
}

/**
 * Writes a response's head, as HTTP/1.1.
 *
 * @param status 100 to 999
 * @param reason may be empty
 * @throws {EncodeError} when the status is out of range, a name is not a token, or the reason or a value has a character
 * it must not have; nothing is written then
 */
export function writeResponseHead(sink: HeadSink, status: number, reason: string, headers: RawHeaders): void {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new EncodeError(`a status is a number from 100 to 999, not ${status}`);
  }
  const known = encodedFields.get(headers);
  const length = reason.length + 15 + (known?.length ?? fieldsLength(headers));
  const out = sink.claim(length);
  if (out === null) return;
  try {
    let at = putVersion(out, sink.claimedAt);
    out[at++] = space;
    const hundreds = Math.trunc(status / 100);
    const tens = Math.trunc(status / 10) % 10;
    out[at++] = 0x30 + hundreds;
    out[at++] = 0x30 + tens;
    out[at++] = 0x30 + status % 10;
    out[at++] = space;
    at = put(out, at, reason, valueCharacter, "a reason phrase");
    out[at++] = cr;
    out[at++] = lf;
    putFields(out, at, headers, known);
  } catch (error) {
    sink.unclaim(length);
    throw error;
  }
}

/**
 * Writes the line before a chunk's data.
 *
 * @param bytes the data's length, at least 1: a chunk of none would end the body
 * @throws {EncodeError} when it is not a positive integer
 */
export function writeChunkHeader(sink: HeadSink, bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new EncodeError(`a chunk has at least one byte, not ${bytes}`);
  }
  let digits = 1;
  for (let rest = bytes; rest >= 16; rest = Math.floor(rest / 16)) digits++;
  const out = sink.claim(digits + 2);
  if (out === null) return;
  const start = sink.claimedAt;
  let rest = bytes;
  for (let at = start + digits - 1; at >= start; at--) {
    const digit = rest % 16;
    out[at] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = (rest - digit) / 16;
  }
  out[start + digits] = cr;
  out[start + digits + 1] = lf;
}

/**
 * Writes the end of a chunked body. Trailer fields that must not be there (RFC 9110, 6.5.1) are left out.
 *
 * @throws {EncodeError} as {@link writeRequestHead} for names and values
 */
export function writeLastChunk(sink: HeadSink, trailers: RawHeaders): void {
  const allowed = trailers.length === 0 ? trailers : allowedTrailers(trailers);
  const length = 3 + fieldsLength(allowed);
  const out = sink.claim(length);
  if (out === null) return;
  try {
    let at = sink.claimedAt;
    out[at++] = 0x30;
    out[at++] = cr;
    out[at++] = lf;
    putFields(out, at, allowed, undefined);
  } catch (error) {
    sink.unclaim(length);
    throw error;
  }
}

/** What {@link writeRequestHead} writes. @throws {EncodeError} as that does */
export function encodeRequestHead(method: string, target: string, headers: RawHeaders): Uint8Array {
  return encoded((sink) => writeRequestHead(sink, method, target, headers));
}

/** What {@link writeResponseHead} writes. @throws {EncodeError} as that does */
export function encodeResponseHead(status: number, reason: string, headers: RawHeaders): Uint8Array {
  return encoded((sink) => writeResponseHead(sink, status, reason, headers));
}

function encoded(write: (sink: HeadSink) => void): Uint8Array {
  let bytes = nothing;
  write({ claimedAt: 0, claim: (count) => bytes = new Uint8Array(count), unclaim: () => {} });
  return bytes;
}

/** Bytes of the field lines and the empty line behind them. */
function fieldsLength(headers: RawHeaders): number {
  let length = 2;
  for (let i = 0; i < headers.length; i += 2) length += headers[i].length + headers[i + 1].length + 4;
  return length;
}

/** @param known what was written for the same list before, if it is known */
function putFields(out: Uint8Array, at: number, headers: RawHeaders, known: Uint8Array | undefined): void {
  if (known !== undefined) return out.set(known, at);
  const end = writeFields(out, at, headers);
  if (encodedFields.keeps(headers)) encodedFields.set(headers, out.slice(at, end));
}

function writeFields(out: Uint8Array, at: number, headers: RawHeaders): number {
  for (let i = 0; i < headers.length; i += 2) {
    at = putToken(out, at, headers[i], "a header field's name");
    out[at++] = colon;
    out[at++] = space;
    at = put(out, at, headers[i + 1], valueCharacter, headers[i]);
    out[at++] = cr;
    out[at++] = lf;
  }
  out[at++] = cr;
  out[at++] = lf;
  return at;
}

function putToken(out: Uint8Array, at: number, token: string, what: string): number {
  if (token.length === 0) throw new EncodeError(`${what} must not be empty`);
  return put(out, at, token, tokenCharacter, what);
}

/** Writes one byte a character while it is looked at: quicker than any call that would write a whole string. */
function put(out: Uint8Array, at: number, text: string, characterClass: number, what: string): number {
  const classes = characterClasses;
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (classes[code] & characterClass) === 0) throw badCharacter(code, what);
    out[at + i] = code;
  }
  return at + length;
}

function badCharacter(code: number, what: string): EncodeError {
  return new EncodeError(
    `${what} must not have the character U+${code.toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

/** `HTTP/1.1` */
function putVersion(out: Uint8Array, at: number): number {
  out[at] = 0x48;
  out[at + 1] = 0x54;
  out[at + 2] = 0x54;
  out[at + 3] = 0x50;
  out[at + 4] = 0x2f;
  out[at + 5] = 0x31;
  out[at + 6] = 0x2e;
  out[at + 7] = 0x31;
  return at + 8;
}
