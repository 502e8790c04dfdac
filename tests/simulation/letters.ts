import { Buffer } from "node:buffer";
import { maxPartBytes } from "../../lib/protocol/mod.ts";
import { mix, Random } from "./random.ts";
import { Violation } from "./watcher.ts";

/** How large the letters of one direction are. */
export type LetterSizes = "empty" | "tiny" | "mixed" | "large";

export interface Letter {
  bytes: Uint8Array;
  /** The last part of its message (WebSocket); without meaning in a body. */
  final: boolean;
}

/**
 * A prime a little below 2^16: letters that lie a whole turn of the message index apart must differ, so the
 * content must not repeat with any power of two.
 */
const patternOffsets = 65_521;

const pattern = Buffer.alloc(patternOffsets + maxPartBytes);
for (let i = 0, random = new Random(1); i < pattern.length; i += 4) {
  pattern.writeUInt32LE(random.int(0, 0xffff_ffff), Math.min(i, pattern.length - 4));
}

/** Everything one sender has to say, in order: number and key decide a letter, so none has to be kept. */
export class Letters {
  readonly count: number;
  readonly #key: number;
  readonly #sizes: LetterSizes;
  readonly #parts: boolean;

  /** @param options.parts whether some letters are the first parts of a message */
  constructor(options: { key: number; count: number; sizes: LetterSizes; parts: boolean }) {
    this.#key = options.key;
    this.count = options.count;
    this.#sizes = options.sizes;
    this.#parts = options.parts;
  }

  get(number: number): Letter {
    const hash = mix(this.#key ^ Math.imul(number + 1, 0x9e37_79b1));
    const offset = (this.#key + number * 13) % patternOffsets;
    const final = !this.#parts || number === this.count - 1 || (hash >>> 28) !== 0;
    return { bytes: pattern.subarray(offset, offset + this.#size(hash)), final };
  }

  /** Compares what came with letter `number`. */
  check(number: number, came: Letter, where: string): void {
    if (number >= this.count) throw new Violation(`${where}: more came than the ${this.count} letters sent`);
    const due = this.get(number);
    if (due.final === came.final && Buffer.compare(due.bytes, came.bytes) === 0) return;
    throw new Violation(`${where}: letter ${number} was due, ${this.#identify(came, number)} came`);
  }

  /** Which letter `came` is, as far as can be told. */
  #identify(came: Letter, near: number): string {
    for (let distance = 1; distance <= this.count; distance++) {
      for (const number of [near - distance, near + distance]) {
        if (number < 0 || number >= this.count) continue;
        if (Buffer.compare(this.get(number).bytes, came.bytes) === 0) return `letter ${number}`;
      }
    }
    return `something else of ${came.bytes.length} bytes`;
  }

  #size(hash: number): number {
    const share = (hash & 0xff) / 256;
    const within = ((hash >>> 8) & 0xffff) / 65_536;
    switch (this.#sizes) {
      case "empty":
        // Numbers cannot be seen in these, but they can be counted, and they spend frames without bytes.
        return share < 0.9 ? 0 : 4;
      case "tiny":
        return 4;
      case "mixed":
        if (share < 0.75) return 4 + Math.floor(within * 200);
        if (share < 0.93) return 4 + Math.floor(within * 4_000);
        if (share < 0.99) return 4 + Math.floor(within * 16_000);
        return 4 + Math.floor(within * (maxPartBytes - 4));
      case "large":
        return share < 0.5 ? maxPartBytes : 4 + Math.floor(within * (maxPartBytes - 4));
    }
  }
}
