import type { CapturedExchange } from "../../capture/mod.ts";
import { SeenHeaders } from "./compare_headers.ts";
import type { Outcome } from "./outcome.ts";
import { endedAtUs } from "./recorded_end.ts";

/** Counts what becomes of exchanges. */
export class SendTotals {
  readonly counts = { same: 0, different: 0, failed: 0, skipped: 0, interrupted: 0 };
  readonly headers = new SeenHeaders();
  readonly #withheld = new Map<string, number>();
  #firstUs = Infinity;
  #lastUs = 0;
  comparedInPart = 0;
  mostBehindMs = 0;

  /** Time the recording took for what was sent, milliseconds. */
  get recordedMs(): number {
    return Math.max(0, this.#lastUs - this.#firstUs) / 1000;
  }

  /** @param behindMs how long after its time */
  sent(exchange: CapturedExchange, behindMs: number): void {
    this.mostBehindMs = Math.max(this.mostBehindMs, behindMs);
    this.#firstUs = Math.min(this.#firstUs, exchange.startedAtUs);
    this.#lastUs = Math.max(this.#lastUs, endedAtUs(exchange));
  }

  outcome(outcome: Outcome): void {
    this.counts[outcome.result]++;
    if (outcome.notes.length > 0) this.comparedInPart++;
    for (const name of outcome.withheld) this.#withheld.set(name, (this.#withheld.get(name) ?? 0) + 1);
  }

  /** By name: requests that a field was not sent with. */
  withheld(): { name: string; requests: number }[] {
    return [...this.#withheld].map(([name, requests]) => ({ name, requests }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }
}
