import { hasToken, type RawHeaders } from "./headers.ts";

/**
 * Whether the connection persists after this message and its answer (RFC 9112, 9.3): `close` ends it, HTTP/1.1
 * keeps it, HTTP/1.0 keeps it only with `keep-alive`. A body that ends with the connection ends it besides.
 */
export function keepsAlive(head: { minorVersion: 0 | 1; headers: RawHeaders }): boolean {
  if (hasToken(head.headers, "connection", "close")) return false;
  return head.minorVersion === 1 || hasToken(head.headers, "connection", "keep-alive");
}
