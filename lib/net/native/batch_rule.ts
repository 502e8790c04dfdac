/** Looks after which it is decided anew. */
const windowLooks = 64;

/** At so many looks of a window messages must have come together for it to begin, and at so many for it to go on. */
const enoughToBegin = windowLooks / 4;
const enoughToGoOn = windowLooks / 16;

/**
 * Decides when the thread is better off as a batch task (`SCHED_BATCH` of sched(7)), which waits for its turn where others would
 * be interrupted for it.
 *
 * A peer that sends several messages before it has an answer to the first waits for none of them in particular. Whoever
 * is quick to read the first message of such a burst interrupts its sender in the midst of it, and is called again for each of the
 * others. One that waits for its turn reads more at once, and all have less to do. Where each message is waited for, being quick
 * is worth more.
 */
export class BatchRule {
  #isBatch = false;
  #looks = 0;
  #together = 0;
  /** At this look. */
  #isTogether = false;

  get isBatch(): boolean {
    return this.#isBatch;
  }

  /** Messages had come together, at this look. */
  together(): void {
    this.#isTogether = true;
  }

  /** What was there has been read. @returns whether {@link isBatch} is another now */
  looked(): boolean {
    if (this.#isTogether) this.#together++;
    this.#isTogether = false;
    if (++this.#looks < windowLooks) return false;
    const enough = this.#isBatch ? enoughToGoOn : enoughToBegin;
    const before = this.#isBatch;
    this.#isBatch = this.#together >= enough;
    this.#looks = this.#together = 0;
    return this.#isBatch !== before;
  }

  /** Nothing comes any more: whatever is next is to be answered at once. @returns as {@link looked} */
  quiet(): boolean {
    const before = this.#isBatch;
    this.#isBatch = this.#isTogether = false;
    this.#looks = this.#together = 0;
    return before;
  }
}
