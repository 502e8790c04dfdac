import type { RawHeaders } from "./headers.ts";
import { STATUS_CODES } from "node:http";
function bytes(s: string): Uint8Array {
  const b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i);
  return b;
}
function fields(h: RawHeaders): string {
  let s = "";
  for (let i = 0; i < h.length; i += 2) s += h[i] + ": " + h[i + 1] + "\r\n";
  return s;
}
export function encodeRequestHead(m: string, t: string, h: RawHeaders): Uint8Array {
  return bytes(`${m} ${t} HTTP/1.1\r\n${fields(h)}\r\n`);
}
export function encodeResponseHead(s: number, r: string, h: RawHeaders): Uint8Array {
  return bytes(`HTTP/1.1 ${s} ${r}\r\n${fields(h)}\r\n`);
}
export function encodeChunkHeader(n: number): Uint8Array {
  return bytes(n.toString(16) + "\r\n");
}
export const chunkEnd: Uint8Array = bytes("\r\n");
export function encodeLastChunk(t: RawHeaders): Uint8Array {
  return bytes("0\r\n" + fields(t) + "\r\n");
}
export function reasonPhrase(s: number): string {
  return STATUS_CODES[s] ?? "";
}
