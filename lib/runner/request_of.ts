import { headerValue, type RawHeaders, stripHopByHop } from "../http1/mod.ts";

/** The web `Request` for a stream's opening frame. Its URL is absolute, made from `Host` and what the gateway forwarded. */
export function requestOf(
  start: { target: string; headers: RawHeaders },
  init: { method: string; body: ReadableStream<Uint8Array<ArrayBuffer>> | null; signal: AbortSignal },
): Request {
  const headers = new Headers();
  for (let i = 0; i < start.headers.length; i += 2) headers.append(start.headers[i], start.headers[i + 1]);
  const proto = headerValue(start.headers, "x-forwarded-proto") === "https" ? "https" : "http";
  const host = headerValue(start.headers, "host") ?? "localhost";
  const path = start.target.startsWith("/") ? start.target : "/";
  const base = URL.canParse(`${proto}://${host}/`) ? `${proto}://${host}` : `${proto}://localhost`;
  const { method, body, signal } = init;
  return new Request(base + path, {
    method,
    headers,
    body: method === "GET" || method === "HEAD" ? null : body,
    signal,
  });
}

/**
 * A web response's headers, flat; fields that repeat (`set-cookie`) stay apart. Those of one hop, as a response that was
 * fetched elsewhere has them, are left out.
 */
export function headersOf(response: Response): RawHeaders {
  const flat: RawHeaders = [];
  for (const [name, value] of response.headers) flat.push(name, value);
  return stripHopByHop(flat);
}
