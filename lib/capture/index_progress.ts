import { indexAdd, isAfter } from "../protocol/mod.ts";
import type { Origin } from "./exchange.ts";

/** How far both directions of a stream have come: tells frames that a second link carried again from new ones. */
export class IndexProgress {
  #client: number | null;
  #origin: number | null;
  #gaps = 0;

  /** @param fromStart the stream is seen from its first frame on; else the first frame seen says where it stands */
  constructor(fromStart: boolean) {
    this.#client = fromStart ? 0 : null;
    this.#origin = fromStart ? 0 : null;
  }

  /** Times that frames were missing. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Whether a frame with this index has been seen before. */
  isRepeated(from: Origin, index: number): boolean {
    const next = from === "client" ? this.#client : this.#origin;
    if (next !== null && index !== next) {
      if (isAfter(next, index)) return true;
      this.#gaps++;
    }
    if (from === "client") this.#client = indexAdd(index, 1);
    else this.#origin = indexAdd(index, 1);
    return false;
  }
}
