import { type Http1Error, parseRequestHead, parseResponseHead } from "../../../lib/http1/mod.ts";
import type { RequestHead, ResponseHead } from "../../../lib/http1/mod.ts";

/** One byte a character: what stands in a test is what is on the wire. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`U+${code.toString(16)} is no byte`);
    bytes[i] = code;
  }
  return bytes;
}

/** The other way. */
export function text(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The whole of `head`, its empty line included, as a request's head. */
export function requestHead(head: string): RequestHead {
  const bytes = latin1(head);
  return parseRequestHead(bytes, 0, bytes.length);
}

export function responseHead(head: string): ResponseHead {
  const bytes = latin1(head);
  return parseResponseHead(bytes, 0, bytes.length);
}

/** What `assert.throws` holds an Http1Error to. */
export function http1Error(status: number, message?: RegExp): Partial<Http1Error> | object {
  return message === undefined ? { name: "Http1Error", status } : { name: "Http1Error", status, message };
}
