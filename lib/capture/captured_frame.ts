import { type Frame, FrameReader, frameTypes, hasPayload, maxPartBytes } from "../protocol/mod.ts";
import type { FrameRecord } from "./format.ts";
import { FrameSlice } from "./frame_slice.ts";

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
  return decodeWith(readers.all, record);
}

/**
 * As {@link decodeCapturedFrame}, but strings of stream frames that nobody wants are checked and read as `""`.
 *
 * @param texts `alone`: but for those in lists, which are headers; `none`: no string is wanted, and
 * of payloads only the length
 */
export function skimCapturedFrame(record: FrameRecord, texts: "alone" | "none"): Frame | null {
  if (texts === "none" && record instanceof FrameSlice && record.omittedBytes === 0) {
    const frame = record.skim();
    if (frame !== null) return frame;
  }
  // Frames of links are few, and some of their strings say what they are about.
  const isOfStream = frameTypeOf(record.bytes) >= frameTypes.requestStart;
  return decodeWith(isOfStream ? readers[texts] : readers.all, record);
}

/** Made once: making them anew for each frame is a good part of decoding a small one. */
const nothing = new Uint8Array(0);
const readers = {
  all: new FrameReader(nothing),
  alone: new FrameReader(nothing, "alone"),
  none: new FrameReader(nothing, "none"),
};

function decodeWith(reader: FrameReader, record: FrameRecord): Frame | null {
  const { bytes, omittedBytes } = record;
  if (omittedBytes === 0) return decodeBytes(reader, bytes);
  const type = frameTypeOf(bytes);
  if (!hasPayload(type) || omittedBytes > maxPartBytes) return null;
  if (bytes.length > headRoom) {
    // Part of its payload was kept, the last frame of a stream's budget; or its head is long, with the sizes of many messages.
    const whole = new Uint8Array(bytes.length + omittedBytes);
    whole.set(bytes);
    return decodeBytes(reader, whole);
  }
  const start = headRoom - bytes.length;
  scratch.set(bytes, start);
  return decodeBytes(reader, scratch.subarray(start, headRoom + omittedBytes));
}

function decodeBytes(reader: FrameReader, bytes: Uint8Array): Frame | null {
  reader.restart(bytes);
  return reader.next();
}

/** Type number of a frame from its first bytes; -1 when they are no frame's. */
export function frameTypeOf(bytes: Uint8Array): number {
  if (bytes.length < 2 || bytes[0] >> 5 !== 4 || (bytes[0] & 0x1f) > 23) return -1;
  if (bytes[1] < 24) return bytes[1];
  return bytes[1] === 24 && bytes.length > 2 ? bytes[2] : -1;
}
