import { characterClasses, isOptionalSpace, valueCharacter } from "./characters.ts";
import { Http1Error } from "./errors.ts";
import type { BodyFraming } from "./framing.ts";
import type { RawHeaders } from "./headers.ts";
import { parseTrailers } from "./trailers.ts";

/** Where a body's bytes go, as they come. */
export interface BodySink {
  /** @param bytes a view of what was given to {@link BodyDecoder.decode}; never empty */
  data(bytes: Uint8Array): void;
}

/** Most bytes of chunk extensions in one body: nobody uses them, and a flood of them carries no data (CVE-2024-22019). */
export const maxChunkExtensionBytes = 16 * 1024;

/** Largest trailer section, bytes. */
export const maxTrailerBytes = 16 * 1024;

const cr = 0x0d;
const lf = 0x0a;
const semicolon = 0x3b;

/**
 * What comes next. `length` and `until-close` are those framings; all between `size` and `end-lf` are places in a chunked
 * body. `size-space` is white space that only an extension may follow; `trailer` is the start of a line, `trailer-line`
 * within one; `end-lf` ends the empty line.
 */
type State =
  | "length"
  | "until-close"
  | "size"
  | "size-space"
  | "extension"
  | "size-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailer"
  | "trailer-line"
  | "end-lf"
  | "done"
  | "failed";

/**
 * Takes a body out of its framing (RFC 9112, 6 and 7), in pieces of any size. Nothing is copied, and chunk extensions are
 * dropped.
 */
export class BodyDecoder {
  #state: State;
  /** Of the body, or of the chunk at hand, bytes still to come. */
  #remaining = 0;
  #sizeDigits = 0;
  #extensionBytes = 0;
  #trailerBytes: number[] | null = null;
  /** The fields behind a chunked body, complete once {@link done}; those that must not be there are dropped. */
  trailers: RawHeaders = [];

  constructor(framing: BodyFraming) {
    switch (framing.kind) {
      case "none":
        this.#state = "done";
        break;
      case "length":
        this.#state = framing.bytes === 0 ? "done" : "length";
        this.#remaining = framing.bytes;
        break;
      case "chunked":
        this.#state = "size";
        break;
      case "until-close":
        this.#state = "until-close";
        break;
      default:
        throw framing satisfies never;
    }
  }

  /** Whether the whole body was seen. Never by itself when it ends with the connection: see {@link finish}. */
  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Reads `bytes` from `from` to `to` and gives the body's part of it to `sink`.
   *
   * @returns the offset behind the last byte that belongs to the body: `to` unless {@link done}
   * @throws {Http1Error} 400 when a chunk or a trailer is malformed, 431 when extensions or trailers are too large
   */
  decode(bytes: Uint8Array, from: number, to: number, sink: BodySink): number {
    switch (this.#state) {
      case "done":
        return from;
      case "failed":
        throw new Http1Error(400, "the body was malformed before");
      case "length":
        return this.#pass(bytes, from, to, "done", sink);
      case "until-close":
        if (to > from) sink.data(view(bytes, from, to));
        return to;
      default:
        return this.#decodeChunks(bytes, from, to, sink);
    }
  }

  /**
   * The connection ends here.
   *
   * @throws {Http1Error} 400 when the body is not complete
   */
  finish(): void {
    if (this.#state === "until-close") this.#state = "done";
    if (this.#state !== "done") throw new Http1Error(400, "the connection ended before the body did");
  }

  /** Hands on up to `#remaining` bytes, and goes to `next` when none remain. */
  #pass(bytes: Uint8Array, from: number, to: number, next: State, sink: BodySink): number {
    const end = to - from < this.#remaining ? to : from + this.#remaining;
    this.#remaining -= end - from;
    if (this.#remaining === 0) this.#state = next;
    if (end > from) sink.data(view(bytes, from, end));
    return end;
  }

  #decodeChunks(bytes: Uint8Array, from: number, to: number, sink: BodySink): number {
    let at = from;
    while (at < to && this.#state !== "done") {
      if (this.#state === "data") at = this.#pass(bytes, at, to, "data-cr", sink);
      else this.#state = this.#next(bytes[at++]);
    }
    return at;
  }

  /** Where one byte outside of chunk data leads to. */
  #next(byte: number): State {
    switch (this.#state) {
      case "size":
        return this.#size(byte);
      case "size-space":
      case "extension":
        return this.#extension(byte);
      case "size-lf":
        if (byte !== lf) throw this.#fail("a chunk size ends in a bare CR");
        this.#sizeDigits = 0;
        return this.#remaining === 0 ? "trailer" : "data";
      case "data-cr":
        if (byte !== cr) throw this.#fail("chunk data is longer than its size, or not followed by CRLF");
        return "data-lf";
      case "data-lf":
        if (byte !== lf) throw this.#fail("chunk data is not followed by CRLF");
        return "size";
      case "trailer":
        if (byte === cr) return "end-lf";
        if (byte === lf) throw this.#fail("a trailer line ends in a bare LF");
        return this.#trailer(byte);
      case "trailer-line":
        return this.#trailer(byte);
      case "end-lf":
        if (byte !== lf) throw this.#fail("a bare CR ends the trailers");
        this.#endTrailers();
        return "done";
      default:
        throw new TypeError(`no byte is expected in state ${this.#state}`);
    }
  }

  #size(byte: number): State {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#sizeDigits++;
      this.#remaining = this.#remaining * 16 + digit;
      if (this.#remaining > Number.MAX_SAFE_INTEGER || this.#sizeDigits > 16) {
        throw this.#fail("a chunk size is too large");
      }
      return "size";
    }
    if (this.#sizeDigits === 0) throw this.#fail("a chunk size is missing or not hexadecimal");
    if (byte === cr) return "size-lf";
    if (byte === semicolon) return "extension";
    if (isOptionalSpace(byte)) return "size-space";
    throw this.#fail("a chunk size is not hexadecimal, or ends in a bare LF");
  }

  #extension(byte: number): State {
    if (byte === cr && this.#state === "extension") return "size-lf";
    if (++this.#extensionBytes > maxChunkExtensionBytes) {
      throw this.#fail(`there are more than ${maxChunkExtensionBytes} bytes of chunk extensions`, 431);
    }
    if (this.#state === "size-space") {
      if (byte === semicolon) return "extension";
      if (!isOptionalSpace(byte)) throw this.#fail("there is white space behind a chunk size");
      return "size-space";
    }
    if ((characterClasses[byte] & valueCharacter) === 0) {
      throw this.#fail("a chunk extension has a control character, or ends in a bare LF");
    }
    return "extension";
  }

  #trailer(byte: number): State {
    this.#trailerBytes ??= [];
    if (this.#trailerBytes.push(byte) > maxTrailerBytes) {
      throw this.#fail(`the trailers are larger than ${maxTrailerBytes} bytes`, 431);
    }
    return byte === lf ? "trailer" : "trailer-line";
  }

  #endTrailers(): void {
    if (this.#trailerBytes === null) return;
    try {
      this.trailers = parseTrailers(Uint8Array.from(this.#trailerBytes));
    } catch (error) {
      this.#state = "failed";
      throw error;
    }
    this.#trailerBytes = null;
  }

  #fail(message: string, status = 400): Http1Error {
    this.#state = "failed";
    return new Http1Error(status, message);
  }
}

/** A view costs a little, and mostly there is no need of a new one. */
function view(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
