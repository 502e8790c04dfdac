import { resetCodes } from "../protocol/mod.ts";
import type { Clock } from "../link/mod.ts";
import type { Logger, StreamStatus, TunnelMetrics } from "../telemetry/mod.ts";
import { BufferLimit, isExchange } from "./buffer_limit.ts";
import { Hibernation, type Sleeper } from "./hibernation.ts";
import { hibernatingStatus } from "./observe.ts";
import type { Registry } from "./registry.ts";
import type { Runner, RunnerSession } from "./runner_session.ts";

/** A client that woke before its origin was there is left alone for so long at least, milliseconds. */
const tryAgainAfterMs = 500;

/** Clients that try at a time whether the origin of one name is there; once it has taken one, all may. */
const triesPerSweep = 100;

export interface RunnerPoolOptions {
  gatewayId: number;
  registry: Registry;
  /** Where streams of a lost session go on: on any runner that is there, or only on one that comes afterwards. */
  wake: "any" | "same";
  /** Bytes held for runners, over all streams. */
  maxBufferedBytes: number;
  clock: Clock;
  logger: Logger;
  metrics: TunnelMetrics;
}

/** The runners of a gateway, and the clients that wait for one: who serves whom, and what becomes of the rest. */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #hibernation = new Hibernation();
  readonly #bufferLimit: BufferLimit;
  /** Names of runners whose origin has taken a woken client since the last {@link sweep}. */
  readonly #answering = new Set<string>();
  #draining = false;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    const { gatewayId, registry, maxBufferedBytes: maxBytes, logger, metrics } = options;
    const hibernation = this.#hibernation;
    this.#bufferLimit = new BufferLimit({ gatewayId, maxBytes, registry, hibernation, logger, metrics });
  }

  /** Streams in flight over all runners. */
  get streamCount(): number {
    let count = 0;
    for (const session of this.#options.registry.all()) count += session.streamCount;
    return count;
  }

  /** What is held for runners, bytes: unacknowledged, unsent, or of streams without a runner. */
  get bufferedBytes(): number {
    return this.#bufferLimit.bufferedBytes;
  }

  /** Client WebSockets and requests that wait for a runner. */
  get hibernating(): number {
    return this.#hibernation.size;
  }

  /** Every stream in flight, and every client that waits for a runner. */
  streams(): StreamStatus[] {
    const { gatewayId, registry, clock } = this.#options;
    const of = { gatewayId, nowMs: clock.monotonicMs() };
    const streams = Array.from(registry.all(), (session) => session.streamStatuses()).flat();
    for (const waiting of this.#hibernation.all()) {
      if (isExchange(waiting)) streams.push(hibernatingStatus(waiting.waitingStatus(), of));
    }
    return streams;
  }

  /** The runner for a new stream, or `null` when none of that name is there. */
  pick(name: string): Runner | null {
    return this.#options.registry.pick(name);
  }

  /**
   * Where a stream goes on whose session was lost: on a runner that is there now, or (`"wait"`) on one that comes
   * within `waitMs`, when `sleeper` is woken or given up; `null` when there is nothing to wait for.
   */
  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null {
    if (this.#draining) return null;
    const { wake, registry, clock } = this.#options;
    if (wake === "any") {
      const runner = registry.pickConnected(sleeper.runnerName);
      if (runner !== null) return runner;
    }
    if (waitMs === 0) return null;
    this.#hibernation.add(sleeper, clock.monotonicMs() + waitMs);
    return "wait";
  }

  /** Another runner for a stream whose origin `tried` could not reach, or `null`. */
  pickInstead(tried: Runner): Runner | null {
    return this.#draining ? null : this.#options.registry.pickInstead(tried);
  }

  /**
   * `sleeper` woke on `runner`, whose origin is not there yet: {@link sweep} wakes it again until `untilMs`.
   *
   * @returns `false` when that has come already, or nobody is to wait any more
   */
  tryAgain(sleeper: Sleeper, { runner, untilMs }: { runner: Runner; untilMs: number }): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#draining || untilMs <= nowMs) return false;
    this.#hibernation.add(sleeper, untilMs, { runner, fromMs: nowMs + tryAgainAfterMs });
    return true;
  }

  /** An origin of runners of this name has taken a woken client: the others need not be few at a time. */
  originAnswers(name: string): void {
    this.#answering.add(name);
  }

  /** `sleeper` waits no longer. */
  awake(sleeper: Sleeper): void {
    this.#hibernation.remove(sleeper);
  }

  /** A frame more is held for runners, with so many bytes of payload: somebody may have to be given up. */
  held(bytes: number): void {
    this.#bufferLimit.took(bytes);
  }

  /** A runner is there: sleepers of its name go on, with it alone if they wait for theirs to be restarted. */
  ready(session: RunnerSession, resumed: boolean): void {
    const { wake, registry } = this.#options;
    if (wake === "any") {
      this.#hibernation.wakeAll(session.name, () => registry.pickConnected(session.name));
    } else if (!resumed) {
      this.#hibernation.wakeAll(session.name, () => session);
    }
  }

  /** Gives up those who have waited long enough, and lets those try again who may. Called about once a second. */
  sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#hibernation.expireUntil(nowMs, "nobody came back in time");
    const { wake, registry } = this.#options;
    const tries = new Map<string, number>();
    this.#hibernation.tryAgain(nowMs, ({ runnerName: name }, runner) => {
      const tried = tries.get(name) ?? 0;
      if (tried >= triesPerSweep && !this.#answering.has(name)) return null;
      tries.set(name, tried + 1);
      return wake === "any" ? registry.pickAfter(runner) : registry.connected(runner);
    });
    this.#answering.clear();
  }

  /** The gateway shuts down: nobody waits any longer, neither for another runner nor for a link to come back. */
  drain(reason: string): void {
    this.#draining = true;
    this.#hibernation.close(reason);
    for (const session of [...this.#options.registry.all()]) {
      if (session.link === null) this.end(session, reason);
    }
  }

  /** A session is over: its streams are given up, because the gateway shuts down. */
  end(session: RunnerSession, reason: string): void {
    this.#options.registry.remove(session);
    session.end(resetCodes.shuttingDown, reason);
  }
}
