import type { ProbeResultFrame } from "../protocol/mod.ts";
import { ClockOffset } from "../session/mod.ts";
import type { MeasuredHops } from "./dominant_hop.ts";
import { HopStatistics } from "./hop_statistics.ts";
import type { ProbeEvent } from "./probe_book.ts";
import { type Hop, hopMs, hops, type ProbeSample } from "./sample.ts";

/** How far a machine's wall clock is ahead of the prober's, and how wrong that can be. */
export interface ClockEstimate {
  offsetMs: number;
  uncertaintyMs: number;
}

/** Wall clocks here tick in milliseconds: each of an estimate's two ends may be wrong by that. */
const clockGrainMs = 1;

/** Kinds of problem that are told apart; further ones are counted together. */
const maxProblems = 16;
const otherProblems = "other problems";

/** Everything that is known of the probes to one session, in bounded memory. */
export class ProbeStatistics {
  readonly roundTrip = new HopStatistics();
  readonly lag = new HopStatistics();
  readonly #hops: Record<Hop, HopStatistics> = {
    proberGateway: new HopStatistics(),
    gatewayRunner: new HopStatistics(),
    runnerOrigin: new HopStatistics(),
  };
  readonly #gatewayClock = new ClockOffset();
  readonly #runnerClock = new ClockOffset();
  readonly #problems = new Map<string, number>();
  readonly #statuses = new Map<number, number>();

  /** Summaries of the round trip and its parts. */
  measured(): MeasuredHops {
    const { proberGateway, gatewayRunner, runnerOrigin } = this.#hops;
    return {
      roundTrip: this.roundTrip.summary(),
      hops: {
        proberGateway: proberGateway.summary(),
        gatewayRunner: gatewayRunner.summary(),
        runnerOrigin: runnerOrigin.summary(),
      },
    };
  }

  /** Late answers count as well: leaving the slowest out would flatter the rest. */
  add(event: ProbeEvent): void {
    if (event.kind === "answered") this.#sample(event.sample);
    else if (event.kind === "failed") this.#problem(event.problem);
  }

  /**
   * The clocks that an answer tells of. Offsets stand for themselves: no duration is made from them.
   *
   * @param rttMs by the prober's monotonic clock
   * @param returnedAtUs the prober's wall clock when the answer came, microseconds since 1970
   */
  clocks(result: ProbeResultFrame, options: { rttMs: number; returnedAtUs: number }): void {
    const rttUs = options.rttMs * 1000;
    const { returnedAtUs } = options;
    const sentAtUs = returnedAtUs - rttUs;
    const add = (clock: ClockOffset, repliedAtUs: number, heldUs: number) =>
      clock.add({ sentAtUs, receivedAtUs: repliedAtUs - heldUs, repliedAtUs, returnedAtUs, rttUs });
    add(this.#gatewayClock, result.gatewayRepliedAtUs, result.gatewayHeldUs);
    if (result.runnerRepliedAtUs > 0) add(this.#runnerClock, result.runnerRepliedAtUs, result.runnerHeldUs);
  }

  get gatewayClock(): ClockEstimate | null {
    return estimate(this.#gatewayClock);
  }

  get runnerClock(): ClockEstimate | null {
    return estimate(this.#runnerClock);
  }

  /** Why probes failed, most frequent first. */
  problems(): { problem: string; count: number }[] {
    return [...this.#problems].map(([problem, count]) => ({ problem, count })).sort((a, b) =>
      b.count - a.count
    );
  }

  /** What the origin answered with, most frequent first. */
  originStatuses(): { status: number; count: number }[] {
    return [...this.#statuses].map(([status, count]) => ({ status, count })).sort((a, b) =>
      b.count - a.count
    );
  }

  #sample(sample: ProbeSample): void {
    this.roundTrip.add(sample.rttMs);
    for (const hop of hops) {
      const ms = hopMs(sample, hop);
      if (ms !== null) this.#hops[hop].add(ms);
    }
    const { originStatus } = sample;
    if (originStatus !== 0) this.#statuses.set(originStatus, (this.#statuses.get(originStatus) ?? 0) + 1);
  }

  #problem(text: string): void {
    const isNew = !this.#problems.has(text);
    const problem = isNew && this.#problems.size >= maxProblems ? otherProblems : text;
    this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + 1);
  }
}

function estimate(clock: ClockOffset): ClockEstimate | null {
  if (!clock.known) return null;
  return { offsetMs: clock.offsetMs, uncertaintyMs: clock.uncertaintyMs + clockGrainMs };
}
