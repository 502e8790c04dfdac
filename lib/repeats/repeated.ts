import { share } from "./derived.ts";

const defaultSlots = 256;

/** What is longer is rarely all the same, and would take much memory. */
const defaultMaxBytes = 2048;

interface Known<T> {
  bytes: Uint8Array;
  value: T;
}

/**
 * What was read from bytes, by those bytes: lists of strings above all. What has come twice is kept, in a table with a
 * fixed number of slots, from which whatever has come twice more recently drives it out. What never comes again costs a
 * look at its bytes and four bytes of memory.
 */
export class Repeated<T extends NonNullable<unknown>> {
  readonly #slots: number;
  readonly #maxBytes: number;
  #known: (Known<T> | undefined)[] = [];
  /** Hashes of what has come once. */
  #seen: Int32Array | null = null;
  #hash = 0;
  #slot = 0;
  /** What was found last, which often comes next. It is in the table. */
  #last: Known<T> | null = null;

  /** @param options of `slots`: a power of two; `maxBytes`: what is longer is not kept */
  constructor({ slots = defaultSlots, maxBytes = defaultMaxBytes } = {}) {
    this.#slots = slots;
    this.#maxBytes = maxBytes;
  }

  /** What was read from the same bytes before, if it is known. Shared: nobody may change it. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    if (end - start > this.#maxBytes) return undefined;
    const last = this.#last;
    if (last !== null && isSame(last.bytes, bytes, start, end)) return last.value;
    const hash = hashOf(bytes, start, end);
    const slot = (hash ^ (hash >>> 15)) & (this.#slots - 1);
    this.#hash = hash;
    this.#slot = slot;
    const known = this.#known[slot];
    if (known === undefined || !isSame(known.bytes, bytes, start, end)) return undefined;
    this.#last = known;
    return known.value;
  }

  /**
   * How many of the bytes from `start` on are those of {@link last} again; 0 when they are others. For what says itself
   * where it ends: if its beginning is all of what came last, there is no need to look for the end.
   */
  again(bytes: Uint8Array, start: number): number {
    const last = this.#last;
    if (last === null) return 0;
    const { length } = last.bytes;
    return start + length <= bytes.length && isSame(last.bytes, bytes, start, start + length) ? length : 0;
  }

  /** What {@link find} found last. Shared: nobody may change it. */
  get last(): T | undefined {
    return this.#last?.value;
  }

  /** `value` was read from these bytes, which the last {@link find} looked for in vain. */
  learn(bytes: Uint8Array, start: number, end: number, value: T): void {
    if (end - start > this.#maxBytes) return;
    if (this.#seen === null) {
      this.#seen = new Int32Array(this.#slots);
      this.#known = new Array<Known<T> | undefined>(this.#slots).fill(undefined);
    }
    if (this.#seen[this.#slot] !== this.#hash) {
      this.#seen[this.#slot] = this.#hash;
      return;
    }
    const known = { bytes: bytes.slice(start, end), value };
    this.#known[this.#slot] = known;
    this.#last = known;
    if (Array.isArray(value)) share(value);
  }
}

/**
 * FNV-1a over every other byte, twice and interleaved, which is as fast again as over all in one. Whoever makes two that
 * collide makes them be read anew each time, and nothing else: bytes are compared before anything is shared.
 */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let even = 0x811c9dc5 ^ (end - start);
  let odd = 0x1000193;
  let at = start;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ bytes[at], 0x01000193);
    odd = Math.imul(odd ^ bytes[at + 1], 0x01000193);
  }
  if (at < end) even = Math.imul(even ^ bytes[at], 0x01000193);
  return even ^ Math.imul(odd, 0x9e3779b1);
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
