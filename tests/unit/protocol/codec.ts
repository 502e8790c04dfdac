import { Buffer } from "node:buffer";
import { CborWriter, encodeFrame, type Frame } from "../../../lib/protocol/mod.ts";

/** The frames' encoding, back to back, in a buffer of its own. */
export function encoded(...frames: Frame[]): Uint8Array<ArrayBuffer> {
  const writer = new CborWriter({ initialBytes: 64 });
  for (const frame of frames) encodeFrame(frame, writer);
  return writer.view().slice();
}

/** Bytes from hexadecimal; blanks are for the reader. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^(?:[0-9a-f]{2})*$/.test(digits)) throw new TypeError(`not hexadecimal: ${text}`);
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A plain `Uint8Array` where a frame holds a view or a `Buffer`, for strict comparison. */
export function plain(frame: Frame): Frame {
  const entries = Object.entries(frame).map(([key, value]) => [
    key,
    value instanceof Uint8Array ? Uint8Array.from(value) : value,
  ]);
  return Object.fromEntries(entries) as Frame;
}
