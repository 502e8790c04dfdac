import type { ProbeResultFrame } from "../protocol/mod.ts";
import { type ProbeSample, takeApart } from "./sample.ts";

/** What became of a probe, or of an answer. */
export type ProbeEvent =
  | { kind: "answered"; sample: ProbeSample; late: boolean; outOfOrder: boolean }
  /** It came back, but had not got to its end. */
  | { kind: "failed"; sequence: number; afterMs: number; problem: string }
  /** Nothing came within the timeout. An answer may still come, and is `late` then. */
  | { kind: "lost"; sequence: number; afterMs: number }
  | { kind: "duplicated"; sequence: number };

/** How many probes went which way. `sent` is `received + lost + failed + pending`. */
export interface ProbeCounts {
  sent: number;
  /** Answered in time. */
  received: number;
  /** Not answered in time. */
  lost: number;
  /** Of the lost, those whose answer came after all. */
  late: number;
  failed: number;
  /** Answers beyond the first to a probe. */
  duplicated: number;
  /** Answers that came after the answer to a later probe. */
  outOfOrder: number;
  /** Still under way, and not yet given up. */
  pending: number;
}

/** Probes remembered after their end, to tell a late or second answer from nonsense. */
const maxRemembered = 65_536;

/**
 * Every probe from its departure to its end: matches answers to probes and sorts what comes late, twice or out of
 * order. Pure: `(probe or answer, now) → event`, with `now` in milliseconds of any monotonic clock.
 */
export class ProbeBook {
  readonly #timeoutMs: number;
  readonly #origin: boolean;
  /** When each probe under way left, oldest first. */
  readonly #pending = new Map<number, number>();
  /** Those given up: when they left. */
  readonly #lost = new Map<number, number>();
  readonly #ended = new Set<number>();
  #counts = { sent: 0, received: 0, lost: 0, late: 0, failed: 0, duplicated: 0, outOfOrder: 0 };
  #newest = -1;

  /** @param options `timeoutMs`: when a probe is given up; `origin`: whether probes go on to the origin */
  constructor(options: { timeoutMs: number; origin: boolean }) {
    this.#timeoutMs = options.timeoutMs;
    this.#origin = options.origin;
  }

  get counts(): ProbeCounts {
    return { ...this.#counts, pending: this.#pending.size };
  }

  /** When {@link expire} is to be called next, on the clock of `now`; `Infinity` when nothing is under way. */
  get deadline(): number {
    for (const sentAt of this.#pending.values()) return sentAt + this.#timeoutMs;
    return Infinity;
  }

  sent(sequence: number, now: number): void {
    this.#counts.sent++;
    this.#pending.set(sequence, now);
  }

  /** The probe could not leave, or its connection is gone: it has ended. `null` when it had already. */
  fail(sequence: number, problem: string, now: number): ProbeEvent | null {
    const sentAt = this.#pending.get(sequence);
    if (sentAt === undefined) return null;
    this.#end(sequence);
    this.#counts.failed++;
    return { kind: "failed", sequence, afterMs: now - sentAt, problem };
  }

  /** {@link fail}s all probes under way. */
  failAll(problem: string, now: number): ProbeEvent[] {
    return [...this.#pending.keys()].map((sequence) => this.fail(sequence, problem, now) as ProbeEvent);
  }

  /** An answer came. `null` when it belongs to no probe that is remembered, or says nothing of one given up. */
  answered(result: ProbeResultFrame, now: number): ProbeEvent | null {
    const sequence = result.probeId;
    if (this.#ended.has(sequence)) {
      this.#counts.duplicated++;
      return { kind: "duplicated", sequence };
    }
    const late = this.#lost.has(sequence);
    const sentAt = this.#pending.get(sequence) ?? this.#lost.get(sequence);
    if (sentAt === undefined) return null;
    if (result.problem !== "") return late ? null : this.fail(sequence, result.problem, now);
    this.#end(sequence);
    if (late) this.#counts.late++;
    else this.#counts.received++;
    const outOfOrder = sequence < this.#newest;
    if (outOfOrder) this.#counts.outOfOrder++;
    else this.#newest = sequence;
    const rttMs = Math.max(0, now - sentAt);
    const sample = takeApart(result, { sequence, rttMs, origin: this.#origin });
    return { kind: "answered", sample, late, outOfOrder };
  }

  /** Gives up the probes whose timeout has passed. */
  expire(now: number): ProbeEvent[] {
    const events: ProbeEvent[] = [];
    for (const [sequence, sentAt] of this.#pending) {
      // The same sum as in `deadline`: the difference could round to just below the timeout, for ever.
      if (now < sentAt + this.#timeoutMs) break;
      this.#pending.delete(sequence);
      this.#lost.set(sequence, sentAt);
      forgetOldest(this.#lost);
      this.#counts.lost++;
      events.push({ kind: "lost", sequence, afterMs: now - sentAt });
    }
    return events;
  }

  #end(sequence: number): void {
    this.#pending.delete(sequence);
    this.#lost.delete(sequence);
    this.#ended.add(sequence);
    forgetOldest(this.#ended);
  }
}

function forgetOldest(book: Map<number, number> | Set<number>): void {
  if (book.size <= maxRemembered) return;
  for (const oldest of book.keys()) {
    book.delete(oldest);
    return;
  }
}
