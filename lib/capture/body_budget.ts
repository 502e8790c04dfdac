import { Recent } from "./recent.ts";

/** Streams that are remembered; the one that began longest ago is forgotten first, and gets a new budget. */
const maxStreams = 65_536;

/** How much of each stream's payload is still to be kept. */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #used = new Recent<string, number>(maxStreams);

  /** @param maxBytes payload kept a stream, both directions together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many of `bytes` more payload bytes of a stream are kept: the first ones. */
  take(stream: string, bytes: number): number {
    const used = this.#used.get(stream) ?? 0;
    const kept = Math.min(bytes, this.#maxBytes - used);
    if (kept === 0) return 0;
    this.#used.set(stream, used + kept);
    return kept;
  }
}
