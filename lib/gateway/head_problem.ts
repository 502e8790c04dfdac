import { maxHeadBytes, mayBeginRequest } from "../http1/mod.ts";
import { badRequest, type Problem } from "./problem.ts";

/**
 * Why a request's head is refused unread, or `null`: it is too large, or what has come of it cannot become one.
 *
 * @param end where it ends, or -1 when not all of it has come
 */
export function headProblem(bytes: Uint8Array, from: number, end: number): Problem | null {
  if ((end === -1 ? bytes.length : end) - from > maxHeadBytes) {
    return badRequest(431, `The request's head is larger than ${maxHeadBytes} bytes.`);
  }
  if (end === -1 && !mayBeginRequest(bytes, from, bytes.length)) {
    return badRequest(400, "What came does not begin like an HTTP/1.1 request.");
  }
  return null;
}
