import { Buffer, isAscii } from "node:buffer";
import { Repeated } from "../repeats/mod.ts";
import { ProtocolError } from "./errors.ts";

/** The fastest way from ASCII bytes to a string, of any `Uint8Array`; Node's published types leave it out. */
const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Arrays and tags nested deeper than this in an unknown frame are refused rather than followed. */
const maxSkipDepth = 8;

/** From this length on a call of `isAscii` costs less than a look at each byte (measured: 70 ns and flat). */
const nativeScanBytes = 128;

const noTexts: readonly string[] = [];

/** Arrays of texts that have come before, without their heads. */
const knownLists = new Repeated<readonly string[]>();

/** Longest list of empty strings that is made once and shared. */
const maxSharedList = 128;

/** Smallest value that needs a head of 1, 2, 4 or 8 bytes more: below it a shorter head says the same. */
const smallestValues = [24, 0x100, 0x1_0000, 0x1_0000_0000];

/**
 * Which text strings a reader makes: `all`, those that stand alone and not in lists (of headers), or `none`. Making
 * them is what most of reading a head costs.
 */
export type TextsMade = "all" | "alone" | "none";

/** Where the strings of the array under way lie: start, end, start, end, … Kept, so that no array makes its own. */
const bounds: number[] = [];

/**
 * Reads the subset of CBOR (RFC 8949) that frames are made of: whole numbers, booleans, byte and text
 * strings and arrays, all of definite length and with the shortest head (4.2.1), so that a frame has exactly one
 * encoding. Every length is checked against the bytes that are there and against the caller's bound before
 * anything is made from it.
 *
 * Every method throws a {@link ProtocolError} when the next item is not what it was asked for. `what` names the
 * item in the error's message.
 */
export class CborReader {
  #bytes: Uint8Array;
  #offset = 0;
  readonly #makesTexts: boolean;
  readonly #makesLists: boolean;

  /** @param texts which text strings are made: of all others each is checked as always, and `""` stands for it */
  constructor(bytes: Uint8Array, texts: TextsMade = "all") {
    this.#bytes = bytes;
    this.#makesTexts = texts !== "none";
    this.#makesLists = texts === "all";
  }

  /** Goes on with other input, from its start. */
  restart(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#offset = 0;
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

  /** A whole number, 0 to `max`, which is 2^53 - 1 at most. */
  uint(what: string, max: number): number {
    return this.#head(0, what, max);
  }

  /** So many whole numbers, 0 to `max` each. */
  uints(count: number, what: string, max: number): number[] {
    const values: number[] = [];
    const bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      // Those of two bytes are what most are, and not worth a call.
      const second = bytes[this.#offset] === 0x18 ? bytes[this.#offset + 1] : 0;
      if (second >= 24 && second <= max) {
        this.#offset += 2;
        values.push(second);
      } else {
        values.push(this.#head(0, what, max));
      }
    }
    return values;
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

  /**
   * A text string of at most `max` bytes of UTF-8.
   *
   * @param known where those are kept that come again
   */
  text(what: string, max: number, known?: Repeated<string>): string {
    const length = this.#head(3, what, max);
    const start = this.#take(length, what);
    const end = start + length;
    if (this.#makesTexts) {
      if (known === undefined) return this.#string(what, start, end);
      return known.find(this.#bytes, start, end) ?? this.#learnt(known, what, start, end);
    }
    if (!isAsciiRange(this.#bytes, start, end)) this.#wideText(what, start, end);
    return "";
  }

  #learnt(known: Repeated<string>, what: string, start: number, end: number): string {
    const text = this.#string(what, start, end);
    known.learn(this.#bytes, start, end, text);
    return text;
  }

  /** Text strings in an array, at most `maxItems` of at most `maxBytes` each. */
  texts(what: string, maxItems: number, maxBytes: number): readonly string[] {
    const count = this.array(what, maxItems);
    // Each item takes a byte at least, so a short input cannot make a long array.
    if (count > this.#bytes.length - this.#offset) throw this.#error(`${what} is cut short`);
    const start = this.#offset;
    if (!this.#makesLists) return this.#checkedTexts(what, count, maxBytes);
    const again = count === knownLists.last?.length ? knownLists.again(this.#bytes, start) : 0;
    // All of them together within the bound of each: none is looked at.
    if (again > 0 && again <= maxBytes) {
      this.#offset = start + again;
      return knownLists.last!;
    }
    let ascii = true;
    for (let i = 0; i < count; i++) {
      const length = this.#head(3, what, maxBytes);
      const from = this.#take(length, what);
      ascii &&= isAsciiRange(this.#bytes, from, from + length);
      bounds[2 * i] = from;
      bounds[2 * i + 1] = from + length;
    }
    if (count === 0) return noTexts;
    // The count stands before them, but what lies there is all of them: the same bytes are as many.
    const known = knownLists.find(this.#bytes, start, this.#offset);
    if (known !== undefined) return known;
    const values = ascii ? this.#slices(count, start) : this.#strings(count, what);
    knownLists.learn(this.#bytes, start, this.#offset, values);
    return values;
  }

  /** Heads of strings shorter than 24 bytes are ASCII themselves, and most others: one look may tell of all. */
  #checkedTexts(what: string, count: number, maxBytes: number): string[] {
    const start = this.#offset;
    for (let i = 0; i < count; i++) this.#take(this.#head(3, what, maxBytes), what);
    const end = this.#offset;
    if (!isAsciiRange(this.#bytes, start, end)) {
      this.#offset = start;
      for (let i = 0; i < count; i++) {
        const length = this.#head(3, what, maxBytes);
        const from = this.#take(length, what);
        if (!isAsciiRange(this.#bytes, from, from + length)) this.#wideText(what, from, from + length);
      }
    }
    return emptyTexts(count);
  }

  /** Cut from one string: a call out of JavaScript for each costs twice as much as all the rest of a head. */
  #slices(count: number, start: number): string[] {
    const all = latin1Slice.call(this.#bytes, start, this.#offset);
    const values = new Array<string>(count);
    for (let i = 0; i < count; i++) values[i] = all.slice(bounds[2 * i] - start, bounds[2 * i + 1] - start);
    return values;
  }

  #strings(count: number, what: string): string[] {
    const values = new Array<string>(count);
    for (let i = 0; i < count; i++) values[i] = this.#string(what, bounds[2 * i], bounds[2 * i + 1]);
    return values;
  }

  #string(what: string, start: number, end: number): string {
    if (isAsciiRange(this.#bytes, start, end)) return latin1Slice.call(this.#bytes, start, end);
    return this.#wideText(what, start, end);
  }

  /** Steps over one item of any kind, for frames of a newer version. */
  skip(depth = 0): void {
    if (depth > maxSkipDepth) throw this.#error(`items are nested deeper than ${maxSkipDepth}`);
    if (this.atEnd) throw this.#error("an item is missing");
    const major = this.#bytes[this.#offset] >> 5;
    const info = this.#bytes[this.#offset] & 0x1f;
    if (major === 7) {
      this.#skipSimple(info);
      return;
    }
    const value = this.#head(major, "an item", Number.MAX_SAFE_INTEGER);
    if (major === 2 || major === 3) this.#take(value, "a string");
    else if (major >= 4) this.#skipItems(major === 4 ? value : major === 5 ? value * 2 : 1, depth + 1);
  }

  /** A boolean, null, a float (its bits may be anything) or a simple value unknown here. */
  #skipSimple(info: number): void {
    if (info > 27) throw this.#error("a simple value is malformed");
    const start = this.#take(info < 24 ? 1 : 1 + (1 << (info - 24)), "a simple value");
    // RFC 8949, 3.3: two bytes for a value that fits into one are not well-formed.
    if (info === 24 && this.#bytes[start + 1] < 32) throw this.#error("a simple value is malformed");
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
      const smallest = smallestValues[value - 24];
      if (size === 4) value = readU32(bytes, offset);
      else if (size === 2) value = (bytes[offset] << 8) | bytes[offset + 1];
      else if (size === 1) value = bytes[offset];
      else value = readU32(bytes, offset) * 0x1_0000_0000 + readU32(bytes, offset + 4);
      offset += size;
      if (value < smallest) throw this.#error(`${what} is not in its shortest form`);
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

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Shared lists of `""`, by length: nobody may change them. */
const emptyLists: string[][] = [];

function emptyTexts(count: number): string[] {
  if (count > maxSharedList) return new Array<string>(count).fill("");
  return emptyLists[count] ??= Object.freeze(new Array<string>(count).fill("")) as string[];
}

function isAsciiRange(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start >= nativeScanBytes) return isAscii(bytes.subarray(start, end));
  let seen = 0;
  for (let i = start; i < end; i++) seen |= bytes[i];
  return seen < 0x80;
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
