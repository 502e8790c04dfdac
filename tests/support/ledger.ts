import { createHash, type Hash } from "node:crypto";

/** What one direction of numbered messages came to. */
export interface LedgerReport {
  /** Messages that were taken down. */
  messages: number;
  bytes: number;
  /** Numbers from 0 up to the highest that never came, that came again, and that came behind a higher one. */
  lost: number;
  duplicated: number;
  reordered: number;
  /** The first number that came, and the highest; -1 when none did. */
  first: number;
  highest: number;
  /** SHA-256 of all messages, one after another. */
  sha256: string;
}

/** Takes down one direction of numbered messages: what came, in which order, and a hash of every byte. */
export class Ledger {
  readonly #hash: Hash = createHash("sha256");
  readonly #seen = new Set<number>();
  #first = -1;
  #highest = -1;
  #messages = 0;
  #bytes = 0;
  #duplicated = 0;
  #reordered = 0;

  /** Numbers taken down so far, repeated ones counted once. */
  get count(): number {
    return this.#seen.size;
  }

  add(message: Uint8Array): void {
    const number = numberOf(message);
    if (this.#messages++ === 0) this.#first = number;
    this.#bytes += message.length;
    this.#hash.update(message);
    if (this.#seen.has(number)) this.#duplicated++;
    else if (number < this.#highest) this.#reordered++;
    this.#seen.add(number);
    this.#highest = Math.max(this.#highest, number);
  }

  report(): LedgerReport {
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      lost: this.#highest + 1 - this.#seen.size,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      first: this.#first,
      highest: this.#highest,
      sha256: this.#hash.copy().digest("hex"),
    };
  }
}

/** The number a message begins with. */
export function numberOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0);
}

/** Most payload of a numbered message besides its number, bytes. */
const largestPayloadBytes = 1024;

/** A message that begins with its number; length and content follow from number and seed. */
export function numbered(number: number, seed: number): Uint8Array<ArrayBuffer> {
  const mixed = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  const bytes = new Uint8Array(4 + (mixed >>> 0) % largestPayloadBytes);
  new DataView(bytes.buffer).setUint32(0, number);
  bytes.fill(mixed & 0xff, 4);
  return bytes;
}

/** The byte at a place of the body that `GET /bytes` sends. */
function patternByte(at: number): number {
  return (at * 31 + (at >> 8) + (at >> 16)) & 0xff;
}

/** Bytes `from` to `to` of that body. */
export function pattern(from: number, to: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(to - from);
  for (let i = 0; i < bytes.length; i++) bytes[i] = patternByte(from + i);
  return bytes;
}
