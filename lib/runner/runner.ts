import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  errorCodes,
  frameTypes,
  maxProtocolVersion,
  minProtocolVersion,
  ProtocolError,
} from "../protocol/mod.ts";
import { Backoff, type Session, type StreamAnswer, type WholeRequest } from "../session/mod.ts";
import { type ByteSocket, DialError } from "../net/mod.ts";
import {
  type DelegatedFrame,
  dialLink,
  frameLog,
  Link,
  type LinkEnd,
  LinkRefusedError,
  monotonicMs,
  noLinkStatus,
  observeBoth,
  wallUs,
} from "../link/mod.ts";
import type { LinkTap } from "../capture/mod.ts";
import {
  type LinkStatus,
  type Logger,
  silentLogger,
  type StreamStatus,
  TunnelMetrics,
} from "../telemetry/mod.ts";
import type { Backend } from "./backend.ts";
import { HandlerBackend } from "./handler_backend.ts";
import { OriginBackend } from "./origin_backend.ts";
import { openingFrames, type Welcome, WelcomeReader } from "./link_opening.ts";
import { askBackend } from "./loopback.ts";
import { OpenLinks, sendGoAway } from "./open_links.ts";
import { ProbeResponder } from "./probe_responder.ts";
import type { RunnerOptions } from "./runner_options.ts";
import { RunnerSessions } from "./runner_sessions.ts";

/** A link's way from dialling to its end. */
interface ActiveLink {
  link: Link;
  tap: LinkTap | undefined;
  session: Session | null;
  /** Resolved when the link is gone, or when the gateway asked for no more streams on it. */
  over: Promise<LinkEnd>;
  welcomed: boolean;
}

const defaultPingIntervalMs = 3_000;
const welcomeWithinMs = 10_000;

/**
 * The end beside the origin: keeps one link to a gateway, for ever, and serves the streams that come over it.
 *
 * ```ts
 * const runner = Runner.start({
 *   gatewayUrl: new URL("ws://localhost:8080"),
 *   token,
 *   handler: { fetch: () => new Response("hello") },
 * });
 * ```
 */
export class Runner implements AsyncDisposable {
  /**
   * Settled when the runner is over: resolved after `drain` or `close`, rejected when the gateway refuses it
   * for good (a wrong token).
   */
  readonly finished: Promise<void>;
  /** This process's identity towards gateways: 16 random bytes. */
  readonly sessionId: Uint8Array = randomBytes(16);
  readonly metrics: TunnelMetrics = new TunnelMetrics();
  readonly #id = this.sessionId.toHex();
  readonly #options: RunnerOptions;
  readonly #logger: Logger;
  readonly #name: string;
  readonly #backend: Backend;
  readonly #probes: ProbeResponder;
  readonly #backoff = new Backoff({ random: Math.random });
  readonly #stopping = new AbortController();
  readonly #sessions: RunnerSessions;
  readonly #links = new OpenLinks();
  #current: ActiveLink | null = null;
  #expiry: ReturnType<typeof setTimeout> | null = null;
  #resumeWindowMs = 0;
  #gatewayAgent = "";
  #draining = false;
  #whenIdle: (() => void) | null = null;
  #linkCount = 0;
  #downSinceMs = monotonicMs();

  /** Begins to dial; the runner dials again whenever its link is lost. */
  static start(options: RunnerOptions): Runner {
    return new Runner(options);
  }

  private constructor(options: RunnerOptions) {
    this.#options = options;
    this.#name = options.name ?? "default";
    this.#logger = (options.logger ?? silentLogger).with({ runner: this.#name, session: this.#id });
    if (options.origin !== undefined) this.#backend = new OriginBackend(options.origin);
    else if (options.handler !== undefined) this.#backend = new HandlerBackend(options.handler);
    else throw new TypeError("a runner needs an origin or a handler");
    this.#probes = new ProbeResponder({ backend: this.#backend, wallUs: options.wallUs ?? wallUs });
    const { observer, capture } = options;
    this.#sessions = new RunnerSessions({
      ...{
        id: this.#id,
        runner: this.#name,
        backend: this.#backend,
        metrics: this.metrics,
        observer,
        capture,
      },
      collected: () => this.#checkIdle(),
    });
    this.finished = this.#run();
    // Whoever awaits `finished` sees the rejection; nobody has to.
    this.finished.catch(() => {});
  }

  /** Streams being served. */
  get streamCount(): number {
    return this.#sessions.streamCount;
  }

  /** Whether it takes no more streams. */
  get draining(): boolean {
    return this.#draining;
  }

  get connected(): boolean {
    return this.#current?.welcomed ?? false;
  }

  /** This runner's session and its link. */
  links(): LinkStatus[] {
    const link = this.#current?.link ?? null;
    const phase = link?.heartbeat.phase ?? "lost";
    return [{
      id: this.#id,
      runner: this.#name,
      agent: this.#gatewayAgent,
      address: this.#options.gatewayUrl.host,
      state: phase === "lost" ? "hibernating" : phase,
      draining: this.#draining,
      linkCount: this.#linkCount,
      streams: this.streamCount,
      bufferedBytes: this.bufferedBytes,
      ...(link?.status() ?? noLinkStatus(monotonicMs() - this.#downSinceMs)),
    }];
  }

  /** Every stream in flight. */
  streams(): StreamStatus[] {
    return this.#sessions.streams();
  }

  /** Payload bytes held for the gateway, sent or not. */
  get bufferedBytes(): number {
    return this.#sessions.bufferedBytes;
  }

  /** Drops the link; the runner dials again and its streams go on. */
  dropLink(): boolean {
    const link = this.#current?.link ?? null;
    link?.close("dropped by the operator", 1012);
    return link !== null;
  }

  /** Asks the origin, or the handler, once more what a client asked: the answer comes here. */
  resend(
    request: WholeRequest,
    options: { maxBodyBytes: number; signal: AbortSignal },
  ): Promise<StreamAnswer> {
    return askBackend(this.#backend, request, options);
  }

  /** Asks for no more streams, lets those in flight finish, then closes. */
  async drain(withinMs: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#links.goAway(withinMs);
    if (this.streamCount > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.close();
  }

  /** Closes at once: streams in flight are reset. */
  async close(): Promise<void> {
    this.#stopping.abort();
    try {
      await this.finished;
    } catch (error) {
      // A refusal is told by `finished` itself; closing after it is no second failure.
      if (!(error instanceof LinkRefusedError)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── private ──

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      while (!signal.aborted) {
        const reason = await this.#serveOneLink(signal);
        if (signal.aborted) return;
        const retryInMs = Math.round(this.#backoff.next());
        this.#options.onState?.({ state: "disconnected", reason, retryInMs });
        this.#logger.warn("link.down", { reason, retryInMs });
        await delay(retryInMs, undefined, { signal }).catch((error) => {
          // A wait that is cut short; anything else is wrong.
          if (!signal.aborted) throw error;
        });
      }
    } finally {
      await this.#shutDown();
    }
  }

  /** Dials, serves until the link is over, and says why it is. */
  async #serveOneLink(signal: AbortSignal): Promise<string> {
    const { gatewayUrl, token, caCerts } = this.#options;
    let active: ActiveLink;
    try {
      const { socket, head } = await dialLink({ gatewayUrl, token, caCerts, signal });
      active = this.#openLink(socket, head);
    } catch (error) {
      if (error instanceof LinkRefusedError && error.final) throw error;
      if (error instanceof LinkRefusedError || error instanceof DialError) return error.message;
      throw error;
    }
    this.#current = active;
    const stop = () => this.#links.sayGoodbye(active.link);
    signal.addEventListener("abort", stop, { once: true });
    const end = await active.over;
    signal.removeEventListener("abort", stop);
    this.#current = null;
    return end.reason;
  }

  #openLink(socket: ByteSocket, head: Uint8Array): ActiveLink {
    let resolveOver: (end: LinkEnd) => void;
    const over = new Promise<LinkEnd>((resolve) => resolveOver = resolve);
    const answer = new WelcomeReader();
    const tap = this.#options.capture?.link(this.#options.gatewayUrl.host);
    const link = new Link({
      side: "client",
      socket,
      head,
      pingIntervalMs: this.#options.pingIntervalMs ?? defaultPingIntervalMs,
      pingTimeoutMs: this.#options.pingTimeoutMs ??
        (this.#options.pingIntervalMs ?? defaultPingIntervalMs) * 10,
      observer: observeBoth(tap, frameLog(this.#logger, () => ({}))),
      metrics: this.metrics.links,
      events: {
        rtt: (rttMs) => this.#options.observer?.rtt?.(this.#id, rttMs),
        frame: (frame: DelegatedFrame) => {
          switch (frame.type) {
            case frameTypes.welcome:
            case frameTypes.resume: {
              const welcome = answer.take(frame);
              if (welcome !== null) this.#welcomed(active, welcome);
              return;
            }
            case frameTypes.error:
              this.#logger.error("link.error", { code: frame.code, message: frame.message });
              return;
            case frameTypes.probe:
              this.#probes.receive(link, frame);
              return;
            default:
              throw new ProtocolError("a gateway must not send hello or probe-reply");
          }
        },
        goAway: (frame) => {
          this.#logger.info("gateway.draining", { reason: frame.reason });
          if (active.session !== null) this.#sessions.leave(active.session);
          resolveOver({ kind: "closed", reason: frame.reason });
        },
        phase: (from, to, reason) => {
          tap?.phase(from, to, reason);
          this.#logger[to === "late" ? "warn" : "debug"]("link.phase", { from, to, reason });
          if (to !== "connecting") this.#sessions.tellLink(to, reason);
        },
        closed: (end) => {
          tap?.closed(end);
          clearTimeout(welcomeTimer);
          this.#links.remove(link);
          this.#linkClosed(active, end.reason);
          resolveOver(end);
        },
      },
    });
    const active: ActiveLink = { link, tap, session: null, over, welcomed: false };
    const welcomeTimer = setTimeout(() => {
      if (!active.welcomed) link.destroy({ kind: "lost", reason: `no welcome within ${welcomeWithinMs} ms` });
    }, welcomeWithinMs);
    this.#links.add(link);
    this.#hello(link);
    socket.start();
    link.start();
    return active;
  }

  #hello(link: Link): void {
    const frames = openingFrames({
      sessionId: this.sessionId,
      runnerName: this.#name,
      agent: this.#options.agent ?? "tunnel",
      session: this.#sessions.current,
    });
    for (const frame of frames) link.send(frame);
  }

  #welcomed(active: ActiveLink, { welcome, positions }: Welcome): void {
    if (welcome.version < minProtocolVersion || welcome.version > maxProtocolVersion) {
      const message = `the gateway chose protocol version ${welcome.version}`;
      active.link.send({ type: frameTypes.error, code: errorCodes.version, message });
      throw new ProtocolError(message);
    }
    const sessions = this.#sessions;
    const held = sessions.current;
    const resumed = held !== null && held.gatewayId === welcome.gatewayId && welcome.resumed;
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = null;
    this.#linkCount++;
    if (this.#linkCount > 1) this.metrics.reconnects++;
    if (resumed) this.metrics.resumes.resumed++;
    else if (held !== null) this.metrics.resumes.refused++;
    const session = resumed ? held : sessions.begin(welcome);
    sessions.carry(session, active.link);
    active.session = session;
    active.welcomed = true;
    this.#resumeWindowMs = welcome.resumeWindowMs;
    this.#gatewayAgent = welcome.agent;
    this.#backoff.reset();
    active.link.attachSession(session);
    session.applyPositions(positions);
    const gateway = this.#options.gatewayUrl.host;
    if (resumed) {
      active.tap?.resumed(this.#id, session.streamCount);
      sessions.tellStreams(session, "resumed", `on another link to ${gateway}`);
    }
    sessions.tellLink(resumed ? "resumed" : "opened", `to ${gateway}`);
    this.#options.onState?.({ state: "connected", gateway, resumed });
    this.#logger.info("link.up", { gateway, resumed, streams: session.streamCount });
    if (this.#draining) sendGoAway(active.link, 0);
  }

  #linkClosed({ session, link }: ActiveLink, reason: string): void {
    if (session === null || !this.#sessions.detach(session, link, reason)) return;
    this.#downSinceMs = monotonicMs();
    const mayResume = session === this.#sessions.current && this.#resumeWindowMs > 0;
    if (!mayResume || this.#stopping.signal.aborted) {
      this.#sessions.end(session, "the link was lost");
      return;
    }
    this.#expiry = setTimeout(() => {
      this.metrics.resumes.expired++;
      this.#sessions.endCurrent("the link did not come back in time");
    }, this.#resumeWindowMs);
  }

  #checkIdle(): void {
    if (this.#whenIdle === null || this.streamCount > 0) return;
    this.#whenIdle();
    this.#whenIdle = null;
  }

  async #shutDown(): Promise<void> {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    const closed = this.#links.close();
    this.#sessions.endAll("the runner is shutting down");
    this.#probes.close();
    this.#backend.close();
    await closed;
  }
}
