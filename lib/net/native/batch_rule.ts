/** Looks after which it is decided anew. */
const windowLooks = 64;

/** For each event of a window so many messages must have come together for it to begin, and so many for it to go on. */
const enoughToBegin = 1;
const enoughToGoOn = 1 / 4;

/**
 * Decides when the thread is better off as a batch task (`SCHED_BATCH` of sched(7)), which waits for its turn where others would
 * be interrupted for it.
 *
 * A peer that sends several messages before it has an answer to the first waits for none of them in particular. Whoever
 * is quick to read the first message of such a burst interrupts its sender in the midst of it, and is called again for each of the
 * others. One that waits for its turn reads more at once, and all have less to do. Where each message is waited for, being quick
 * is worth more.
 *
 * What counts is how many messages go by in company, on their way in or out, and not at how many looks: a thread that is too quick
 * finds the answers to a burst one by one, and would never see that they are many.
 */
export class BatchRule {
  #isBatch = false;
  #looks = 0;
  #events = 0;
  #together = 0;

  get isBatch(): boolean {
    return this.#isBatch;
  }

  /** So many messages had come together. */
  together(messages: number): void {
    this.#together += messages;
  }

  /** So many events were dealt with. @returns whether {@link isBatch} is another now */
  looked(events: number): boolean {
    this.#events += events;
    if (++this.#looks < windowLooks) return false;
    const enough = this.#isBatch ? enoughToGoOn : enoughToBegin;
    const before = this.#isBatch;
    this.#isBatch = this.#together >= enough * this.#events;
    this.#looks = this.#events = this.#together = 0;
    return this.#isBatch !== before;
  }

  /** Nothing comes any more: whatever is next is to be answered at once. @returns as {@link looked} */
  quiet(): boolean {
    const before = this.#isBatch;
    this.#isBatch = false;
    this.#looks = this.#events = this.#together = 0;
    return before;
  }
}
