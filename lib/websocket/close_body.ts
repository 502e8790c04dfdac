import { WebSocketError } from "./errors.ts";

/** A control frame's payload is at most 125 bytes (RFC 6455, 5.5), two of which are the close code. */
export const maxCloseReasonBytes = 123;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a close frame says; `code` is null when it says nothing. */
export interface CloseBody {
  code: number | null;
  reason: string;
}

/**
 * Whether a close frame may carry `code` (RFC 6455, 7.4, and the IANA registry): 1000 to 1003, 1007 to 1014
 * and 3000 to 4999. 1005, 1006 and 1015 are only ever told to applications, never to a peer.
 */
export function isWireCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/**
 * Reads a close frame's unmasked payload (RFC 6455, 5.5.1), 0 to 125 bytes.
 *
 * @throws {WebSocketError} 1002 on a body of one byte or a code no peer may send, 1007 on a reason that is
 * not UTF-8
 */
export function decodeCloseBody(body: Uint8Array): CloseBody {
  if (body.length === 0) return { code: null, reason: "" };
  if (body.length === 1) throw new WebSocketError(1002, "a close body is 1 byte, at least 2 are expected");
  const code = body[0] << 8 | body[1];
  if (!isWireCloseCode(code)) throw new WebSocketError(1002, `close code ${code} may not be sent`);
  try {
    return { code, reason: strictUtf8.decode(body.subarray(2)) };
  } catch (cause) {
    throw new WebSocketError(1007, `the reason of close code ${code} is not UTF-8`, { cause });
  }
}
