import { frameTypes, payloadBytes, type SequencedFrame } from "../protocol/mod.ts";

/**
 * What a frame that is held is reckoned to take besides its payload: the objects it is made of, bytes. A
 * ws-message takes 210 to 310, so that 2^15 - 1 of them without a byte in them are 8 MiB and not nothing.
 */
export const frameCostBytes = 256;

/** The same for each message of a ws-messages: its length, in a list that grew. */
const messageCostBytes = 12;

/** What a frame takes while it is held, bytes. */
export function heldBytesOf(frame: SequencedFrame): number {
  return frameCostBytes + heldPayloadBytesOf(frame);
}

/** What a frame's payload takes while it is held, bytes. */
export function heldPayloadBytesOf(frame: SequencedFrame): number {
  const bytes = payloadBytes(frame);
  return frame.type === frameTypes.wsMessages ? bytes + frame.sizes.length * messageCostBytes : bytes;
}
