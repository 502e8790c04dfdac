import { Buffer } from "node:buffer";
import {
  headerValue,
  isFieldValue,
  isNamed,
  isToken,
  type RawHeaders,
  stripHopByHop,
} from "../../http1/mod.ts";
import type { HarValue } from "./har_value.ts";

/**
 * A list of HAR headers as the tunnel carries them: without pseudo headers of HTTP/2 and without fields that belong to
 * one connection. Values with line breaks, by which some programs join repeated fields, are taken apart.
 *
 * @throws {HarError} when one could not be sent
 */
export function readHeaders(list: HarValue): RawHeaders {
  const headers: string[] = [];
  for (const item of list.items()) {
    const name = item.field("name").text();
    if (name.startsWith(":")) continue;
    if (!isToken(name)) throw item.field("name").wrong("a header's name");
    for (const line of item.field("value").text("").split(/\r?\n/)) {
      const value = byteString(line.replace(/^[ \t]+|[ \t]+$/g, ""));
      if (!isFieldValue(value)) {
        throw item.field("value").wrong("a header's value, without control characters");
      }
      headers.push(name, value);
    }
  }
  return stripHopByHop(headers);
}

/** A request's headers, with `Host` from HTTP/2's `:authority` or from the URL where there is none. */
export function readRequestHeaders(list: HarValue, authority: string): RawHeaders {
  const headers = readHeaders(list);
  if (headerValue(headers, "host") !== undefined) return headers;
  const named = list.items().find((item) => item.field("name").text() === ":authority");
  return ["Host", named?.field("value").text() ?? authority, ...headers];
}

/** Handshake fields that belong to one hop (RFC 6455, 4.1) have no place in what the tunnel carries. */
export function withoutHandshake(headers: RawHeaders): RawHeaders {
  return filterHeaders(headers, (name) => !/^(sec-websocket-(?!protocol$)|content-length$)/i.test(name));
}

export function withoutHeader(headers: RawHeaders, lower: string): RawHeaders {
  return filterHeaders(headers, (name) => !isNamed(name, lower));
}

/** The same fields, those named `lower` with another value. */
export function withValue(headers: RawHeaders, lower: string, value: string): RawHeaders {
  return headers.map((text, i) => i % 2 === 1 && isNamed(headers[i - 1], lower) ? value : text);
}

function filterHeaders(headers: RawHeaders, keep: (name: string) => boolean): RawHeaders {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (keep(headers[i])) kept.push(headers[i], headers[i + 1]);
  }
  return kept;
}

/** Headers are byte strings: what is none is sent as UTF-8. */
function byteString(text: string): string {
  // deno-lint-ignore no-control-regex -- the range of bytes is what is meant
  return /^[\x00-\xff]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}
