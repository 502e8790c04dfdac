/** Streams that wait for one that began earlier; beyond that, order gives way to memory. */
const maxWaiting = 200;

/**
 * Puts streams, which come in the order of their ends, into the order of their starts, as far as that takes no more
 * than 200 waiting ones: behind a stream that lasts very long the order is broken once.
 */
export class StartOrder<T> {
  readonly #emit: (stream: T) => void;
  readonly #startUs: (stream: T) => number;
  #waiting: T[] = [];

  /** @param startUs when a stream began */
  constructor(startUs: (stream: T) => number, emit: (stream: T) => void) {
    this.#emit = emit;
    this.#startUs = startUs;
  }

  add(stream: T): void {
    this.#waiting.push(stream);
    if (this.#waiting.length >= maxWaiting) this.#release(maxWaiting / 2);
  }

  finish(): void {
    this.#release(this.#waiting.length);
  }

  #release(count: number): void {
    this.#waiting.sort((a, b) => this.#startUs(a) - this.#startUs(b));
    for (const stream of this.#waiting.splice(0, count)) this.#emit(stream);
  }
}
