import { isDigit, isToken } from "./characters.ts";
import { Http1Error } from "./errors.ts";
import { malformed, type Side } from "./field_lines.ts";
import { isNamed, type RawHeaders } from "./headers.ts";
import type { RequestHead } from "./request_head.ts";
import type { ResponseHead } from "./response_head.ts";

/** Where a message's body ends (RFC 9112, 6.3): there is none, after so many bytes, after a last chunk, with the connection. */
export type BodyFraming =
  | { kind: "none" }
  | { kind: "length"; bytes: number }
  | { kind: "chunked" }
  | { kind: "until-close" };

const none: BodyFraming = { kind: "none" };
const chunked: BodyFraming = { kind: "chunked" };
const untilClose: BodyFraming = { kind: "until-close" };

/** Codings that HTTP knows besides chunked (RFC 9112, 7). None can be undone or passed on here. */
const knownCodings = new Set(["gzip", "x-gzip", "deflate", "compress", "x-compress"]);

/**
 * How a request's body is delimited. Anything two readers could see differently is refused, although RFC 9112
 * lets a recipient repair some of it.
 *
 * @throws {Http1Error} 400 on Content-Length beside Transfer-Encoding, a Content-Length that is not one number of at
 * most 2^53 - 1, a Transfer-Encoding that does not end in chunked, has it twice, or is in HTTP/1.0; 501 on any other coding
 */
export function requestFraming(head: RequestHead): BodyFraming {
  return declaredFraming(head, "request") ?? none;
}

/**
 * How the body of the response to a request of method `method` is delimited. HEAD, 1xx, 204, 304 and a successful
 * CONNECT have none, whatever the fields say; those are held to the same rules all the same, since they are passed on.
 *
 * @throws {Http1Error} 502 on what {@link requestFraming} refuses
 */
export function responseFraming(head: Omit<ResponseHead, "reason">, method: string): BodyFraming {
  const declared = declaredFraming(head, "response");
  const { status } = head;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return none;
  if (method === "CONNECT" && status < 300) return none;
  return declared ?? untilClose;
}

function declaredFraming(head: { minorVersion: 0 | 1; headers: RawHeaders }, side: Side): BodyFraming | null {
  const { headers } = head;
  let length: string | null = null;
  let encoding: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name.length === 14 && isNamed(name, "content-length")) {
      if (length !== null) throw malformed({ side }, "there is more than one Content-Length");
      length = headers[i + 1];
    } else if (name.length === 17 && isNamed(name, "transfer-encoding")) {
      encoding = encoding === null ? headers[i + 1] : `${encoding},${headers[i + 1]}`;
    }
  }
  if (encoding !== null) {
    if (length !== null) throw malformed({ side }, "Content-Length and Transfer-Encoding exclude each other");
    if (head.minorVersion === 0) throw malformed({ side }, "HTTP/1.0 has no Transfer-Encoding");
    checkTransferEncoding(encoding, side);
    return chunked;
  }
  return length === null ? null : { kind: "length", bytes: contentLength(length, side) };
}

function contentLength(value: string, side: Side): number {
  let bytes = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (!isDigit(code)) throw malformed({ side }, "Content-Length is not a number");
    bytes = bytes * 10 + (code - 0x30);
    if (bytes > Number.MAX_SAFE_INTEGER) throw malformed({ side }, "Content-Length is too large");
  }
  if (value.length === 0) throw malformed({ side }, "Content-Length is empty");
  return bytes;
}

/**
 * Passes `chunked` alone, in any case. No other coding could be passed on, since the next hop is not told of it. An
 * empty element, which other lists may have, is refused: readers disagree on what it is.
 */
function checkTransferEncoding(value: string, side: Side): void {
  if (isNamed(value, "chunked")) return;
  const codings = value.toLowerCase().split(",").map((coding) => coding.replace(/^[ \t]+|[ \t]+$/g, ""));
  const names = codings.map((coding) => coding.split(/[ \t]*;/, 1)[0]);
  if (names.some((name) => isToken(name) && name !== "chunked" && !knownCodings.has(name))) {
    throw unsupported(side);
  }
  if (codings.at(-1) !== "chunked") throw malformed({ side }, "Transfer-Encoding does not end in chunked");
  if (names.indexOf("chunked") !== names.length - 1) {
    throw malformed({ side }, "Transfer-Encoding has chunked more than once");
  }
  if (!names.every(isToken)) throw malformed({ side }, "Transfer-Encoding has an element that is no coding");
  throw unsupported(side);
}

function unsupported(side: Side): Http1Error {
  return new Http1Error(
    side === "request" ? 501 : 502,
    "a transfer coding other than chunked is not supported",
  );
}
