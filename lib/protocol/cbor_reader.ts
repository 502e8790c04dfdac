import { Buffer } from "node:buffer";
import { ProtocolError } from "./errors.ts";

/** `latin1Slice` is the fastest way from ASCII bytes to a string; Node's published types leave it out. */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Arrays and tags nested deeper than this in an unknown frame are refused rather than followed. */
const maxSkipDepth = 8;

/**
 * Reads the subset of CBOR (RFC 8949) that frames are made of: whole numbers, booleans, byte and text
 * strings and arrays, all of definite length. Every length is checked against the bytes that are there and
 * against the caller's bound before anything is made from it.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  #text: Latin1Buffer | null = null;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Offset of the next item, bytes from the start. */
  get offset(): number {
    return this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** An array's number of items, at most `max`. */
  array(what: string, max: number): number {
    return this.#head(4, what, max);
  }

  uint(what: string, max: number): number {
    return this.#head(0, what, max);
  }

  bool(what: string): boolean {
    if (this.atEnd) throw this.#error(`${what} is missing`);
    const byte = this.#bytes[this.#offset];
    if (byte !== 0xf4 && byte !== 0xf5) throw this.#error(`${what} must be a boolean`);
    this.#offset++;
    return byte === 0xf5;
  }

  /** A byte string, as a view into the input. */
  bytes(what: string, max: number): Uint8Array {
    const length = this.#head(2, what, max);
    const start = this.#take(length, what);
    return this.#bytes.subarray(start, start + length);
  }

  text(what: string, max: number): string {
    const length = this.#head(3, what, max);
    const start = this.#take(length, what);
    const end = start + length;
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) {
      if (bytes[i] > 0x7f) return this.#wideText(what, start, end);
    }
    this.#text ??= Buffer.from(
      bytes.buffer as ArrayBuffer,
      bytes.byteOffset,
      bytes.length,
    ) as unknown as Latin1Buffer;
    return this.#text.latin1Slice(start, end);
  }

  /** Text strings in an array, at most `maxItems` of at most `maxBytes` each. */
  texts(what: string, maxItems: number, maxBytes: number): string[] {
    const count = this.array(what, maxItems);
    // Each item takes a byte at least, so a short input cannot make a long array.
    if (count > this.#bytes.length - this.#offset) throw this.#error(`${what} is cut short`);
    const values = new Array<string>(count);
    for (let i = 0; i < count; i++) values[i] = this.text(what, maxBytes);
    return values;
  }

  /** Steps over one item of any kind, for frames of a newer version. */
  skip(depth = 0): void {
    if (depth > maxSkipDepth) throw this.#error(`items are nested deeper than ${maxSkipDepth}`);
    if (this.atEnd) throw this.#error("an item is missing");
    const major = this.#bytes[this.#offset] >> 5;
    const info = this.#bytes[this.#offset] & 0x1f;
    if (major === 7) {
      const size = info < 24 ? 1 : info === 24 ? 2 : info === 25 ? 3 : info === 26 ? 5 : info === 27 ? 9 : 0;
      if (size === 0) throw this.#error("a simple value is malformed");
      this.#take(size, "a simple value");
      return;
    }
    const value = this.#head(major, "an item", Number.MAX_SAFE_INTEGER);
    if (major === 2 || major === 3) this.#take(value, "a string");
    else if (major >= 4) this.#skipItems(major === 4 ? value : major === 5 ? value * 2 : 1, depth + 1);
  }

  #skipItems(count: number, depth: number): void {
    if (count > this.#bytes.length - this.#offset) throw this.#error("an array is cut short");
    for (let i = 0; i < count; i++) this.skip(depth);
  }

  #wideText(what: string, start: number, end: number): string {
    try {
      return strictUtf8.decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw this.#error(`${what} is not UTF-8`, cause);
    }
  }

  #take(length: number, what: string): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw this.#error(`${what} is cut short`);
    this.#offset = start + length;
    return start;
  }

  #head(major: number, what: string, max: number): number {
    const bytes = this.#bytes;
    let offset = this.#offset;
    if (offset >= bytes.length) throw this.#error(`${what} is missing`);
    const first = bytes[offset++];
    if (first >> 5 !== major) {
      throw this.#error(`${what} must be ${majorNames[major]}, found ${majorNames[first >> 5]}`);
    }
    let value = first & 0x1f;
    if (value >= 24) {
      if (value > 27) throw this.#error(`${what} has no definite length`);
      const size = 1 << (value - 24);
      if (bytes.length - offset < size) throw this.#error(`${what} is cut short`);
      value = 0;
      for (let i = 0; i < size; i++) value = value * 256 + bytes[offset++];
    }
    // A value above 2^53 has lost its low bits by now, but it is above every bound all the same.
    if (value > max) throw this.#error(`${what} is ${value}, at most ${max} is accepted`);
    this.#offset = offset;
    return value;
  }

  #error(problem: string, cause?: unknown): ProtocolError {
    return new ProtocolError(`${problem} (at byte ${this.#offset} of ${this.#bytes.length})`, { cause });
  }
}

const majorNames = [
  "a whole number",
  "a negative number",
  "a byte string",
  "a text string",
  "an array",
  "a map",
  "a tag",
  "a simple value",
];
