import type { StreamRow } from "./stream_rows.ts";

/** Rows that wait for a stream that began earlier; beyond that, order gives way to memory. */
const maxWaiting = 200;

/**
 * Puts rows, which come in the order of their ends, into the order of their starts, as far as that takes no more
 * than 200 waiting rows: behind a stream that lasts very long the order is broken once.
 */
export class StartOrder {
  readonly #emit: (row: StreamRow) => void;
  #waiting: StreamRow[] = [];

  constructor(emit: (row: StreamRow) => void) {
    this.#emit = emit;
  }

  add(row: StreamRow): void {
    this.#waiting.push(row);
    if (this.#waiting.length >= maxWaiting) this.#release(maxWaiting / 2);
  }

  finish(): void {
    this.#release(this.#waiting.length);
  }

  #release(count: number): void {
    this.#waiting.sort((a, b) => a.startUs - b.startUs);
    for (const row of this.#waiting.splice(0, count)) this.#emit(row);
  }
}
