import { isSequenceBefore } from "./ping_sequence.ts";

/** How a stream ended, as kept for a peer that may have missed it. */
export type Ending =
  | { kind: "finished"; delivered: number; credit: number }
  | { kind: "reset"; code: number; reason: string };

/**
 * Endings of collected streams, kept while the peer may not know them: a peer that lost the last
 * acknowledgement with its link is told "finished", not reset.
 *
 * A peer that answers a ping has read everything written before that ping, so endings are forgotten one ping
 * round trip after they were written. The number kept therefore grows with the rate of streams, not with
 * the resume window.
 */
export class Tombstones {
  /** Written since the last ping. */
  #fresh = new Map<number, Ending>();
  /** Written before the ping `#barrier`, which is not answered yet. */
  #waiting = new Map<number, Ending>();
  #barrier: number | null = null;

  get size(): number {
    return this.#fresh.size + this.#waiting.size;
  }

  get(requestId: number): Ending | undefined {
    return this.#fresh.get(requestId) ?? this.#waiting.get(requestId);
  }

  add(requestId: number, ending: Ending): void {
    this.#fresh.set(requestId, ending);
  }

  /** All endings, with the request ids they belong to. */
  *entries(): Generator<[requestId: number, ending: Ending]> {
    yield* this.#waiting;
    yield* this.#fresh;
  }

  /** A ping was written to the link, behind everything added so far. */
  pingSent(sequence: number): void {
    if (this.#barrier !== null || this.#fresh.size === 0) return;
    this.#barrier = sequence;
    [this.#waiting, this.#fresh] = [this.#fresh, this.#waiting];
  }

  /** The peer answered the ping with this sequence number, or a later one. */
  pongReceived(sequence: number): void {
    if (this.#barrier === null || isSequenceBefore(sequence, this.#barrier)) return;
    this.#waiting.clear();
    this.#barrier = null;
  }

  /** The link is gone: nothing written to it is known to have arrived. */
  linkLost(): void {
    for (const [requestId, ending] of this.#waiting) {
      if (!this.#fresh.has(requestId)) this.#fresh.set(requestId, ending);
    }
    this.#waiting.clear();
    this.#barrier = null;
  }
}
