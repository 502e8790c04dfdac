import { FinishedLog } from "./finished_log.ts";
import { isSequenceBefore } from "./ping_sequence.ts";

/** How a stream ended, as kept for a peer that may have missed it. */
export type Ending =
  | { kind: "finished"; delivered: number; credit: number }
  | { kind: "reset"; code: number; reason: string };

/** Endings written to the link in one stretch between two pings. */
interface Stretch {
  finished: FinishedLog;
  resets: Map<number, Ending>;
}

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
  #fresh = newStretch();
  /** Written before the ping `#barrier`, which is not answered yet. */
  #waiting = newStretch();
  #barrier: number | null = null;

  get size(): number {
    return sizeOf(this.#fresh) + sizeOf(this.#waiting);
  }

  get(requestId: number): Ending | undefined {
    return find(this.#fresh, requestId) ?? find(this.#waiting, requestId);
  }

  /** Keeps that the stream finished with the acknowledgement of `delivered` and `credit`. */
  addFinished(requestId: number, delivered: number, credit: number): void {
    this.#fresh.finished.add(requestId, delivered, credit);
  }

  /** Keeps that the stream was reset. */
  addReset(requestId: number, code: number, reason: string): void {
    this.#fresh.resets.set(requestId, { kind: "reset", code, reason });
  }

  /** The streams that were reset. */
  *resets(): Generator<[requestId: number, ending: Ending]> {
    yield* this.#waiting.resets;
    yield* this.#fresh.resets;
  }

  /** A ping was written to the link, behind everything added so far. */
  pingSent(sequence: number): void {
    if (this.#barrier !== null || sizeOf(this.#fresh) === 0) return;
    this.#barrier = sequence;
    [this.#waiting, this.#fresh] = [this.#fresh, this.#waiting];
  }

  /** The peer answered the ping with this sequence number, or a later one. */
  pongReceived(sequence: number): void {
    if (this.#barrier === null || isSequenceBefore(sequence, this.#barrier)) return;
    this.#barrier = null;
    this.#waiting = newStretch();
  }

  /** The link is gone: nothing written to it is known to have arrived. */
  linkLost(): void {
    this.#barrier = null;
    if (sizeOf(this.#waiting) === 0) return;
    const merged = this.#waiting;
    merged.finished.addAll(this.#fresh.finished);
    for (const [requestId, ending] of this.#fresh.resets) merged.resets.set(requestId, ending);
    this.#fresh = merged;
    this.#waiting = newStretch();
  }
}

function newStretch(): Stretch {
  return { finished: new FinishedLog(), resets: new Map() };
}

function sizeOf(stretch: Stretch): number {
  return stretch.finished.size + stretch.resets.size;
}

function find(stretch: Stretch, requestId: number): Ending | undefined {
  return stretch.resets.get(requestId) ?? stretch.finished.get(requestId);
}
