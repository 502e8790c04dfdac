import type { CapturedExchange } from "../../capture/mod.ts";
import { nearest } from "./nearest.ts";
import { hasRedacted, isSameQuery, sharedParameters, type SplitTarget, splitTarget } from "./query.ts";
import { unservable } from "./servable.ts";

/**
 * `strict`: method, path and query as recorded, and each answer once, in the order recorded. `loose`: parameters may
 * stand in another order; a query that was never recorded gets what was recorded for the path with the most parameters
 * in common, and the fewest others; when all answers were given, the last is given again.
 */
export type Matching = "loose" | "strict";

/** More than any query has: a target is at most 64 KiB. */
const maxParameters = 65_536;

/** What is asked for. */
export interface Asked {
  kind: "http" | "websocket";
  method: string;
  target: string;
}

/** An exchange that may be asked for. */
export interface Recording {
  exchange: CapturedExchange;
  target: SplitTarget;
  /** Why it cannot be served; `null` when it can. */
  problem: string | null;
  /** How often it was asked for. */
  asked: number;
}

export type Found =
  | { kind: "found"; recording: Recording }
  /** Recorded, but not wholly. */
  | { kind: "not-whole"; recording: Recording }
  /** Recorded so often, and asked for more often. */
  | { kind: "used-up"; recording: Recording; times: number }
  | { kind: "not-recorded"; nearest: Recording | null };

/** Recordings of one kind, method and path, in the order of their starts. */
interface Group {
  recordings: Recording[];
  /** By query as it stands, and by its parameters in one order: what most requests are found by. */
  byQuery: Map<string, Turns>;
  bySorted: Map<string, Turns>;
  /** Those with a redacted value in their query. */
  redacted: Recording[];
}

/** Recordings that fit the same requests, in the order of their starts: each has its turn once. */
class Turns {
  readonly #matching: Matching;
  #recordings: Recording[] = [];
  /** All before it were asked for. */
  #next = 0;

  constructor(matching: Matching) {
    this.#matching = matching;
  }

  get count(): number {
    return this.#recordings.length;
  }

  get last(): Recording {
    return this.#recordings[this.#recordings.length - 1];
  }

  /** In loose matching, those that are not whole have no turn when there are others. */
  add(recording: Recording): this {
    if (this.#matching === "loose" && this.count > 0) {
      const wasWhole = this.last.problem === null;
      const isWhole = recording.problem === null;
      if (wasWhole && !isWhole) return this;
      if (!wasWhole && isWhole) this.#recordings = [];
    }
    this.#recordings.push(recording);
    return this;
  }

  /** The first that was not asked for; `undefined` when all were. */
  fresh(): Recording | undefined {
    while (this.#next < this.count && this.#recordings[this.#next].asked > 0) this.#next++;
    return this.#recordings[this.#next];
  }
}

/** Exchanges to answer from, and which of them were asked for. */
export class Recordings {
  readonly all: readonly Recording[];
  readonly #matching: Matching;
  readonly #groups = new Map<string, Group>();

  /** @param exchanges in the order of their starts */
  constructor(exchanges: readonly CapturedExchange[], matching: Matching) {
    this.#matching = matching;
    this.all = exchanges.map((exchange) => ({
      exchange,
      target: splitTarget(exchange.target),
      problem: unservable(exchange),
      asked: 0,
    }));
    for (const recording of this.all) this.#add(recording);
  }

  /** The recording for a request; it counts as asked for. */
  take(asked: Asked): Found {
    const target = splitTarget(asked.target);
    const turns = this.#turns(this.#groups.get(keyOf(asked, target)), target);
    if (turns === null) return { kind: "not-recorded", nearest: nearest(this.all, asked, target) };
    const fresh = turns.fresh();
    const recording = fresh ?? turns.last;
    recording.asked++;
    if (recording.problem !== null) return { kind: "not-whole", recording };
    if (fresh === undefined && this.#matching === "strict") {
      return { kind: "used-up", recording, times: turns.count };
    }
    return { kind: "found", recording };
  }

  #add(recording: Recording): void {
    const { exchange, target } = recording;
    const key = keyOf(exchange, target);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { recordings: [], byQuery: new Map(), bySorted: new Map(), redacted: [] };
      this.#groups.set(key, group);
    }
    group.recordings.push(recording);
    if (hasRedacted(target)) group.redacted.push(recording);
    for (const [turns, key] of [[group.byQuery, target.query], [group.bySorted, target.sorted]] as const) {
      turns.set(key, (turns.get(key) ?? new Turns(this.#matching)).add(recording));
    }
  }

  #turns(group: Group | undefined, target: SplitTarget): Turns | null {
    if (group === undefined) return null;
    const exact = group.byQuery.get(target.query);
    if (exact !== undefined) return exact;
    const anyOrder = this.#matching === "loose";
    const sorted = anyOrder ? group.bySorted.get(target.sorted) : undefined;
    if (sorted !== undefined) return sorted;
    const hidden = group.redacted.filter((recording) => isSameQuery(recording.target, target, anyOrder));
    if (hidden.length === 0 && !anyOrder) return null;
    const turns = new Turns(this.#matching);
    for (const recording of hidden.length > 0 ? hidden : mostAlike(group.recordings, target)) {
      turns.add(recording);
    }
    return turns;
  }
}

/** Those that share the most parameters with what is asked for and, of these, have the fewest others. */
function mostAlike(recordings: Recording[], target: SplitTarget): Recording[] {
  const scores = recordings.map((recording) =>
    sharedParameters(recording.target, target) * maxParameters - recording.target.parameters.length
  );
  const best = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  return recordings.filter((_, i) => scores[i] === best);
}

function keyOf({ kind, method }: Omit<Asked, "target">, { path }: SplitTarget): string {
  return `${kind} ${method} ${path}`;
}
