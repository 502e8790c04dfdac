import type { CapturedExchange } from "../../capture/mod.ts";

/** When a client had the origin's messages. Asked for each of the client's own, of which there may be a million. */
export class ReceivedMessages {
  /** When each whole one had come, in order; a HAR may list them in another. */
  readonly #endsUs: Float64Array;

  constructor({ messages }: CapturedExchange) {
    const whole = messages.filter(({ from, complete }) => from === "origin" && complete);
    this.#endsUs = Float64Array.from(whole, ({ endedAtUs }) => endedAtUs).sort();
  }

  /** How many were there at `timeUs`. */
  before(timeUs: number): number {
    let low = 0;
    let high = this.#endsUs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#endsUs[middle] <= timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
