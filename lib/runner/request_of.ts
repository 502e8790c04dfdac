import { headerValue, type RawHeaders, stripHopByHop } from "../http1/mod.ts";
import type { RawRequest, RawResponse } from "./raw_handler.ts";

/** The web `Request` for a stream's request. Its URL is absolute, made from `Host` and what the gateway forwarded. */
export function requestOf(raw: RawRequest): Request {
  const headers = new Headers();
  for (let i = 0; i < raw.headers.length; i += 2) headers.append(raw.headers[i], raw.headers[i + 1]);
  const proto = headerValue(raw.headers, "x-forwarded-proto") === "https" ? "https" : "http";
  const host = headerValue(raw.headers, "host") ?? "localhost";
  const path = raw.target.startsWith("/") ? raw.target : "/";
  const base = URL.canParse(`${proto}://${host}/`) ? `${proto}://${host}` : `${proto}://localhost`;
  const { method, body, signal } = raw;
  return new Request(base + path, {
    method,
    headers,
    body: method === "GET" || method === "HEAD" ? null : body,
    signal,
  });
}

export function rawResponseOf(response: Response): RawResponse {
  const { status, statusText, body } = response;
  return { status, reason: statusText, headers: headersOf(response), body };
}

/**
 * A web response's headers, flat; fields that repeat (`set-cookie`) stay apart. One that `fetch` gave tells of the
 * connection it came over, too (`Transfer-Encoding`): that is none of the client's.
 */
function headersOf(response: Response): RawHeaders {
  const flat: string[] = [];
  for (const [name, value] of response.headers) flat.push(name, value);
  return stripHopByHop(flat);
}
