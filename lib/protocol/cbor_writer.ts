import { Buffer } from "node:buffer";
import { Derived } from "../repeats/mod.ts";

/** Arrays of texts that come again, as they were written. */
const encodedTexts = new Derived<Uint8Array>();

const encoder = new TextEncoder();

/** From this length on a call of `encodeInto` costs less than a turn for each character (measured: 85 ns up to 1 KiB). */
const nativeEncodeLength = 96;

/** Where a writer's buffers come from, and go when they are too small. */
export interface WriterBuffers {
  /** @returns exactly `count` bytes, whatever they hold */
  take(count: number): Uint8Array<ArrayBuffer>;
  giveBack(bytes: Uint8Array): void;
}

/** Longest head: major type and a number of 64 bits. */
const mostHeadBytes = 9;

const nothing = new Uint8Array(0);

/** Left to the collector. */
const freshBuffers: WriterBuffers = { take: allocate, giveBack: () => {} };

export interface CborWriterOptions {
  /** Size of the first buffer, bytes; it doubles when it is too small. @default 4096 */
  initialBytes?: number;
  /** Bytes left free in front of the first item, for whoever takes the buffer. @default 0 */
  roomBytes?: number;
  /** @default new ones */
  buffers?: WriterBuffers;
}

/**
 * Appends CBOR items (RFC 8949, shortest form, definite lengths) to one growing buffer, so that all frames
 * of a turn become one WebSocket message without a buffer each.
 */
export class CborWriter {
  readonly #buffers: WriterBuffers;
  readonly #start: number;
  readonly #initialBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #offset: number;
  /** The last one given out: messages that come one by one are mostly as long as the one before. */
  #view: Uint8Array<ArrayBuffer> = nothing;
  /** What it is a view of. */
  #viewed: Uint8Array<ArrayBuffer> = nothing;

  constructor(options: CborWriterOptions = {}) {
    this.#buffers = options.buffers ?? freshBuffers;
    this.#start = options.roomBytes ?? 0;
    this.#offset = this.#start;
    this.#initialBytes = this.#start + (options.initialBytes ?? 4096);
    this.#buffer = this.#buffers.take(this.#initialBytes);
  }

  /** Bytes written since the last {@link reset} or {@link take}. */
  get length(): number {
    return this.#offset - this.#start;
  }

  /** A view of what was written; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    if (this.#view.length !== this.length || this.#viewed !== this.#buffer) {
      this.#view = this.#buffer.subarray(this.#start, this.#offset);
      this.#viewed = this.#buffer;
    }
    return this.#view;
  }

  /** Starts over in the same buffer. What {@link view} gave before is overwritten. */
  reset(): void {
    this.#offset = this.#start;
  }

  /**
   * The free room and what was written behind it. The buffer is the caller's; the writer starts over in one that has room
   * for as much again: were it always the largest there ever was, many small messages that wait would hold many of those.
   */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.#offset);
    const bytes = Math.max(this.#initialBytes, powerOfTwo(this.#offset));
    this.#buffer = this.#buffers.take(bytes);
    this.#offset = this.#start;
    this.#view = this.#viewed = nothing;
    return taken;
  }

  array(items: number): void {
    this.#head(0x80, items);
  }

  /**
   * A whole number, 0 … 2^53 - 1; a fraction is dropped.
   *
   * @throws {RangeError} outside of that range
   */
  uint(value: number): void {
    this.#head(0x00, value);
  }

  /** An array's head and its first four items, which is what frames of streams begin with: as {@link array} and {@link uint} write them. */
  beginning(items: number, first: number, second: number, third: number, fourth: number): void {
    this.#reserve(5 * mostHeadBytes);
    const buffer = this.#buffer;
    let offset = writeHead(buffer, this.#offset, 0x80, items);
    offset = writeHead(buffer, offset, 0x00, first);
    offset = writeHead(buffer, offset, 0x00, second);
    offset = writeHead(buffer, offset, 0x00, third);
    this.#offset = writeHead(buffer, offset, 0x00, fourth);
  }

  bool(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#offset++] = value ? 0xf5 : 0xf4;
  }

  /** An array of whole numbers, as {@link uint} takes them. */
  uints(values: readonly number[]): void {
    this.#head(0x80, values.length);
    for (let i = 0; i < values.length; i++) this.#head(0x00, values[i]);
  }

  bytes(value: Uint8Array): void {
    this.#head(0x40, value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#offset);
    this.#offset += value.length;
  }

  text(value: string): void {
    const length = value.length;
    const start = this.#offset;
    // Headers are nearly always ASCII: write them optimistically, one byte a character.
    this.#head(0x60, length);
    this.#reserve(length);
    if (length >= nativeEncodeLength) return this.#longText(value, start);
    const buffer = this.#buffer;
    let offset = this.#offset;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return this.#wideText(value, start);
      buffer[offset++] = unit;
    }
    this.#offset = offset;
  }

  texts(values: readonly string[]): void {
    if (values.length === 0) return this.array(0);
    const known = encodedTexts.get(values);
    if (known !== undefined) {
      this.#reserve(known.length);
      this.#buffer.set(known, this.#offset);
      this.#offset += known.length;
      return;
    }
    const start = this.#offset;
    this.array(values.length);
    for (let i = 0; i < values.length; i++) this.text(values[i]);
    if (encodedTexts.keeps(values)) encodedTexts.set(values, this.#buffer.slice(start, this.#offset));
  }

  /** The head says one byte a character: kept when that much room takes the whole string. */
  #longText(value: string, start: number): void {
    const end = this.#offset + value.length;
    const { read } = encoder.encodeInto(value, this.#buffer.subarray(this.#offset, end));
    if (read < value.length) return this.#wideText(value, start);
    this.#offset = end;
  }

  #wideText(value: string, start: number): void {
    this.#offset = start;
    const bytes = encoder.encode(value);
    this.#head(0x60, bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  #head(major: number, value: number): void {
    this.#reserve(mostHeadBytes);
    this.#offset = writeHead(this.#buffer, this.#offset, major, value);
  }

  #reserve(bytes: number): void {
    const needed = this.#offset + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = this.#buffers.take(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#offset));
    this.#buffers.giveBack(this.#buffer);
    this.#buffer = larger;
  }
}

/** @returns the offset after the head */
function writeHead(buffer: Uint8Array, offset: number, major: number, value: number): number {
  if (value >= 0 && value < 24) {
    buffer[offset] = major | value;
    return offset + 1;
  }
  return writeLongHead(buffer, offset, major, value);
}

function writeLongHead(buffer: Uint8Array, offset: number, major: number, value: number): number {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`a whole number from 0 to 2^53 - 1 was expected, found ${value}`);
  }
  if (value < 0x100) {
    buffer[offset++] = major | 24;
    buffer[offset++] = value;
    return offset;
  }
  if (value < 0x1_0000) {
    buffer[offset++] = major | 25;
    buffer[offset++] = value >>> 8;
    buffer[offset++] = value;
    return offset;
  }
  if (value < 0x1_0000_0000) {
    buffer[offset++] = major | 26;
  } else {
    buffer[offset++] = major | 27;
    offset = writeU32(buffer, offset, Math.floor(value / 0x1_0000_0000));
  }
  return writeU32(buffer, offset, value);
}

function writeU32(buffer: Uint8Array, offset: number, value: number): number {
  buffer[offset++] = value >>> 24;
  buffer[offset++] = value >>> 16;
  buffer[offset++] = value >>> 8;
  buffer[offset++] = value;
  return offset;
}

/** The smallest that is not below `count`, which is what buffers that are used again are sized by. */
function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** Not zero-filled: every byte is written before it is read. */
function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, bytes);
}
