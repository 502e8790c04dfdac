import { maxHeadBytes, mayBeginRequest } from "../http1/mod.ts";
import { badRequest, type Problem } from "./problem.ts";

const lineFeed = 0x0a;

/**
 * Why a request's head is refused unread, or `null`: it is too large, or what has come of it cannot become one.
 *
 * @param end where it ends, or -1 when not all of it has come
 */
export function headProblem(bytes: Uint8Array, from: number, end: number): Problem | null {
  if ((end === -1 ? bytes.length : end) - from > maxHeadBytes) {
    // Without an end of its first line so far, it is the target that is too long (RFC 9112, 3).
    return bytes.subarray(from, from + maxHeadBytes).includes(lineFeed)
      ? badRequest(431, `The request's head is larger than ${maxHeadBytes} bytes.`)
      : badRequest(414, `The request's target is too long: a head has ${maxHeadBytes} bytes at most.`);
  }
  if (end === -1 && !mayBeginRequest(bytes, from, bytes.length)) {
    return badRequest(400, "What came does not begin like an HTTP/1.1 request.");
  }
  return null;
}

const headMethod = new TextEncoder().encode("HEAD ");

/**
 * The method that the refusal of a request is an answer to, as far as that shows: one to HEAD has no body, whatever was wrong with
 * the request (RFC 9110, 9.3.2). Where nothing can be read of it, as for GET.
 */
export function answeredAs(bytes: Uint8Array, from: number): "HEAD" | "GET" {
  for (let i = 0; i < headMethod.length; i++) if (bytes[from + i] !== headMethod[i]) return "GET";
  return "HEAD";
}
