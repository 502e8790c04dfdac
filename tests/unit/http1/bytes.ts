import {
  type HeadSink,
  type Http1Error,
  parseRequestHead,
  parseResponseHead,
  type RawHeaders,
  type RequestHead,
  type ResponseHead,
  writeChunkHeader,
  writeLastChunk,
} from "../../../lib/http1/mod.ts";

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

/** What goes before a chunk of so many bytes. */
export function encodeChunkHeader(bytes: number): Uint8Array {
  return encoded((sink) => writeChunkHeader(sink, bytes));
}

/** What goes behind the last chunk. */
export function encodeLastChunk(trailers: RawHeaders): Uint8Array {
  return encoded((sink) => writeLastChunk(sink, trailers));
}

function encoded(write: (sink: HeadSink) => void): Uint8Array {
  let bytes = new Uint8Array(0);
  write({ claimedAt: 0, claim: (count) => bytes = new Uint8Array(count), unclaim: () => {} });
  return bytes;
}

/** What `assert.throws` holds an Http1Error to. */
export function http1Error(status: number, message?: RegExp): Partial<Http1Error> | object {
  return message === undefined ? { name: "Http1Error", status } : { name: "Http1Error", status, message };
}
