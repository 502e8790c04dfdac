/** Something that waits for the origin. */
export interface AwaitsOrigin {
  /** Its place in the list, or -1. The list's alone. */
  waitingAt: number;
  /** The origin has kept it waiting for too long. */
  timedOut(): void;
}

/**
 * Who waits for the origin, and until when. Everyone knows its place, so that coming and going, which every request
 * does, costs the same however many there are, and leaves nothing behind to be collected.
 */
export class WaitingList {
  readonly #waiting: AwaitsOrigin[] = [];
  readonly #deadlines: number[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** One that is in the list already waits anew. */
  add(waiting: AwaitsOrigin, deadlineMs: number): void {
    if (waiting.waitingAt === -1) {
      waiting.waitingAt = this.#waiting.length;
      this.#waiting.push(waiting);
    }
    this.#deadlines[waiting.waitingAt] = deadlineMs;
  }

  remove(waiting: AwaitsOrigin): void {
    const at = waiting.waitingAt;
    if (at === -1) return;
    waiting.waitingAt = -1;
    const last = this.#waiting.pop()!;
    const lastDeadline = this.#deadlines.pop()!;
    if (last === waiting) return;
    last.waitingAt = at;
    this.#waiting[at] = last;
    this.#deadlines[at] = lastDeadline;
  }

  /** Removes and tells everyone whose deadline has come. */
  expire(nowMs: number): void {
    // One that is told may remove others, or give them more time: they are found first, and looked at again.
    const late = this.#waiting.filter((_, at) => this.#deadlines[at] <= nowMs);
    for (const waiting of late) {
      if (waiting.waitingAt === -1 || this.#deadlines[waiting.waitingAt] > nowMs) continue;
      this.remove(waiting);
      waiting.timedOut();
    }
  }
}
