import { frameTypes, type SequencedFrame } from "../protocol/mod.ts";

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
