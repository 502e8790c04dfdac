import { frameTypes, maxId, type ProbeFrame, type ProbeReplyFrame } from "../protocol/mod.ts";
import { monotonicMs, wallUs } from "../link/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { ReservedRequest } from "./context.ts";
import { ProbeConnection } from "./probe_connection.ts";
import {
  maxProbeConnections,
  maxTotalProbesPerSecond,
  parseProbeRequest,
  type ProbeRequest,
} from "./probe_limits.ts";
import { noRunner, type Problem } from "./problem.ts";
import type { Registry } from "./registry.ts";
import type { RunnerSession } from "./runner_session.ts";

export interface ProbeDeskOptions {
  registry: Registry;
  logger: Logger;
  /** The gateway's program and version. */
  agent: string;
  /** Wall clock, microseconds since 1970; told in results alone. @default the system's */
  wallUs?: () => number;
  /** Whether the gateway speaks TLS. */
  secure: boolean;
}

/** A probe that is on its way to a runner and back. */
interface Travelling {
  connection: ProbeConnection;
  /** The prober's own number for it. */
  probeId: number;
  session: RunnerSession;
  receivedAtMs: number;
}

/** A runner that has not replied after this long will not: the probe is forgotten, milliseconds. */
const forgetAfterMs = 60_000;

/** A prober that sends nothing for this long, or for three of its intervals, is gone, milliseconds. */
const silentForMs = 60_000;
const sweepEveryMs = 5_000;

/** Sessions listed to a prober at most: keeps the list a small message. */
const maxListed = 256;

/** RFC 6455, 7.4.1. */
const closeGoingAway = 1001;
const closePolicy = 1008;

/**
 * Passes probes between probers and runners, and adds what the gateway measures of them. Probes go through a
 * link's own queue of control frames: they see the same socket as traffic, and never hold it up.
 */
export class ProbeDesk {
  readonly #options: ProbeDeskOptions;
  readonly #connections = new Set<ProbeConnection>();
  /** By the number each probe has on its link, oldest first. */
  readonly #travelling = new Map<number, Travelling>();
  #nextId = 0;
  #sweep: ReturnType<typeof setInterval> | null = null;

  constructor(options: ProbeDeskOptions) {
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Why a prober's request is not granted, or `null`; the token has been checked before. */
  problemOf(target: string): Problem | null {
    const request = parseProbeRequest(target);
    if (typeof request === "string") return { status: 400, code: "probe_limit", message: request };
    if (this.#connections.size >= maxProbeConnections) {
      const message = `This gateway serves ${maxProbeConnections} probers at once; try again later.`;
      return { status: 429, code: "probe_limit", message };
    }
    let perSecond = 1e6 / request.intervalUs;
    for (const connection of this.#connections) perSecond += connection.allowance.perSecond;
    if (perSecond > maxTotalProbesPerSecond) {
      const message =
        `This gateway takes ${maxTotalProbesPerSecond} probes a second from all probers together; ` +
        "use a longer interval or try again later.";
      return { status: 429, code: "probe_limit", message };
    }
    if (this.#find(request) !== null) return null;
    if (request.sessionId === null) {
      return { ...noRunner(request.runnerName, this.#options.secure), status: 404 };
    }
    const message = `No session ${request.sessionId} of a runner named "${request.runnerName}" is connected.`;
    return { status: 404, code: "no_runner", message };
  }

  /** Serves a prober whose request is granted. */
  accept(upgraded: ReturnType<ReservedRequest["upgrade"]>, target: string, address: string): void {
    const request = parseProbeRequest(target) as ProbeRequest;
    let session = this.#find(request) as RunnerSession;
    const { socket, head } = upgraded;
    const connection = new ProbeConnection({
      socket,
      head,
      request,
      events: {
        probe: (frame, receivedAtMs) => {
          // A restarted runner is a new session: a prober that named none goes on with it.
          if (session.ended) session = this.#find(request) ?? session;
          this.#forward(frame, { connection, session, receivedAtMs, probeId: frame.probeId });
        },
        closed: (reason) => this.#closed(connection, reason),
      },
    });
    this.#connections.add(connection);
    this.#sweep ??= setInterval(() => this.#dropOld(), sweepEveryMs);
    this.#options.logger.info("probe.connected", { address, runner: session.name, session: session.id });
    const sessions = this.#options.registry.named(session.name).slice(0, maxListed)
      .flatMap(({ id, address, agent }) => [id, address, agent]);
    connection.start({
      type: frameTypes.probeReady,
      agent: this.#options.agent,
      sessionId: session.id,
      sessions,
    });
  }

  /** A runner's reply came over the link of `session`. */
  reply(session: RunnerSession, reply: ProbeReplyFrame): void {
    const travelling = this.#travelling.get(reply.probeId);
    // Forgotten, repeated, or another runner's: none of it is a measurement.
    if (travelling === undefined || travelling.session !== session) return;
    this.#travelling.delete(reply.probeId);
    this.#answer(travelling, reply);
  }

  /** Says good-bye to every prober: the gateway shuts down. */
  close(): void {
    for (const connection of this.#connections) {
      connection.close("the gateway is shutting down", closeGoingAway);
    }
  }

  /** Drops the probers that have not answered {@link close}. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }

  // ── private ──

  #find(request: ProbeRequest): RunnerSession | null {
    const { registry } = this.#options;
    if (request.sessionId === null) return registry.pick(request.runnerName);
    const session = registry.get(request.sessionId);
    return session?.name === request.runnerName ? session : null;
  }

  #forward(frame: ProbeFrame, travelling: Travelling): void {
    const { session } = travelling;
    if (session.link === null) {
      const problem = session.ended ? "the runner is gone" : "the link to the runner is down";
      this.#answer(travelling, { ...noReply, problem, payload: frame.payload });
      return;
    }
    const id = this.#nextId;
    this.#nextId = id === maxId ? 0 : id + 1;
    this.#travelling.set(id, travelling);
    session.link.send({ ...frame, probeId: id });
  }

  #answer(travelling: Travelling, reply: Omit<ProbeReplyFrame, "type" | "probeId">): void {
    const { connection, probeId, receivedAtMs } = travelling;
    connection.result({
      type: frameTypes.probeResult,
      probeId,
      gatewayHeldUs: Math.round((monotonicMs() - receivedAtMs) * 1000),
      gatewayRepliedAtUs: (this.#options.wallUs ?? wallUs)(),
      runnerHeldUs: reply.heldUs,
      originUs: reply.originUs,
      originStatus: reply.originStatus,
      runnerRepliedAtUs: reply.repliedAtUs,
      problem: reply.problem,
      payload: reply.payload,
    });
  }

  #closed(connection: ProbeConnection, reason: string): void {
    this.#connections.delete(connection);
    for (const [id, travelling] of this.#travelling) {
      if (travelling.connection === connection) this.#travelling.delete(id);
    }
    if (this.#connections.size === 0 && this.#sweep !== null) {
      clearInterval(this.#sweep);
      this.#sweep = null;
    }
    this.#options.logger.info("probe.closed", { runner: connection.request.runnerName, reason });
  }

  #dropOld(): void {
    const now = monotonicMs();
    for (const [id, { receivedAtMs }] of this.#travelling) {
      if (now - receivedAtMs < forgetAfterMs) break;
      this.#travelling.delete(id);
    }
    for (const connection of this.#connections) {
      const patienceMs = Math.max(silentForMs, connection.request.intervalUs / 1000 * 3);
      if (now - connection.heardAtMs > patienceMs) {
        connection.close("no probe came for too long", closePolicy);
      }
    }
  }
}

/** A reply nobody gave. */
const noReply = { heldUs: 0, originUs: 0, originStatus: 0, repliedAtUs: 0 };
