import { Buffer } from "node:buffer";
import type { ByteStore, CapturedBody, StoredBytes } from "../../capture/mod.ts";
import { headerValue, type RawHeaders } from "../../http1/mod.ts";
import type { HarValue } from "./har_value.ts";
import { withoutHeader, withValue } from "./read_headers.ts";

/** When a body came: its parts are spread over that time as the HAR says, or all at its end. */
export interface BodyTimes {
  startUs: number;
  endUs: number;
}

/**
 * Bytes that stand in a HAR as text, or as base64 when a field beside it says so. HAR has that field for responses
 * alone; for requests, programs write it as `encoding` or `_encoding`.
 *
 * @throws {HarError} when it is no base64
 */
export function bytesOfText(holder: HarValue, name: string): Uint8Array {
  const text = holder.field(name).text("");
  const encoding = holder.field("encoding").text(holder.field("_encoding").text(""));
  return encoding.toLowerCase() === "base64" ? bytesOfBase64(holder.field(name)) : Buffer.from(text, "utf8");
}

/** @throws {HarError} when it is no base64 */
export function bytesOfBase64(value: HarValue): Uint8Array {
  const text = value.text("");
  if (/[^A-Za-z0-9+/_=\s-]/.test(text)) throw value.wrong("base64");
  return Buffer.from(text, "base64");
}

/** What a HAR does not hold of a body: it reads as zeros, as in a capture. */
export function omittedBytes(length: number): StoredBytes {
  return { length, omittedBytes: length, read: () => new Uint8Array(length) };
}

/** A body of `bytes`, and `omitted` more that are not in the HAR. */
export function readBody(
  bytes: Uint8Array,
  options: { omitted: number; times: BodyTimes; own: HarValue; store: ByteStore },
): CapturedBody {
  const { omitted, times, own, store } = options;
  const body: CapturedBody = {
    parts: [],
    length: bytes.length + omitted,
    omittedBytes: omitted,
    endedAtUs: own.field("unfinished").flag() ? null : times.endUs,
    cut: own.field("cut").flag(),
    trailers: own.field("trailers").items().map((text) => text.text()),
  };
  let from = 0;
  for (const part of own.field("parts").items()) {
    const [offsetUs, length] = part.items().map((item) => item.number());
    if (from + length > bytes.length) break;
    body.parts.push({
      timeUs: times.startUs + offsetUs,
      bytes: store.keep(bytes.subarray(from, from + length), 0),
    });
    from += length;
  }
  if (from < bytes.length) {
    body.parts.push({ timeUs: times.endUs, bytes: store.keep(bytes.subarray(from), 0) });
  }
  if (omitted > 0) body.parts.push({ timeUs: times.endUs, bytes: omittedBytes(omitted) });
  return body;
}

/**
 * A response's content and the headers that fit to it. A HAR holds content as its reader saw it, decoded and as text,
 * while the headers are those that were sent.
 *
 * @param own what this program noted of the body when it wrote the HAR
 */
export function readContent(
  content: HarValue,
  headers: RawHeaders,
  own: HarValue,
): { bytes: Uint8Array; omitted: number; headers: RawHeaders } {
  const bytes = bytesOfText(content, "text");
  const noted = own.field("omittedBytes").number(0);
  const leftOut = content.field("text").isMissing ? Math.max(0, content.field("size").number(0)) : 0;
  const omitted = noted > 0 ? noted : leftOut;
  const isWhole = omitted === 0 && bytes.length > 0 && !own.field("unfinished").flag();
  if (!isWhole) return { bytes, omitted, headers };
  let fit = own.field("encoded").flag() ? headers : withoutHeader(headers, "content-encoding");
  const type = headerValue(headers, "content-type");
  const isText = content.field("encoding").text("").toLowerCase() !== "base64";
  if (type !== undefined && isText && isOtherCharset(type) && bytes.some((byte) => byte > 0x7f)) {
    fit = withValue(fit, "content-type", type.replace(/(charset\s*=\s*)"?[^\s";,]+"?/i, "$1utf-8"));
  }
  return { bytes, omitted, headers: withValue(fit, "content-length", String(bytes.length)) };
}

/** Whether a content type names a charset that text, which is written as UTF-8 here, is not in. */
export function isOtherCharset(contentType: string): boolean {
  const charset = /charset\s*=\s*"?([^\s";,]+)/i.exec(contentType)?.[1].toLowerCase();
  return charset !== undefined && charset !== "utf-8" && charset !== "utf8";
}
