import { isWireCloseCode, maxCloseReasonBytes } from "./close_body.ts";
import { copyMasked, type MaskKey, nextMaskKey, writeMaskKey } from "./mask.ts";

/** Frame types (RFC 6455, 5.2). */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Largest payload of a close, ping or pong frame, bytes (RFC 6455, 5.5). */
export const maxControlBytes = 125;

/** Largest header, bytes: flags and length byte, 64-bit length, key. */
export const maxFrameHeaderBytes = 14;

const utf8 = new TextEncoder();

/** What {@link writeFrameHeader} writes. */
export interface FrameHeader {
  /** One of {@link opcodes}. */
  opcode: number;
  /** True on the last or only frame of a message, and on every control frame. */
  final: boolean;
  /** Length of the payload, bytes, 0 to 2^53 - 1. */
  payloadBytes: number;
  /** Null from a server (RFC 6455, 5.1). */
  maskKey: MaskKey | null;
}

/** Bytes the header takes: 2, 4 or 10, plus 4 when masked (RFC 6455, 5.2). */
export function frameHeaderBytes(payloadBytes: number, masked: boolean): number {
  const lengthBytes = payloadBytes <= 125 ? 0 : payloadBytes <= 0xffff ? 2 : 8;
  return 2 + lengthBytes + (masked ? 4 : 0);
}

/**
 * Writes a frame's header (RFC 6455, 5.2) at `offset` in `target`, which must have room for
 * {@link frameHeaderBytes} there. The payload that is to follow is the caller's to write, and to mask.
 *
 * @returns the offset after the header
 */
export function writeFrameHeader(target: Uint8Array, offset: number, header: FrameHeader): number {
  const { payloadBytes, maskKey } = header;
  const maskBit = maskKey === null ? 0 : 0x80;
  target[offset++] = (header.final ? 0x80 : 0) | header.opcode;
  if (payloadBytes <= 125) {
    target[offset++] = maskBit | payloadBytes;
  } else if (payloadBytes <= 0xffff) {
    target[offset++] = maskBit | 126;
    target[offset++] = payloadBytes >>> 8;
    target[offset++] = payloadBytes & 0xff;
  } else {
    target[offset++] = maskBit | 127;
    offset = writeUint32(target, offset, Math.floor(payloadBytes / 2 ** 32));
    offset = writeUint32(target, offset, payloadBytes >>> 0);
  }
  return maskKey === null ? offset : writeMaskKey(maskKey, target, offset);
}

/**
 * A whole frame, header and payload, in a buffer of its own. `payload` is copied, not changed.
 *
 * @param opcode one of {@link opcodes}
 * @param final true on the last or only frame of a message, and on every control frame
 * @param masked true from a client, false from a server (RFC 6455, 5.1)
 * @throws {RangeError} when a control frame is not final or its payload is above 125 bytes (RFC 6455, 5.5)
 */
export function encodeFrame(
  opcode: number,
  final: boolean,
  payload: Uint8Array,
  masked: boolean,
): Uint8Array<ArrayBuffer> {
  const payloadBytes = payload.length;
  if (opcode >= opcodes.close && (!final || payloadBytes > maxControlBytes)) {
    throw new RangeError(
      `a control frame is whole and at most ${maxControlBytes} bytes, got ${payloadBytes} bytes, final ${final}`,
    );
  }
  const frame = new Uint8Array(frameHeaderBytes(payloadBytes, masked) + payloadBytes);
  const maskKey = masked ? nextMaskKey() : null;
  const offset = writeFrameHeader(frame, 0, { opcode, final, payloadBytes, maskKey });
  if (maskKey === null) frame.set(payload, offset);
  else copyMasked(payload, 0, payloadBytes, frame, offset, maskKey, 0);
  return frame;
}

/**
 * A whole close frame (RFC 6455, 5.5.1). A reason longer than 123 bytes of UTF-8 is cut before the first
 * character that does not fit.
 *
 * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999; null makes an empty body, which has no room for a
 * reason either
 * @param masked true from a client, false from a server
 * @throws {RangeError} on a code that may not be sent, such as 1005 or 1006
 */
export function encodeClose(code: number | null, reason: string, masked: boolean): Uint8Array<ArrayBuffer> {
  if (code === null) return encodeFrame(opcodes.close, true, new Uint8Array(0), masked);
  if (!isWireCloseCode(code)) throw new RangeError(`close code ${code} may not be sent`);
  const body = new Uint8Array(2 + maxCloseReasonBytes);
  body[0] = code >>> 8;
  body[1] = code & 0xff;
  // encodeInto stops before a character that does not fit whole.
  const { written } = utf8.encodeInto(reason, body.subarray(2));
  return encodeFrame(opcodes.close, true, body.subarray(0, 2 + written), masked);
}

function writeUint32(target: Uint8Array, offset: number, value: number): number {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
  return offset + 4;
}
