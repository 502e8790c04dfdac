import { Buffer } from "node:buffer";
import { Http1Error } from "./errors.ts";
import { hasToken, headerValue, type RawHeaders } from "./headers.ts";
export interface RequestHead {
  method: string;
  target: string;
  minorVersion: 0 | 1;
  headers: RawHeaders;
}
export interface ResponseHead {
  status: number;
  reason: string;
  minorVersion: 0 | 1;
  headers: RawHeaders;
}
export const maxHeadBytes = 65536;
export function findHeadEnd(b: Uint8Array, from: number, to: number): number {
  let i = b.indexOf(10, from);
  while (i !== -1 && i < to) {
    if (i + 1 < to && b[i + 1] === 10) return i + 2;
    if (i + 2 < to && b[i + 1] === 13 && b[i + 2] === 10) return i + 3;
    i = b.indexOf(10, i + 1);
  }
  return -1;
}
function lines(b: Uint8Array, from: number, end: number): string[] {
  return Buffer.from(b.buffer as ArrayBuffer, b.byteOffset, b.length).toString("latin1", from, end).split(
    /\r?\n/,
  ).filter((l) => l !== "");
}
function headers(ls: string[], status: number): RawHeaders {
  const out: RawHeaders = [];
  for (let i = 1; i < ls.length; i++) {
    const m = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(ls[i]);
    if (!m) throw new Http1Error(status, "a header field is malformed");
    out.push(m[1], m[2]);
  }
  return out;
}
export function parseRequestHead(b: Uint8Array, from: number, end: number): RequestHead {
  const ls = lines(b, from, end);
  const m = /^(\S+) (\S+) HTTP\/1\.([01])$/.exec(ls[0] ?? "");
  if (!m) throw new Http1Error(400, "the request line is malformed");
  return { method: m[1], target: m[2], minorVersion: Number(m[3]) as 0 | 1, headers: headers(ls, 400) };
}
export function parseResponseHead(b: Uint8Array, from: number, end: number): ResponseHead {
  const ls = lines(b, from, end);
  const m = /^HTTP\/1\.([01]) (\d{3}) ?(.*)$/.exec(ls[0] ?? "");
  if (!m) throw new Http1Error(502, "the status line is malformed");
  return {
    status: Number(m[2]),
    reason: m[3],
    minorVersion: Number(m[1]) as 0 | 1,
    headers: headers(ls, 502),
  };
}
export function keepsAlive(h: RequestHead | ResponseHead): boolean {
  return h.minorVersion === 1
    ? !hasToken(h.headers, "connection", "close")
    : hasToken(h.headers, "connection", "keep-alive");
}
