import { Buffer } from "node:buffer";
import type { StoredBytes } from "../../capture/mod.ts";
import { headerValue, type RawHeaders } from "../../http1/mod.ts";
import { codingsOf, decodedWhole } from "../../codings/mod.ts";
import { isOtherCharset } from "./read_body.ts";

/** Larger bodies are written piece by piece as base64, as they were sent: memory stays small. */
const maxWholeBytes = 4 * 1024 * 1024;

/** Larger ones are written as they were sent, too, bytes. */
const maxDecodedBytes = 16 * 1024 * 1024;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How a body stands in a HAR. */
export interface BodyText {
  base64: boolean;
  /** Bytes that the text stands for; without those that the capture left out. */
  length: number;
  /** The text is that of the body in its content coding, which could not be taken off. */
  encoded: boolean;
  /** Pieces of a JSON string, escaped, without its quotes. */
  pieces: () => Iterable<string>;
}

/**
 * A body as text where it is some, else as base64.
 *
 * @param parts in order; what the capture left out stands at the end
 * @param content of a response, which stands in a HAR without its content coding; requests are as they were sent
 */
export function bodyText(
  parts: readonly StoredBytes[],
  headers: RawHeaders,
  content: "request" | "response",
): BodyText {
  const length = parts.reduce((sum, part) => sum + part.length - part.omittedBytes, 0);
  const codings = content === "response" ? codingsOf(headers) : [];
  if (length > maxWholeBytes) {
    return { base64: true, length, encoded: codings.length > 0, pieces: () => base64Pieces(parts) };
  }
  const raw = Buffer.concat(parts.map(keptBytes));
  const isWhole = parts.every((part) => part.omittedBytes === 0);
  const decoded = codings.length === 0 || raw.length === 0
    ? raw
    : isWhole
    ? decodedWhole(raw, codings, { maxBytes: maxDecodedBytes, cut: false })
    : null;
  const bytes = decoded ?? raw;
  const text = decoded === null ? null : textOf(bytes, headerValue(headers, "content-type") ?? "");
  const json = text === null ? bytes.toBase64() : JSON.stringify(text).slice(1, -1);
  return { base64: text === null, length: bytes.length, encoded: decoded === null, pieces: () => [json] };
}

/** What was kept of a part. */
export function keptBytes(part: StoredBytes): Uint8Array {
  return part.read().subarray(0, part.length - part.omittedBytes);
}

function textOf(bytes: Uint8Array, contentType: string): string | null {
  if (bytes.includes(0) || isOtherCharset(contentType) && bytes.some((byte) => byte > 0x7f)) return null;
  return utf8Text(bytes);
}

/** `null` when the bytes are no UTF-8. */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // That is how it says no.
    return null;
  }
}

/**
 * Base64 of parts in a row: cut where three bytes end, so that no padding stands in the middle. Not by `Buffer`, whose
 * large strings lie outside of the heap, where they pile up before they are taken back.
 */
export function* base64Pieces(parts: readonly StoredBytes[]): Generator<string> {
  let rest: Uint8Array = new Uint8Array(0);
  for (const part of parts) {
    const bytes = keptBytes(part);
    const missing = rest.length === 0 ? 0 : Math.min(3 - rest.length, bytes.length);
    const joined = Buffer.concat([rest, bytes.subarray(0, missing)]);
    if (joined.length === 3) yield joined.toBase64();
    else if (joined.length > 0) {
      rest = joined;
      continue;
    }
    const whole = bytes.length - (bytes.length - missing) % 3;
    yield bytes.subarray(missing, whole).toBase64();
    rest = bytes.slice(whole);
  }
  yield rest.toBase64();
}
