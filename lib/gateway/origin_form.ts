import { Http1Error, type RequestHead } from "../http1/mod.ts";

/**
 * Turns an absolute-form target (RFC 9112, 3.2.2) into origin-form; its authority replaces Host, or is added where HTTP/1.0 has none.
 * OPTIONS of a host as a whole becomes that of `*` (3.2.4).
 *
 * @throws {Http1Error} 400 when the target is of neither form
 */
export function useOriginForm(head: RequestHead): void {
  const { target } = head;
  if (target.startsWith("/") || target === "*") return;
  const match = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (match === null) {
    throw new Http1Error(400, "the request target must begin with / or be an absolute http URL");
  }
  if (match[2] === "") head.target = head.method === "OPTIONS" ? "*" : "/";
  else head.target = match[2].startsWith("?") ? `/${match[2]}` : match[2];
  const authority = match[1];
  const headers = head.headers.slice();
  let hadHost = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() !== "host") continue;
    headers[i + 1] = authority;
    hadHost = true;
  }
  if (!hadHost) headers.unshift("Host", authority);
  head.headers = headers;
}
