import { randomBytes } from "node:crypto";
import {
  errorCodes,
  frameTypes,
  initialWindowBytes,
  maxProtocolVersion,
  minProtocolVersion,
  ProtocolError,
  type RequestStartFrame,
  resetCodes,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { Backoff, Session, type Stream } from "../session/mod.ts";
import { type ByteSocket, DialError } from "../net/mod.ts";
import { type DelegatedFrame, dialLink, Link, type LinkEnd, LinkRefusedError, wallUs } from "../link/mod.ts";
import type { LinkTap } from "../capture/mod.ts";
import { type Logger, silentLogger } from "../telemetry/mod.ts";
import type { Backend } from "./backend.ts";
import { HandlerBackend } from "./handler_backend.ts";
import { OriginBackend } from "./origin_backend.ts";
import { openingFrames, type Welcome, WelcomeReader } from "./link_opening.ts";
import { ProbeResponder } from "./probe_responder.ts";
import type { RunnerOptions } from "./runner_options.ts";

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
const closeWithinMs = 1_000;

/** RFC 6455, 7.4.1. */
const closeGoingAway = 1001;

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
  readonly #options: RunnerOptions;
  readonly #logger: Logger;
  readonly #name: string;
  readonly #backend: Backend;
  readonly #probes: ProbeResponder;
  readonly #backoff = new Backoff({ random: Math.random });
  readonly #stopping = new AbortController();
  /** Sessions with streams that live on while no link, or only a leaving one, carries them. */
  readonly #sessions = new Set<Session>();
  readonly #links = new Set<Link>();
  /** Which link carries a session now. */
  readonly #linkOf = new Map<Session, Link>();
  #session: Session | null = null;
  #current: ActiveLink | null = null;
  #expiry: ReturnType<typeof setTimeout> | null = null;
  #resumeWindowMs = 0;
  #draining = false;
  #whenIdle: (() => void) | null = null;
  #whenLinksClosed: (() => void) | null = null;

  /** Begins to dial; the runner dials again whenever its link is lost. */
  static start(options: RunnerOptions): Runner {
    return new Runner(options);
  }

  private constructor(options: RunnerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#name = options.name ?? "default";
    if (options.origin !== undefined) this.#backend = new OriginBackend(options.origin);
    else if (options.handler !== undefined) this.#backend = new HandlerBackend(options.handler);
    else throw new TypeError("a runner needs an origin or a handler");
    this.#probes = new ProbeResponder({ backend: this.#backend, wallUs: options.wallUs ?? wallUs });
    this.finished = this.#run();
    // Whoever awaits `finished` sees the rejection; nobody has to.
    this.finished.catch(() => {});
  }

  /** Streams being served. */
  get streamCount(): number {
    let count = 0;
    for (const session of this.#sessions) count += session.streamCount;
    return count;
  }

  get connected(): boolean {
    return this.#current?.welcomed ?? false;
  }

  /** Asks for no more streams, lets those in flight finish, then closes. */
  async drain(withinMs: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    for (const link of this.#links) {
      link.send({ type: frameTypes.goAway, drainMs: withinMs, reason: "the runner is shutting down" });
    }
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
        await this.#wait(retryInMs, signal);
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
    const stop = () => this.#sayGoodbye(active.link);
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
      observer: tap,
      events: {
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
          this.#leave(active);
          resolveOver({ kind: "closed", reason: frame.reason });
        },
        phase: (from, to, reason) => {
          tap?.phase(from, to, reason);
          this.#logger[to === "late" ? "warn" : "debug"]("link.phase", { from, to, reason });
        },
        closed: (end) => {
          tap?.closed(end);
          clearTimeout(welcomeTimer);
          this.#links.delete(link);
          this.#linkClosed(active);
          resolveOver(end);
          if (this.#links.size === 0) this.#whenLinksClosed?.();
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
      session: this.#session,
    });
    for (const frame of frames) link.send(frame);
  }

  #welcomed(active: ActiveLink, { welcome, positions }: Welcome): void {
    if (welcome.version < minProtocolVersion || welcome.version > maxProtocolVersion) {
      const message = `the gateway chose protocol version ${welcome.version}`;
      active.link.send({ type: frameTypes.error, code: errorCodes.version, message });
      throw new ProtocolError(message);
    }
    const resumable = this.#session !== null && this.#session.gatewayId === welcome.gatewayId &&
      welcome.resumed;
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = null;
    if (!resumable) {
      this.#endSession("the gateway no longer knows this runner's session");
      this.#session = this.#createSession(welcome, active.link);
    }
    const session = this.#session!;
    this.#linkOf.set(session, active.link);
    active.session = session;
    active.welcomed = true;
    this.#resumeWindowMs = welcome.resumeWindowMs;
    this.#backoff.reset();
    active.link.attachSession(session);
    session.applyPositions(positions);
    if (resumable) active.tap?.resumed(this.sessionId.toHex(), session.streamCount);
    const gateway = this.#options.gatewayUrl.host;
    this.#options.onState?.({ state: "connected", gateway, resumed: resumable });
    this.#logger.info("link.up", { gateway, resumed: resumable, streams: session.streamCount });
    if (this.#draining) {
      active.link.send({ type: frameTypes.goAway, drainMs: 0, reason: "the runner is shutting down" });
    }
  }

  #createSession(welcome: Welcome["welcome"], link: Link): Session {
    const session = new Session({
      role: "runner",
      gatewayId: welcome.gatewayId,
      peerWindow: welcome.initialWindow,
      ownWindow: initialWindowBytes,
      events: {
        opened: (stream, start) => this.#opened(stream, start),
        pending: () => this.#linkOf.get(session)?.scheduleFlush(),
        acknowledgeSoon: () => this.#linkOf.get(session)?.scheduleAcknowledgements(),
        collected: (stream, reason) => {
          this.#options.capture?.collected(stream, reason);
          this.#checkIdle();
        },
      },
    });
    this.#linkOf.set(session, link);
    this.#sessions.add(session);
    return session;
  }

  #opened(stream: Stream, start: RequestStartFrame | WsOpenFrame) {
    return start.type === frameTypes.requestStart
      ? this.#backend.http(stream, start)
      : this.#backend.websocket(stream, start);
  }

  #linkClosed(active: ActiveLink): void {
    const { session } = active;
    if (session === null || this.#linkOf.get(session) !== active.link) return;
    this.#linkOf.delete(session);
    session.detach();
    if (session !== this.#session || this.#resumeWindowMs === 0 || this.#stopping.signal.aborted) {
      this.#end(session, "the link was lost");
      return;
    }
    this.#expiry = setTimeout(
      () => this.#endSession("the link did not come back in time"),
      this.#resumeWindowMs,
    );
  }

  /** The gateway takes no more streams: the session stays with this link, the next link begins another. */
  #leave(active: ActiveLink): void {
    if (active.session !== null && this.#session === active.session) this.#session = null;
  }

  #endSession(reason: string): void {
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#end(session, reason);
  }

  #end(session: Session, reason: string): void {
    if (this.#session === session) this.#session = null;
    this.#linkOf.delete(session);
    this.#sessions.delete(session);
    session.end(resetCodes.linkLost, reason);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#whenIdle === null || this.streamCount > 0) return;
    this.#whenIdle();
    this.#whenIdle = null;
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  async #shutDown(): Promise<void> {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    for (const link of this.#links) this.#sayGoodbye(link);
    for (const session of [...this.#sessions]) this.#end(session, "the runner is shutting down");
    this.#probes.close();
    this.#backend.close();
    await this.#linksClosed();
  }

  /** Tells the gateway not to wait for this session, then closes. */
  #sayGoodbye(link: Link): void {
    link.send({ type: frameTypes.goAway, drainMs: 0, reason: "the runner is shutting down" });
    link.close("the runner is shutting down", closeGoingAway);
  }

  /** Waits a moment for the gateway to answer the close; what has not closed then is dropped. */
  async #linksClosed(): Promise<void> {
    if (this.#links.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeWithinMs);
        this.#whenLinksClosed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const link of [...this.#links]) {
      link.destroy({ kind: "closed", reason: "the runner is shutting down" });
    }
  }
}
