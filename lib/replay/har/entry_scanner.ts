import { Buffer } from "node:buffer";
import { HarError } from "./har_error.ts";

/** Largest entry, bytes of JSON: with its text and its values it is in memory for a moment. */
const maxEntryBytes = 256 * 1024 * 1024;
/** Largest rest of the document besides entries: creator, pages, comments. */
const maxRestBytes = 64 * 1024 * 1024;

const quote = 0x22;
const backslash = 0x5c;

/** Bytes of "entries", the longest key that matters. */
const longestKey = 7;

/** Containers around the items of `log.entries`: the document, `log` and the list. */
const entryDepth = 3;

/** Bytes that come in pieces. */
class Pieces {
  readonly #max: number;
  readonly #tooLarge: () => HarError;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(max: number, tooLarge: () => HarError) {
    this.#max = max;
    this.#tooLarge = tooLarge;
  }

  /** @param bytes is copied */
  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#max) throw this.#tooLarge();
    this.#pieces.push(bytes.slice());
  }

  take(): string {
    const text = new TextDecoder().decode(Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#length = 0;
    return text;
  }
}

/**
 * Takes the items of `log.entries` out of a HAR that comes in pieces, one after another, so that memory does not grow
 * with the file. It looks for brackets and strings alone; whether the JSON is right is for `JSON.parse` to say: on each
 * entry, and on the rest of the document, in which entries are replaced by `0`.
 */
export class EntryScanner {
  readonly #onEntry: (json: string, index: number) => void;
  readonly #rest = new Pieces(
    maxRestBytes,
    () => new HarError("", `holds more than ${maxRestBytes} bytes besides its entries`),
  );
  readonly #entry: Pieces;
  #count = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The string that ended last, at the depths where keys matter. */
  #string: number[] = [];
  readonly #keys = ["", "", ""];
  #inEntries = false;
  #inEntry = false;

  constructor(onEntry: (json: string, index: number) => void) {
    this.#onEntry = onEntry;
    this.#entry = new Pieces(
      maxEntryBytes,
      () => new HarError(`log.entries[${this.#count}]`, `is larger than ${maxEntryBytes} bytes`),
    );
  }

  /** Entries so far. */
  get count(): number {
    return this.#count;
  }

  /** @throws {HarError} when an entry is too large, and whatever the callback throws */
  push(bytes: Uint8Array): void {
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (this.#inString) {
        at = this.#throughString(bytes, at);
        continue;
      }
      if (this.#inEntries && this.#depth === entryDepth) {
        const isEnd = byte === 0x2c || byte === 0x5d;
        if (isEnd && this.#inEntry) {
          this.#entry.add(bytes.subarray(start, at));
          start = at;
          this.#endEntry();
        } else if (!isEnd && !this.#inEntry && !isSpace(byte)) {
          this.#rest.add(bytes.subarray(start, at));
          start = at;
          this.#inEntry = true;
        }
      }
      this.#structure(byte);
    }
    (this.#inEntry ? this.#entry : this.#rest).add(bytes.subarray(start));
  }

  /** The document without its entries, as JSON. */
  finish(): string {
    return this.#rest.take();
  }

  #structure(byte: number): void {
    switch (byte) {
      case quote:
        this.#inString = true;
        this.#string = [];
        return;
      case 0x3a: // a colon: what came before it was a key
        if (this.#depth < entryDepth) this.#keys[this.#depth] = String.fromCharCode(...this.#string);
        return;
      case 0x5b: // [
      case 0x7b: // {
        this.#depth++;
        if (byte === 0x5b && this.#depth === entryDepth && this.#keys[1] === "log") {
          this.#inEntries = this.#keys[2] === "entries";
        }
        return;
      case 0x5d: // ]
      case 0x7d: // }
        if (this.#depth === entryDepth) this.#inEntries = false;
        this.#depth--;
        return;
    }
  }

  /** @returns where the string ends, or the last byte when it goes on in the next piece */
  #throughString(bytes: Uint8Array, from: number): number {
    // Longer than any key that matters, a string is none of them.
    const key = this.#depth < entryDepth && this.#string.length <= longestKey ? this.#string : null;
    let escaped = this.#escaped;
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (escaped) escaped = false;
      else if (byte === backslash) escaped = true;
      else if (byte === quote) break;
      if (key !== null && key.length <= longestKey) key.push(byte);
    }
    this.#escaped = escaped;
    this.#inString = at === bytes.length;
    return at;
  }

  #endEntry(): void {
    this.#inEntry = false;
    this.#rest.add(Buffer.from("0"));
    const index = this.#count++;
    this.#onEntry(this.#entry.take(), index);
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
