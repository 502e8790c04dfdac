import { headerValue, isTarget, type RawHeaders } from "../../http1/mod.ts";

/** What a HAR's URL says: where to, and what to ask for. */
export interface SplitUrl {
  secure: boolean;
  websocket: boolean;
  /** Host and port, as they stand in the URL. */
  authority: string;
  /** Path and query, as in a request line. */
  target: string;
}

/** Splits a URL without changing its spelling; `null` when it is none of http, https, ws and wss. */
export function splitUrl(url: string): SplitUrl | null {
  const match = /^(https?|wss?):\/\/(?:[^/?#@]*@)?([^/?#@]+)([^#]*)/i.exec(url);
  if (match === null) return null;
  const scheme = match[1].toLowerCase();
  let target = match[3].startsWith("/") ? match[3] : `/${match[3]}`;
  if (!isTarget(target)) {
    const parsed = URL.parse(url);
    if (parsed === null) return null;
    target = parsed.pathname + parsed.search;
  }
  return {
    secure: scheme === "https" || scheme === "wss",
    websocket: scheme.startsWith("ws"),
    authority: match[2],
    target,
  };
}

/** The absolute URL that a client asked for: scheme from `X-Forwarded-Proto`, host from `Host`. */
export function urlOf(
  request: { target: string; headers: RawHeaders; kind: "http" | "websocket" },
): string {
  const secure = headerValue(request.headers, "x-forwarded-proto")?.toLowerCase() === "https";
  const scheme = `${request.kind === "websocket" ? "ws" : "http"}${secure ? "s" : ""}`;
  const host = headerValue(request.headers, "host") ?? "";
  const authority = /^[^\s/?#@\\]+$/.test(host) ? host : "localhost";
  const path = request.target.startsWith("/") ? request.target : "/";
  // Bytes beyond ASCII are no part of a URL: readers would each take them for something else.
  return `${scheme}://${authority}${path}`.replace(/[\x80-\xff]/g, percentEncoded);
}

function percentEncoded(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}
