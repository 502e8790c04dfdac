import type { Runner, RunnerSession } from "./runner_session.ts";

/** Which runner sessions exist, by id and by name. */
export class Registry {
  readonly #byId = new Map<string, RunnerSession>();
  readonly #byName = new Map<string, RunnerSession[]>();
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<RunnerSession> {
    return this.#byId.values();
  }

  get(id: string): RunnerSession | undefined {
    return this.#byId.get(id);
  }

  named(name: string): readonly RunnerSession[] {
    return this.#byName.get(name) ?? [];
  }

  add(session: RunnerSession): void {
    this.#byId.set(session.id, session);
    const named = this.#byName.get(session.name);
    if (named === undefined) this.#byName.set(session.name, [session]);
    else named.push(session);
  }

  remove(session: RunnerSession): void {
    if (this.#byId.get(session.id) !== session) return;
    this.#byId.delete(session.id);
    const named = this.#byName.get(session.name)?.filter((other) => other !== session) ?? [];
    if (named.length === 0) this.#byName.delete(session.name);
    else this.#byName.set(session.name, named);
  }

  /**
   * A session for a stream whose origin was away when `tried` dialled it: rather another one of the name, because one
   * that serves nothing would seem the least loaded every time.
   */
  pickAfter(tried: Runner): Runner | null {
    const others = this.#othersThan(tried);
    return others.length > 0 ? this.#lessLoaded(others) : this.connected(tried);
  }

  /** Another session of its name for what `tried` could not bring to its origin, if one is likely to. */
  pickInstead(tried: Runner): Runner | null {
    return this.#lessLoaded(this.#othersThan(tried).filter((session) => !session.originIsAway));
  }

  /** `runner`, if it is still there and takes streams now. */
  connected(runner: Runner): Runner | null {
    const session = this.named(runner.name).find((each) => each === runner);
    return session === undefined || session.link === null || session.draining ? null : session;
  }

  /** A session of this name that has a link now, for a stream that lost its own session. */
  pickConnected(name: string): RunnerSession | null {
    const session = this.pick(name);
    return session?.link === null ? null : session;
  }

  /**
   * A session of this name for a new stream: of two picked at random the one with fewer streams, which
   * keeps the load even without any bookkeeping (M. Mitzenmacher, "The power of two choices", 2001).
   * A session whose link is down is picked only when none is up: its streams wait for the redial. So is one whose origin
   * could not be reached just now: it refuses at once, and would have the fewest streams of all.
   */
  pick(name: string): RunnerSession | null {
    const named = this.#byName.get(name);
    if (named === undefined) return null;
    if (named.length === 1) return named[0].draining ? null : named[0];
    let usable = named.filter((session) => session.link !== null && !session.draining);
    if (usable.length === 0) usable = named.filter((session) => !session.draining);
    const serving = usable.filter((session) => !session.originIsAway);
    return this.#lessLoaded(serving.length > 0 ? serving : usable);
  }

  /** Those of the same name that take streams now. */
  #othersThan(tried: Runner): RunnerSession[] {
    return this.named(tried.name).filter((session) =>
      session !== tried && session.link !== null && !session.draining
    );
  }

  #lessLoaded(usable: readonly RunnerSession[]): RunnerSession | null {
    if (usable.length < 2) return usable[0] ?? null;
    const first = Math.floor(this.#random() * usable.length);
    const second = (first + 1 + Math.floor(this.#random() * (usable.length - 1))) % usable.length;
    const [a, b] = [usable[first], usable[second]];
    return b.streamCount < a.streamCount ? b : a;
  }
}
