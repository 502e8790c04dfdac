import { share } from "./derived.ts";

const defaultSlots = 256;

/** What is longer is rarely all the same, and would take much memory. */
const maxBytes = 2048;

interface Known {
  bytes: Uint8Array;
  list: readonly string[];
}

/**
 * Lists of strings by the bytes they were read from. What has come twice is kept, in a table with a fixed number of
 * slots, from which whatever has come twice more recently drives it out. What never comes again costs a look at its bytes
 * and four bytes of memory.
 */
export class RepeatedLists {
  readonly #slots: number;
  #known: (Known | undefined)[] = [];
  /** Hashes of what has come once. */
  #seen: Int32Array | null = null;
  #hash = 0;
  #slot = 0;

  /** @param slots a power of two */
  constructor(slots = defaultSlots) {
    this.#slots = slots;
  }

  /** The list that was read from the same bytes before, if it is known. Shared: nobody may change it. */
  find(bytes: Uint8Array, start: number, end: number): readonly string[] | undefined {
    if (end - start > maxBytes) return undefined;
    const hash = hashOf(bytes, start, end);
    const slot = (hash ^ (hash >>> 15)) & (this.#slots - 1);
    this.#hash = hash;
    this.#slot = slot;
    const known = this.#known[slot];
    return known !== undefined && isSame(known.bytes, bytes, start, end) ? known.list : undefined;
  }

  /** `list` was read from these bytes, which the last {@link find} looked for in vain. */
  learn(bytes: Uint8Array, start: number, end: number, list: readonly string[]): void {
    if (end - start > maxBytes) return;
    if (this.#seen === null) {
      this.#seen = new Int32Array(this.#slots);
      this.#known = new Array<Known | undefined>(this.#slots).fill(undefined);
    }
    if (this.#seen[this.#slot] !== this.#hash) {
      this.#seen[this.#slot] = this.#hash;
      return;
    }
    this.#known[this.#slot] = { bytes: bytes.slice(start, end), list };
    share(list);
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
