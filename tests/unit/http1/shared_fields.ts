import assert from "node:assert/strict";
import { parseRequestHead, parseResponseHead, type RawHeaders } from "../../../lib/http1/mod.ts";
import { Derived } from "../../../lib/repeats/mod.ts";
import { latin1 } from "./bytes.ts";

/** Field lines as they stand in a head. */
export function fieldLines(headers: RawHeaders): string {
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

/** Whether what is derived from `headers` is kept. */
export function isShared(headers: RawHeaders): boolean {
  return new Derived<string>().keeps(headers);
}

/** What a request with these fields, Host among them, is read to when they have come before: at most 2048 bytes. */
export function sharedRequestFields(headers: RawHeaders): RawHeaders {
  const bytes = latin1(`GET / HTTP/1.1\r\n${fieldLines(headers)}\r\n`);
  return shared(() => parseRequestHead(bytes, 0, bytes.length).headers);
}

/** The same for a response. */
export function sharedResponseFields(headers: RawHeaders): RawHeaders {
  const bytes = latin1(`HTTP/1.1 200 OK\r\n${fieldLines(headers)}\r\n`);
  return shared(() => parseResponseHead(bytes, 0, bytes.length).headers);
}

function shared(read: () => RawHeaders): RawHeaders {
  read();
  const headers = read();
  assert.ok(isShared(headers));
  assert.equal(read(), headers);
  return headers;
}
