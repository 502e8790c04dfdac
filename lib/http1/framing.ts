import { Http1Error } from "./errors.ts";
import type { RequestHead, ResponseHead } from "./head.ts";
import { headerValue } from "./headers.ts";
export type BodyFraming = { kind: "none" } | { kind: "length"; bytes: number } | { kind: "chunked" } | {
  kind: "until-close";
};
export function requestFraming(h: RequestHead): BodyFraming {
  if (headerValue(h.headers, "transfer-encoding")) return { kind: "chunked" };
  const l = headerValue(h.headers, "content-length");
  return l === undefined ? { kind: "none" } : { kind: "length", bytes: Number(l) };
}
export function responseFraming(h: ResponseHead, m: string): BodyFraming {
  if (m === "HEAD" || h.status < 200 || h.status === 204 || h.status === 304) return { kind: "none" };
  if (headerValue(h.headers, "transfer-encoding")) return { kind: "chunked" };
  const l = headerValue(h.headers, "content-length");
  return l === undefined ? { kind: "until-close" } : { kind: "length", bytes: Number(l) };
}
