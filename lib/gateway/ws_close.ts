import { frameTypes, resetCodes, type SequencedFrame } from "../protocol/mod.ts";
import { isWireCloseCode } from "../websocket/mod.ts";
import type { Stream } from "../session/mod.ts";
import type { ClientWebSocket } from "./exchange_options.ts";

/** Bytes of UTF-8 that a close reason may hold (RFC 6455, 5.5). */
const maxReasonBytes = 123;

/** A close frame for the stream; ids and index are filled in when it is pushed. */
export function wsClose(code: number, reason: string): SequencedFrame {
  return { type: frameTypes.wsClose, gatewayId: 0, requestId: 0, index: 0, code, reason };
}

/** A reason of the tunnel's own, which is ASCII, cut to what a close frame can hold. */
export function closeReason(reason: string): string {
  return reason.length <= maxReasonBytes ? reason : reason.slice(0, maxReasonBytes - 1) + "~";
}

/** Whether the client of an open WebSocket has closed it, and nobody is left with anything to say to that. */
export function isOverFor(stream: Stream, originAway: boolean): boolean {
  return stream.sendDone && !stream.receiveDone && (originAway || stream.send.frames === 0);
}

/** A client's connection is gone: lets go of the stream that carried it. @param wasOpen whether its WebSocket had been accepted */
export function clientIsGone(
  stream: Stream,
  { wasOpen, error }: { wasOpen: boolean; error?: Error | null },
): void {
  // Of an origin's close that was not answered, and behind all that the client had sent.
  if (stream.receiveDone && !stream.sendDone) stream.push(wsClose(1006, ""));
  // A client need not wait for the answer to its close: what it had sent goes on to the origin, its close the last.
  const hasClosed = stream.sendDone && (stream.receiveDone || wasOpen);
  if (!hasClosed) stream.reset(resetCodes.cancelled, error?.message ?? "the client's connection broke off");
  stream.release();
}

/** Whether the origin ended its WebSocket by a close frame, which waits for the client's. */
export function isAnswered(code: number): boolean {
  return code === 1005 || isWireCloseCode(code);
}

/** Ends a client's connection as the origin ended its own: with its close frame, or without one. */
export function endAsOrigin(connection: ClientWebSocket, code: number, reason: string): void {
  if (code === 1005) connection.close(null);
  else if (isWireCloseCode(code)) connection.close(code, reason);
  // 1006, or what no close frame may carry.
  else connection.breakOff();
}
