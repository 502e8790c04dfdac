import { randomInt } from "node:crypto";
import { ByteSocket, type ByteSocketHandler } from "../net/mod.ts";
import { formatStreamId, frameTypes, resetCodes } from "../protocol/mod.ts";
import type { StreamAnswer, WholeRequest } from "../session/mod.ts";
import { monotonicMs } from "../link/mod.ts";
import {
  type LinkStatus,
  type Logger,
  pathOf,
  silentLogger,
  type StreamStatus,
  type TrafficObserver,
  TunnelMetrics,
} from "../telemetry/mod.ts";
import { BufferLimit, isExchange } from "./buffer_limit.ts";
import { ClientConnection } from "./client_connection.ts";
import type { IngressContext, IngressLimits, RequestSummary, ReservedRequest } from "./context.ts";
import { forwardedHeaders } from "./forwarded.ts";
import { hibernatingStatus } from "./observe.ts";
import { gatewayDefaults, type GatewayOptions } from "./gateway_options.ts";
import { Hibernation, type Sleeper } from "./hibernation.ts";
import { LinkAcceptor } from "./link_acceptor.ts";
import { ProbeDesk } from "./probe_desk.ts";
import { Registry } from "./registry.ts";
import { ReservedPaths } from "./reserved_paths.ts";
import { RequestIds, type Runner, type RunnerSession } from "./runner_session.ts";
import { sendWhole } from "./send_whole.ts";

const sweepEveryMs = 1_000;
const headTimeoutMs = 60_000;
const idleTimeoutMs = 75_000;

/** A socket may stand between accept and its first handler for no time at all; this is what it has then. */
const noHandler: ByteSocketHandler = { data() {}, drained() {}, ended() {}, closed() {} };

/**
 * The public end of the tunnel: one port for clients and for runners' links.
 *
 * ```ts
 * const gateway = Gateway.listen({ port: 8080, token: "secret" });
 * await gateway.drain(10_000);
 * ```
 */
export class Gateway implements IngressContext, AsyncDisposable {
  readonly domain: string | null;
  readonly trustForwarded: boolean;
  readonly limits: IngressLimits;
  readonly resumeWindowMs: number;
  readonly hibernateWindowMs: number;
  readonly logger: Logger;
  readonly observer: TrafficObserver | null;
  readonly metrics: TunnelMetrics = new TunnelMetrics();
  /** u32 drawn at random: tells this process's streams from those of one before it. */
  readonly gatewayId = randomInt(1, 0xffff_ffff);
  readonly registry = new Registry();
  coarseNowMs = monotonicMs();
  draining = false;
  readonly #options: GatewayOptions;
  readonly #listener: Deno.Listener;
  readonly #acceptor: LinkAcceptor;
  readonly #probes: ProbeDesk;
  readonly #connections = new Set<ClientConnection>();
  readonly #hibernation = new Hibernation();
  readonly #bufferLimit: BufferLimit;
  readonly #reserved: ReservedPaths;
  readonly #sweep: ReturnType<typeof setInterval>;
  readonly #accepting: Promise<void>;
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  /**
   * Listens and serves.
   *
   * @throws {Deno.errors.AddrInUse} when the port is taken; other errors of `Deno.listen`
   */
  static listen(options: GatewayOptions): Gateway {
    return new Gateway(options);
  }

  private constructor(options: GatewayOptions) {
    this.#options = options;
    this.domain = options.domain?.toLowerCase() ?? null;
    this.trustForwarded = options.trustForwarded ?? false;
    this.logger = options.logger ?? silentLogger;
    this.observer = options.observer ?? null;
    this.resumeWindowMs = options.resumeWindowMs ?? gatewayDefaults.resumeWindowMs;
    this.hibernateWindowMs = options.hibernateWindowMs ?? gatewayDefaults.hibernateWindowMs;
    this.limits = {
      headTimeoutMs,
      idleTimeoutMs,
      maxMessageBytes: options.maxMessageBytes ?? gatewayDefaults.maxMessageBytes,
    };
    const { port, hostname = "0.0.0.0", tls } = options;
    this.#listener = tls === undefined
      ? Deno.listen({ port, hostname })
      : Deno.listenTls({ port, hostname, cert: tls.cert, key: tls.key });
    const pingIntervalMs = options.pingIntervalMs ?? gatewayDefaults.pingIntervalMs;
    const { agent = "tunnel", wallUs } = options;
    this.#probes = new ProbeDesk({ registry: this.registry, logger: this.logger, agent, wallUs });
    this.#acceptor = new LinkAcceptor({
      gatewayId: this.gatewayId,
      agent,
      pingIntervalMs,
      pingTimeoutMs: options.pingTimeoutMs ?? pingIntervalMs * 10,
      resumeWindowMs: this.resumeWindowMs,
      registry: this.registry,
      requestIds: new RequestIds(),
      logger: this.logger,
      metrics: this.metrics,
      observer: options.observer,
      collected: (stream, reason) => {
        this.metrics.collected[reason]++;
        options.capture?.collected(stream, reason);
        this.#checkIdle();
      },
      capture: options.capture,
      probeReply: (session, reply) => this.#probes.reply(session, reply),
      ready: (session, resumed) => this.#wakeFor(session, resumed),
    });
    this.#bufferLimit = new BufferLimit({
      gatewayId: this.gatewayId,
      maxBytes: options.maxBufferedBytes ?? gatewayDefaults.maxBufferedBytes,
      registry: this.registry,
      hibernation: this.#hibernation,
      logger: this.logger,
      metrics: this.metrics,
    });
    this.#reserved = new ReservedPaths({
      token: options.token,
      acceptor: this.#acceptor,
      probes: this.#probes,
      logger: this.logger,
      health: () => this.#health(),
    });
    this.#sweep = setInterval(() => this.#sweepConnections(), sweepEveryMs);
    this.#accepting = this.#accept();
  }

  /** Where this gateway listens. */
  get address(): { hostname: string; port: number } {
    return this.#listener.addr as Deno.NetAddr;
  }

  get secure(): boolean {
    return this.#options.tls !== undefined;
  }

  /** Streams in flight over all runners. */
  get streamCount(): number {
    let count = 0;
    for (const session of this.registry.all()) count += session.streamCount;
    return count;
  }

  /** Payload bytes held for runners: unacknowledged, unsent, or of streams without a runner. */
  get bufferedBytes(): number {
    return this.#bufferLimit.bufferedBytes;
  }

  /** Every runner session and its link; those that still shake hands are nameless. */
  links(): LinkStatus[] {
    return [
      ...Array.from(this.registry.all(), (session) => session.status()),
      ...this.#acceptor.handshakes(),
    ];
  }

  /** Every stream in flight, and every client that waits for a runner. */
  streams(): StreamStatus[] {
    const of = { gatewayId: this.gatewayId, nowMs: monotonicMs() };
    const streams = Array.from(this.registry.all(), (session) => session.streamStatuses()).flat();
    for (const waiting of this.#hibernation.all()) {
      if (isExchange(waiting)) streams.push(hibernatingStatus(waiting.waitingStatus(), of));
    }
    return streams;
  }

  /**
   * Drops the link that carries a session; the runner dials again and its streams go on.
   *
   * @returns whether there was one
   */
  dropLink(sessionId: string): boolean {
    const link = this.registry.get(sessionId)?.link ?? null;
    link?.close("dropped by the operator", 1012);
    return link !== null;
  }

  /**
   * Sends a whole request to a runner of the name, as if a client had; the answer comes here.
   *
   * @returns `null` when no runner of that name takes streams
   */
  resend(
    request: WholeRequest & { runner: string; client: string },
    options: { maxBodyBytes: number; signal: AbortSignal },
  ): Promise<StreamAnswer> | null {
    const runner = this.pick(request.runner);
    const { method, target, body } = request;
    const client = { address: request.client, secure: this.secure };
    const headers = forwardedHeaders(request.headers, client, this.trustForwarded);
    return runner === null ? null : sendWhole(runner, { method, target, headers, body }, options);
  }

  /** Client WebSockets and requests that wait for a runner. */
  get hibernating(): number {
    return this.#hibernation.size;
  }

  /**
   * Takes nothing new, lets what is in flight finish, then closes.
   *
   * @param withinMs what is still in flight then is broken off
   */
  async drain(withinMs: number): Promise<void> {
    if (this.#closed) return;
    this.draining = true;
    this.#listener.close();
    for (const session of this.registry.all()) {
      session.link?.send({
        type: frameTypes.goAway,
        drainMs: withinMs,
        reason: "the gateway is shutting down",
      });
    }
    this.#hibernation.close("the gateway is shutting down");
    for (const connection of this.#connections) connection.drain();
    if (this.#busy) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#idleWaiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    await this.close();
  }

  /** Closes at once: streams in flight are broken off. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.draining) this.#listener.close();
    this.draining = true;
    clearInterval(this.#sweep);
    for (const waiter of this.#idleWaiters) waiter();
    for (const session of [...this.registry.all()]) {
      const link = session.link;
      this.registry.remove(session);
      session.end(resetCodes.shuttingDown, "the gateway is shutting down");
      link?.close("the gateway is shutting down", 1001);
    }
    this.#probes.close();
    for (const link of [...this.#acceptor.links()]) {
      if (link.open) link.close("the gateway is shutting down", 1001);
    }
    // One turn lets close frames and last responses go out; what a peer does not take is dropped.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const connection of [...this.#connections]) connection.destroy();
    await this.#linksClosed();
    this.#probes.destroy();
    await this.#accepting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── IngressContext ──

  pick(name: string): Runner | null {
    return this.registry.pick(name);
  }

  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null {
    if (this.draining) return null;
    if (this.#options.wake !== "same") {
      const runner = this.registry.pickConnected(sleeper.runnerName);
      if (runner !== null) return runner;
    }
    if (waitMs === 0) return null;
    this.#hibernation.add(sleeper, monotonicMs() + waitMs);
    return "wait";
  }

  awake(sleeper: Sleeper): void {
    this.#hibernation.remove(sleeper);
  }

  held(bytes: number): void {
    this.#bufferLimit.took(bytes);
  }

  requestDone(summary: RequestSummary): void {
    const { kind, status, problem } = summary;
    this.metrics.requestDone(kind, status, summary.durationMs);
    // A line for every request would cost more than the request: those that went wrong get one.
    const level = problem === null || problem === "client_gone" ? "debug" : "info";
    if (!this.logger.enabled(level)) return;
    const { problem: _, kind: __, durationMs, requestId, target, ...rest } = summary;
    this.logger[level]("request", {
      ...rest,
      path: pathOf(target),
      durationMs: Math.round(durationMs * 10) / 10,
      stream: requestId === 0 ? undefined : formatStreamId(this.gatewayId, requestId),
      problem: problem ?? undefined,
    });
  }

  reserved(request: ReservedRequest): void {
    this.#reserved.serve(request);
  }

  // ── private ──

  get #busy(): boolean {
    return this.#connections.size > 0 || this.streamCount > 0;
  }

  async #accept(): Promise<void> {
    while (true) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.draining) return;
        if (error instanceof Deno.errors.BadResource) return;
        // A client that gave up before it was accepted, or too many open files: the next may do better.
        this.logger.warn("accept.failed", { reason: error instanceof Error ? error.message : String(error) });
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      this.#serve(conn);
    }
  }

  #serve(conn: Deno.Conn): void {
    try {
      if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    } catch (error) {
      // Closed between accept and here.
      this.logger.debug("accept.failed", { reason: String(error) });
      return;
    }
    const { hostname } = conn.remoteAddr as Deno.NetAddr;
    const socket = new ByteSocket(conn, noHandler);
    const connection = new ClientConnection(socket, {
      context: this,
      client: { address: hostname.replace(/^::ffff:/, ""), secure: this.secure },
      closed: (closed) => {
        this.#connections.delete(closed);
        this.#checkIdle();
      },
    });
    this.#connections.add(connection);
    socket.start();
  }

  /** A runner is there: sleepers of its name go on, with it alone if they wait for theirs to be restarted. */
  #wakeFor(session: RunnerSession, resumed: boolean): void {
    if (this.#options.wake !== "same") {
      this.#hibernation.wakeAll(session.name, () => this.registry.pickConnected(session.name));
    } else if (!resumed) {
      this.#hibernation.wakeAll(session.name, () => session);
    }
  }

  #sweepConnections(): void {
    this.coarseNowMs = monotonicMs();
    for (const connection of this.#connections) connection.checkIdle(this.coarseNowMs);
    this.#hibernation.expireUntil(this.coarseNowMs, "no runner came back in time");
  }

  #checkIdle(): void {
    if (!this.draining || this.#idleWaiters.length === 0 || this.#busy) return;
    for (const waiter of this.#idleWaiters.splice(0)) waiter();
  }

  async #linksClosed(): Promise<void> {
    const deadline = monotonicMs() + 1_000;
    while (this.#acceptor.links().size > 0 && monotonicMs() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const link of [...this.#acceptor.links()]) link.destroy({ kind: "closed", reason: "shutting down" });
  }

  #health() {
    let links = 0;
    for (const session of this.registry.all()) if (session.link !== null) links++;
    const { draining, streamCount: streams, hibernating, bufferedBytes } = this;
    return { draining, links, streams, hibernating, bufferedBytes };
  }
}
