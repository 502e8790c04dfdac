import { Http1Error } from "./errors.ts";
import { parseFieldLines } from "./field_lines.ts";
import { headerValue, type RawHeaders } from "./headers.ts";
import { latin1Slice } from "./latin1.ts";

/**
 * Fields that must not come behind a body (RFC 9110, 6.5.1): whoever merges them into the head would let the body's
 * sender change framing, routing, authentication or the kind of content after they had been decided on.
 */
const forbidden = new Set([
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "max-forwards",
  "pragma",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "www-authenticate",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

/** The trailer fields that may be, in order; the others are left out (RFC 9110, 6.5.1). */
export function allowedTrailers(trailers: RawHeaders): RawHeaders {
  if (trailers.length === 0) return trailers;
  const allowed: string[] = [];
  for (let i = 0; i < trailers.length; i += 2) {
    if (!forbidden.has(trailers[i].toLowerCase())) allowed.push(trailers[i], trailers[i + 1]);
  }
  return allowed;
}

/**
 * Reads a trailer section: field lines without the empty line behind them. Of the fields that must not be there those
 * that delimit bodies are no mistake but an attempt at smuggling; the others are left out.
 *
 * @throws {Http1Error} as {@link parseFieldLines}, and on Content-Length and Transfer-Encoding
 */
export function parseTrailers(bytes: Uint8Array): RawHeaders {
  if (bytes.length < 2 || bytes[bytes.length - 2] !== 0x0d) {
    throw new Http1Error(400, "a trailer line ends in a bare LF");
  }
  const text = latin1Slice.call(bytes, 0, bytes.length);
  const trailers = parseFieldLines({ bytes, text, textAt: 0, side: "request" }, 0, bytes.length);
  for (const name of ["content-length", "transfer-encoding"]) {
    if (headerValue(trailers, name) !== undefined) throw new Http1Error(400, `the trailers have ${name}`);
  }
  return allowedTrailers(trailers);
}
