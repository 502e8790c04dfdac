import { Buffer } from "node:buffer";

/**
 * The string with one character for each byte (ISO 8859-1, exactly). `TextDecoder` cannot do this: its "latin1"
 * is windows-1252. Called on the array itself it needs no `Buffer` made for it, which would double its cost.
 */
export const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
}).latin1Slice;
