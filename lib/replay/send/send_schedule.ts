/** When exchanges began and ended in the recording, in the order of their starts; a column each. */
export interface Spans {
  startUs: Float64Array;
  /** Not before the start. */
  endUs: Float64Array;
  /** 1: it is not sent, and holds nothing up. */
  skipped: Uint8Array;
}

/** What to do next. */
export type Step =
  /** Begin with the exchange of this number. */
  | { kind: "start"; index: number }
  /** Wait until then, microseconds since the replay began. */
  | { kind: "wait"; untilUs: number }
  /** Wait until one that is under way has ended. */
  | { kind: "blocked" }
  | { kind: "done" };

/**
 * When each exchange is sent again: in the recorded order, at its recorded time divided by the speed, and not before those
 * have ended that had ended before it began. So as many are under way at a time as were, and a request that followed
 * from an answer follows it again, however slow the origin is now. Pure: time comes in as an argument.
 */
export class SendSchedule {
  readonly #spans: Spans;
  readonly #speed: number;
  readonly #firstUs: number;
  /** Numbers in the order of the recorded ends. */
  readonly #byEnd: Uint32Array;
  readonly #ended: Uint8Array;
  /** So many of `#byEnd` had ended before the next one began. */
  #needed = 0;
  /** So many of `#byEnd`, from the front, have ended now. */
  #endedInOrder = 0;
  #next = 0;

  /** @param speed 1 as recorded, 10 ten times as fast, `Infinity` as fast as it goes */
  constructor(spans: Spans, speed: number) {
    this.#spans = spans;
    this.#speed = speed;
    const first = spans.skipped.indexOf(0);
    this.#firstUs = first === -1 ? 0 : spans.startUs[first];
    this.#ended = new Uint8Array(spans.startUs.length);
    this.#byEnd = Uint32Array.from(spans.startUs.keys());
    this.#byEnd.sort((a, b) => spans.endUs[a] - spans.endUs[b]);
  }

  /** When it is due, microseconds since the replay began. */
  dueUs(index: number): number {
    const { skipped, startUs } = this.#spans;
    return skipped[index] === 1 ? 0 : (startUs[index] - this.#firstUs) / this.#speed;
  }

  next(nowUs: number): Step {
    const { startUs, endUs, skipped } = this.#spans;
    const index = this.#next;
    if (index === startUs.length) return { kind: "done" };
    if (skipped[index] === 0) {
      const untilUs = this.dueUs(index);
      if (untilUs > nowUs) return { kind: "wait", untilUs };
      while (this.#needed < index && endUs[this.#byEnd[this.#needed]] < startUs[index]) this.#needed++;
      if (this.#endedInOrder < this.#needed) return { kind: "blocked" };
    }
    this.#next++;
    return { kind: "start", index };
  }

  /** The exchange came to its end, or was skipped. */
  ended(index: number): void {
    this.#ended[index] = 1;
    while (this.#endedInOrder < this.#byEnd.length && this.#ended[this.#byEnd[this.#endedInOrder]] === 1) {
      this.#endedInOrder++;
    }
  }
}
