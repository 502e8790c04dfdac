import { randomInt } from "node:crypto";
import { ByteSocket, type ByteSocketHandler } from "../net/mod.ts";
import { formatStreamId, frameTypes, type GoAwayFrame } from "../protocol/mod.ts";
import type { StreamAnswer, WholeRequest } from "../session/mod.ts";
import { monotonicMs, stoodStill, systemClock } from "../link/mod.ts";
import {
  type LinkStatus,
  type Logger,
  pathOf,
  silentLogger,
  type StreamStatus,
  type TrafficObserver,
  TunnelMetrics,
} from "../telemetry/mod.ts";
import { ClientListener, type TlsTexts } from "./client_listener.ts";
import { ClientConnection } from "./client_connection.ts";
import type { IngressContext, IngressLimits, RequestSummary, ReservedRequest } from "./context.ts";
import { forwardedHeaders } from "./forwarded.ts";
import { gatewayDefaults, type GatewayOptions } from "./gateway_options.ts";
import type { Sleeper } from "./hibernation.ts";
import { LinkAcceptor } from "./link_acceptor.ts";
import { ProbeDesk } from "./probe_desk.ts";
import { Registry } from "./registry.ts";
import { ReservedPaths } from "./reserved_paths.ts";
import { RunnerPool } from "./runner_pool.ts";
import { RequestIds, type Runner } from "./runner_session.ts";
import { sendWhole } from "./send_whole.ts";

const sweepEveryMs = 1_000;
const headTimeoutMs = 60_000;
const idleTimeoutMs = 75_000;

/** How long runners may take to answer the close of their links, milliseconds. */
const linksGoneWithinMs = 1_000;

/** Why everything ends when the gateway does. */
const shuttingDown = "the gateway is shutting down";

/** RFC 6455, 7.4.1. */
const closeGoingAway = 1001;

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
  /**
   * u32 drawn at random: tells this process's streams from those of one before it. Below 2^31, because V8 makes an object of a larger
   * one, for each frame.
   */
  readonly gatewayId = randomInt(1, 0x7fff_ffff);
  readonly clock = systemClock;
  coarseNowMs = monotonicMs();
  draining = false;
  readonly #options: GatewayOptions;
  readonly #registry = new Registry();
  readonly #listener: ClientListener;
  readonly #acceptor: LinkAcceptor;
  readonly #probes: ProbeDesk;
  readonly #connections = new Set<ClientConnection>();
  readonly #pool: RunnerPool;
  readonly #reserved: ReservedPaths;
  readonly #sweep: ReturnType<typeof setInterval>;
  #sweepSkipped = false;
  #closed = false;
  /** What runners are told once it drains. */
  #goAway: GoAwayFrame | null = null;
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
      clientPingMs: options.clientPingMs ?? gatewayDefaults.clientPingMs,
      bodyTimeoutMs: options.bodyTimeoutMs ?? gatewayDefaults.bodyTimeoutMs,
    };
    const { port, hostname = "0.0.0.0", tls } = options;
    const serve = (conn: Deno.Conn) => this.#serve(conn);
    this.#listener = new ClientListener({ port, hostname, tls, serve, logger: this.logger });
    const pingIntervalMs = options.pingIntervalMs ?? gatewayDefaults.pingIntervalMs;
    const { agent = "tunnel", wallUs } = options;
    const { clock, gatewayId, logger, metrics } = this;
    const registry = this.#registry;
    this.#probes = new ProbeDesk({ registry, logger, agent, wallUs, secure: this.secure });
    this.#pool = new RunnerPool({
      ...{ gatewayId, registry, clock, logger, metrics },
      wake: options.wake ?? "any",
      maxBufferedBytes: options.maxBufferedBytes ?? gatewayDefaults.maxBufferedBytes,
    });
    this.#acceptor = new LinkAcceptor({
      ...{ gatewayId, agent, registry, clock, logger, metrics, pingIntervalMs },
      pingTimeoutMs: options.pingTimeoutMs ?? pingIntervalMs * 10,
      resumeWindowMs: this.resumeWindowMs,
      requestIds: new RequestIds(),
      random: Math.random,
      observer: options.observer,
      collected: (stream, reason) => {
        this.metrics.collected[reason]++;
        options.capture?.collected(stream, reason);
        this.#checkIdle();
      },
      capture: options.capture,
      probeReply: (session, reply) => this.#probes.reply(session, reply),
      ready: (session, resumed) => this.#pool.ready(session, resumed),
      goAway: () => this.#goAway,
    });
    this.#reserved = new ReservedPaths({
      token: options.token,
      acceptor: this.#acceptor,
      probes: this.#probes,
      logger: this.logger,
      health: () => this.#health(),
    });
    this.#sweep = setInterval(() => this.#sweepConnections(), sweepEveryMs);
  }

  /** Where this gateway listens. */
  get address(): { hostname: string; port: number } {
    return this.#listener.address;
  }

  get secure(): boolean {
    return this.#options.tls !== undefined;
  }

  /** {@link ClientListener.renew}, of a gateway that was given a certificate. */
  renewCertificate(tls: TlsTexts): Promise<boolean> {
    return this.#listener.renew(tls);
  }

  /** Streams in flight over all runners. */
  get streamCount(): number {
    return this.#pool.streamCount;
  }

  /** What is held for runners, bytes: unacknowledged, unsent, or of streams without a runner. */
  get bufferedBytes(): number {
    return this.#pool.bufferedBytes;
  }

  /** Every runner session and its link; those that still shake hands are nameless. */
  links(): LinkStatus[] {
    return [
      ...Array.from(this.#registry.all(), (session) => session.status()),
      ...this.#acceptor.handshakes(),
    ];
  }

  /** Every stream in flight, and every client that waits for a runner. */
  streams(): StreamStatus[] {
    return this.#pool.streams();
  }

  /**
   * Drops the link that carries a session; the runner dials again and its streams go on.
   *
   * @returns whether there was one
   */
  dropLink(sessionId: string): boolean {
    const link = this.#registry.get(sessionId)?.link ?? null;
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
    return this.#pool.hibernating;
  }

  /**
   * Takes nothing new, lets what is in flight finish, then closes.
   *
   * @param withinMs what is still in flight then is broken off
   */
  async drain(withinMs: number): Promise<void> {
    if (this.#closed) return;
    this.draining = true;
    // Whoever is told that it goes must not find it listening any more.
    await this.#listener.close();
    if (this.#closed) return;
    const goAway = { type: frameTypes.goAway, drainMs: withinMs, reason: shuttingDown };
    this.#goAway = goAway;
    for (const session of this.#registry.all()) session.link?.send(goAway);
    this.#pool.drain(shuttingDown);
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
    const listensNoMore = this.#listener.close();
    this.draining = true;
    clearInterval(this.#sweep);
    for (const waiter of this.#idleWaiters) waiter();
    for (const session of [...this.#registry.all()]) {
      const { link } = session;
      this.#pool.end(session, shuttingDown);
      link?.close(shuttingDown, closeGoingAway);
    }
    this.#probes.close();
    this.#acceptor.close(shuttingDown, closeGoingAway);
    // One turn lets close frames and last responses go out; what a peer does not take is dropped.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const connection of [...this.#connections]) connection.destroy();
    await this.#acceptor.gone(linksGoneWithinMs);
    this.#probes.destroy();
    await listensNoMore;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── IngressContext ──

  pick(name: string): Runner | null {
    return this.#pool.pick(name);
  }

  pickInstead(tried: Runner): Runner | null {
    return this.#pool.pickInstead(tried);
  }

  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null {
    return this.#pool.carryOn(sleeper, waitMs);
  }

  tryAgain(sleeper: Sleeper, again: { runner: Runner; untilMs: number }): boolean {
    return this.#pool.tryAgain(sleeper, again);
  }

  originAnswers(name: string): void {
    this.#pool.originAnswers(name);
  }

  awake(sleeper: Sleeper): void {
    this.#pool.awake(sleeper);
  }

  held(bytes: number): void {
    this.#pool.held(bytes);
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

  #serve(conn: Deno.Conn): void {
    try {
      if ("setNoDelay" in conn) {
        (conn as Deno.TcpConn).setNoDelay(true);
        (conn as Deno.TcpConn).setKeepAlive(true);
      }
    } catch (error) {
      // Closed between accept and here.
      this.logger.debug("accept.failed", { reason: String(error) });
      conn.close();
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

  #sweepConnections(): void {
    const nowMs = monotonicMs();
    const isLate = stoodStill(this.coarseNowMs + sweepEveryMs, nowMs);
    this.coarseNowMs = nowMs;
    // What clients and runners have sent meanwhile is read before anybody is given up for not having sent it.
    this.#sweepSkipped = isLate && !this.#sweepSkipped;
    if (this.#sweepSkipped) return;
    for (const connection of this.#connections) connection.checkIdle(this.coarseNowMs);
    this.#pool.sweep();
  }

  #checkIdle(): void {
    if (!this.draining || this.#idleWaiters.length === 0 || this.#busy) return;
    for (const waiter of this.#idleWaiters.splice(0)) waiter();
  }

  #health() {
    let links = 0;
    for (const session of this.#registry.all()) if (session.link !== null) links++;
    const { draining, streamCount: streams, hibernating, bufferedBytes } = this;
    return { draining, links, streams, hibernating, bufferedBytes };
  }
}
