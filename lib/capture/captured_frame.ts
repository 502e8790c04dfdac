import { type Frame, FrameReader, frameTypes, maxPartBytes } from "../protocol/mod.ts";
import type { FrameRecord } from "./format.ts";

/** Room in front of an omitted payload: array and type, three ids, two flags and the payload's own head. */
const headRoom = 64;

/** Heads are put so that they end at {@link headRoom}: what lies behind stays zero and serves as payload. */
const scratch = new Uint8Array(headRoom + maxPartBytes);

/**
 * The frame of a record. An omitted payload reads as zeros of the same length; strings that were redacted read as
 * asterisks. Payloads are views: copy what is to be kept.
 *
 * @returns `null` for a frame type of a later version
 * @throws {ProtocolError} when the bytes are no frame (the file was tampered with)
 */
export function decodeCapturedFrame(record: FrameRecord): Frame | null {
  const { bytes, omittedBytes } = record;
  if (omittedBytes === 0) return new FrameReader(bytes).next();
  const type = frameTypeOf(bytes);
  const isPayload = type === frameTypes.bodyChunk || type === frameTypes.wsMessage;
  if (!isPayload || omittedBytes > maxPartBytes) return null;
  if (bytes.length > headRoom) {
    // Part of its payload was kept: the last frame of a stream's budget.
    const whole = new Uint8Array(bytes.length + omittedBytes);
    whole.set(bytes);
    return new FrameReader(whole).next();
  }
  const start = headRoom - bytes.length;
  scratch.set(bytes, start);
  return new FrameReader(scratch.subarray(start, headRoom + omittedBytes)).next();
}

/** Type number of a frame from its first bytes; -1 when they are no frame's. */
export function frameTypeOf(bytes: Uint8Array): number {
  if (bytes.length < 2 || bytes[0] >> 5 !== 4 || (bytes[0] & 0x1f) > 23) return -1;
  if (bytes[1] < 24) return bytes[1];
  return bytes[1] === 24 && bytes.length > 2 ? bytes[2] : -1;
}
