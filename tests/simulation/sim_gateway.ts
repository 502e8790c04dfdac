import type { CollectReason, Stream, StreamHandler } from "../../lib/session/mod.ts";
import type { IngressContext } from "../../lib/gateway/context.ts";
import { LinkAcceptor } from "../../lib/gateway/link_acceptor.ts";
import { RunnerPool } from "../../lib/gateway/runner_pool.ts";
import { RequestIds, type Runner } from "../../lib/gateway/runner_session.ts";
import type { Clock } from "../../lib/link/mod.ts";
import { type Logger, type TrafficObserver, TunnelMetrics } from "../../lib/telemetry/mod.ts";
import type { WireEnd } from "./network.ts";
import type { Random } from "./random.ts";
import type { Process, Timer } from "./schedule.ts";
import { clockOf } from "./sim_clock.ts";
import { SimConnection } from "./sim_connection.ts";
import { WatchedRegistry } from "./watched_registry.ts";
import type { Watcher } from "./watcher.ts";

export interface SimGatewayOptions {
  process: Process;
  random: Random;
  watcher: Watcher;
  logger: Logger;
  /** Follows the exchanges. */
  observer: TrafficObserver;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  resumeWindowMs: number;
  hibernateWindowMs: number;
  wake: "any" | "same";
  maxBufferedBytes: number;
  opened(stream: Stream, handler: StreamHandler): void;
  acknowledged(requestId: number, index: number): void;
  collected(stream: Stream, reason: CollectReason): void;
}

const gatewayId = 0x9f3a_c01b;
const sweepEveryMs = 1_000;
const shuttingDown = "the gateway is shutting down";

/**
 * A gateway in virtual time: the link acceptor, runner pool and exchanges of lib/gateway, with simulated wires in
 * place of sockets. It stands where `Gateway` does, and decides nothing.
 */
export class SimGateway {
  readonly process: Process;
  readonly pool: RunnerPool;
  readonly context: IngressContext;
  readonly #options: SimGatewayOptions;
  readonly #registry: WatchedRegistry;
  readonly #acceptor: LinkAcceptor;
  #sweep: Timer | null = null;
  #closed = false;

  constructor(options: SimGatewayOptions) {
    const { process, random, logger, observer } = options;
    const { pingIntervalMs, pingTimeoutMs, resumeWindowMs, wake, maxBufferedBytes } = options;
    const clock = clockOf(process);
    const metrics = new TunnelMetrics();
    this.process = process;
    this.#options = options;
    this.#registry = new WatchedRegistry(random.next, options);
    const registry = this.#registry;
    const shared = { gatewayId, registry, clock, logger, metrics };
    this.pool = new RunnerPool({ ...shared, wake, maxBufferedBytes });
    this.#acceptor = new LinkAcceptor({
      ...shared,
      ...{
        agent: "simulation",
        pingIntervalMs,
        pingTimeoutMs,
        resumeWindowMs,
        observer,
        random: random.next,
      },
      requestIds: new RequestIds(),
      collected: (stream, reason) => options.collected(stream, reason),
      probeReply: () => {},
      ready: (session, resumed) => this.pool.ready(session, resumed),
    });
    this.context = this.#makeContext(clock);
    this.#sweepLater();
  }

  /** The runner for a new stream; `null` when there is none. */
  pick(name: string): Runner | null {
    return this.pool.pick(name);
  }

  *sessions() {
    for (const { session } of this.#registry.all()) yield session;
  }

  accept(wire: WireEnd): void {
    if (this.#closed) return wire.destroy("this gateway is closed");
    this.#acceptor.accept((handler) => new SimConnection(wire, handler, this.#options.watcher), "a runner");
  }

  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.pool.drain(shuttingDown);
    for (const session of [...this.#registry.all()]) this.pool.end(session, shuttingDown);
    this.#acceptor.close(shuttingDown, 1001);
  }

  #makeContext(clock: Clock): IngressContext {
    const { logger, observer, resumeWindowMs, hibernateWindowMs } = this.#options;
    const { pool } = this;
    return {
      ...{ domain: null, trustForwarded: false, draining: false, coarseNowMs: 0 },
      limits: {
        headTimeoutMs: Infinity,
        idleTimeoutMs: Infinity,
        maxMessageBytes: Infinity,
        clientPingMs: 0,
        bodyTimeoutMs: 0,
      },
      ...{ logger, clock, observer, resumeWindowMs, hibernateWindowMs },
      pick: (name) => pool.pick(name),
      pickInstead: (tried) => pool.pickInstead(tried),
      carryOn: (sleeper, waitMs) => pool.carryOn(sleeper, waitMs),
      tryAgain: (sleeper, again) => pool.tryAgain(sleeper, again),
      originAnswers: (name) => pool.originAnswers(name),
      awake: (sleeper) => pool.awake(sleeper),
      held: (bytes) => pool.held(bytes),
      reserved: () => {},
      requestDone: () => {},
    };
  }

  #sweepLater(): void {
    this.#sweep = this.process.after(sweepEveryMs, () => {
      this.pool.sweep();
      if (!this.#closed) this.#sweepLater();
    });
  }
}
