/** Streams that wait for one that began earlier; beyond that, order gives way to memory. */
const maxWaiting = 200;

/**
 * Puts streams, which come in the order of their ends, into the order of their starts, as far as that takes no more
 * than 200 waiting ones: behind a stream that lasts very long the order is broken. A stream that no earlier one is under
 * way with goes through at once.
 */
export class StartOrder<T> {
  readonly #emit: (stream: T) => void;
  readonly #startUs: (stream: T) => number;
  /** In the order of their starts. */
  readonly #waiting: T[] = [];

  /** @param startUs when a stream began */
  constructor(startUs: (stream: T) => number, emit: (stream: T) => void) {
    this.#emit = emit;
    this.#startUs = startUs;
  }

  /** Streams that wait. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** @param oldestUs when the first of the streams began that are under way; `Infinity` when none are */
  add(stream: T, oldestUs: number): void {
    const startUs = this.#startUs(stream);
    let at = this.#waiting.length;
    while (at > 0 && this.#startUs(this.#waiting[at - 1]) > startUs) at--;
    if (this.#waiting.length === 0 && startUs <= oldestUs) return this.#emit(stream);
    this.#waiting.splice(at, 0, stream);
    let due = 0;
    while (due < this.#waiting.length && this.#startUs(this.#waiting[due]) <= oldestUs) due++;
    if (this.#waiting.length - due >= maxWaiting) due += maxWaiting / 2;
    if (due > 0) this.#release(due);
  }

  /** Nothing is under way any more. */
  finish(): void {
    this.#release(this.#waiting.length);
  }

  #release(count: number): void {
    for (const stream of this.#waiting.splice(0, count)) this.#emit(stream);
  }
}
