import {
  errorCodes,
  frameTypes,
  maxProtocolVersion,
  minProtocolVersion,
  ProtocolError,
} from "../protocol/mod.ts";
import { Backoff, type Session } from "../session/mod.ts";
import {
  afterAwake,
  type DelegatedFrame,
  frameLog,
  Link,
  type LinkEnd,
  noLinkStatus,
  observeBoth,
  type Timer,
} from "../link/mod.ts";
import type { LinkTap } from "../capture/mod.ts";
import type { LinkStatus, Logger, StreamStatus } from "../telemetry/mod.ts";
import { Drain } from "./drain.ts";
import { openingFrames, type Welcome, WelcomeReader } from "./link_opening.ts";
import { OpenLinks, sendGoAway } from "./open_links.ts";
import type { Dialled, RunnerCoreOptions } from "./runner_core_options.ts";
import { RunnerSessions } from "./runner_sessions.ts";

/** A link's way from dialling to its end. */
interface ActiveLink {
  link: Link;
  tap: LinkTap | undefined;
  session: Session | null;
  /** When it was welcomed, on the runner's clock; `null` while it was not. */
  welcomedAtMs: number | null;
}

/** What the runner is about, besides the streams it serves. */
type Phase =
  | { name: "idle" }
  | { name: "dialling"; cancel: () => void }
  | { name: "linked"; active: ActiveLink }
  | { name: "waiting"; timer: Timer }
  /** The runner drains, and so does its gateway: no other link is wanted. */
  | { name: "leaving"; active: ActiveLink }
  | { name: "closed" };

const welcomeWithinMs = 10_000;

/** A link that was up for so long shows that the gateway serves, milliseconds: to lose it is no failed attempt. */
const steadyAfterMs = 1_000;

/** Longest wait between two links that are both up, however short, while streams are in flight, milliseconds. */
const soonWithinMs = 400;

/**
 * What a runner decides: when to dial, which session a link carries, when a session that lost its link is given up,
 * how it drains and closes. Time and the network come in by its options, so that it runs in virtual time as well.
 */
export class RunnerCore {
  readonly #options: RunnerCoreOptions;
  /**
   * Another one as soon as a session is let go of that a gateway might still hold, so that none takes the next one for its
   * continuation.
   */
  #sessionId: Uint8Array;
  #logger: Logger;
  readonly #backoff: Backoff;
  readonly #sessions: RunnerSessions;
  readonly #links: OpenLinks;
  #phase: Phase = { name: "idle" };
  #expiry: Timer | null = null;
  /** The resume window ended while a hello that names the session was on its way: the answer to it decides. */
  #expired = false;
  #resumeWindowMs = 0;
  #gatewayAgent = "";
  #linkCount = 0;
  #downSinceMs: number;
  readonly #drain: Drain;

  constructor(options: RunnerCoreOptions) {
    this.#options = options;
    this.#sessionId = options.newSessionId();
    this.#logger = this.#loggerOf();
    const { name: runner, backend, metrics, observer, capture, clock, random } = options;
    this.#backoff = new Backoff({ random });
    this.#links = new OpenLinks(clock);
    this.#drain = new Drain(clock);
    this.#downSinceMs = clock.monotonicMs();
    this.#sessions = new RunnerSessions({
      ...{ runner, backend, metrics, observer, capture, clock },
      id: () => this.id,
      logger: () => this.#logger,
      collected: () => this.#checkIdle(),
    });
  }

  /** The session's id, hexadecimal. */
  get id(): string {
    return this.#sessionId.toHex();
  }

  /** Its sessions, for an onlooker. */
  get sessions(): RunnerSessions {
    return this.#sessions;
  }

  /** Whether it takes no more streams. */
  get draining(): boolean {
    return this.#drain.begun;
  }

  get connected(): boolean {
    return this.#active !== null && this.#active.session !== null;
  }

  /** Begins to dial; it dials again whenever the link is lost. */
  start(): void {
    if (this.#phase.name === "closed") return;
    let answered = false;
    const cancel = this.#options.dial((dialled) => {
      answered = true;
      this.#dialled(dialled);
    });
    if (!answered) this.#phase = { name: "dialling", cancel };
  }

  /** Asks for no more streams, lets those in flight finish, then closes. */
  drain(withinMs: number): void {
    if (this.#drain.begun || this.#phase.name === "closed") return;
    this.#drain.begin(withinMs, () => this.close());
    this.#links.goAway(withinMs);
    const active = this.#active;
    if (active !== null && active.session !== null) this.#drain.told(active.link, () => this.#checkIdle());
    this.#checkIdle();
  }

  /** Closes at once: streams in flight are reset. */
  close(): void {
    this.#end(null);
  }

  /** Drops the link; the runner dials again and its streams go on. @returns whether there was one */
  dropLink(): boolean {
    const active = this.#active;
    active?.link.close("dropped by the operator", 1012);
    return active !== null;
  }

  /** Its session and the link that carries it. */
  links(): LinkStatus[] {
    const { name, gateway, clock } = this.#options;
    const link = this.#active?.link ?? null;
    const phase = link?.heartbeat.phase ?? "lost";
    return [{
      id: this.id,
      runner: name,
      agent: this.#gatewayAgent,
      address: gateway,
      state: phase === "lost" ? "hibernating" : phase,
      draining: this.draining,
      linkCount: this.#linkCount,
      streams: this.#sessions.streamCount,
      bufferedBytes: this.#sessions.bufferedBytes,
      ...(link?.status() ?? noLinkStatus(clock.monotonicMs() - this.#downSinceMs)),
    }];
  }

  /** Every stream in flight. */
  streams(): StreamStatus[] {
    return this.#sessions.streams();
  }

  // ── private ──

  get #active(): ActiveLink | null {
    return this.#phase.name === "linked" ? this.#phase.active : null;
  }

  #dialled(dialled: Dialled): void {
    if (this.#phase.name === "closed") {
      if (dialled.kind === "connected") dialled.abandon();
      return;
    }
    switch (dialled.kind) {
      case "connected":
        return this.#openLink(dialled);
      case "failed":
        return this.#dialLater(dialled.reason);
      case "refused":
        return this.#end(dialled.error);
      default:
        dialled satisfies never;
    }
  }

  #dialLater(reason: string): void {
    const { clock, onState } = this.#options;
    const retryInMs = Math.round(this.#backoff.next());
    this.#phase = { name: "waiting", timer: clock.after(retryInMs, () => this.start()) };
    onState?.({ state: "disconnected", reason, retryInMs });
    this.#logger.warn("link.down", { reason, retryInMs });
  }

  #openLink({ connect, start }: Extract<Dialled, { kind: "connected" }>): void {
    const { capture, gateway, clock, random, metrics, observer, name: runnerName } = this.#options;
    const { pingIntervalMs, pingTimeoutMs, agent } = this.#options;
    const logger = this.#logger;
    const answer = new WelcomeReader();
    // The runner may go by another name before this link is gone.
    const { id } = this;
    const tap = capture?.link(gateway);
    const link: Link = new Link({
      ...{ connect, clock, random, pingIntervalMs, pingTimeoutMs },
      observer: observeBoth(tap, frameLog(logger, () => ({}))),
      metrics: metrics.links,
      events: {
        rtt: (rttMs) => observer?.rtt?.(id, rttMs),
        frame: (frame) => this.#frame(active, frame, answer),
        goAway: ({ reason }) => {
          logger.info("gateway.draining", { reason });
          // The session stays with this link; the next one begins another. Said twice, it means no other session.
          const { session } = active;
          if (session !== null && session === this.#sessions.current) {
            this.#letGo(() => this.#sessions.leave(session));
          }
          if (this.#active !== active) return;
          this.#rate(active, "closed");
          // A runner that drains has no use for another session: its streams end with this one.
          if (this.draining) this.#phase = { name: "leaving", active };
          else this.#dialLater(reason);
        },
        phase: (from, to, reason) => {
          tap?.phase(from, to, reason);
          logger[to === "late" ? "warn" : "debug"]("link.phase", { from, to, reason });
          if (to !== "connecting") this.#sessions.tellLink(id, to, reason);
        },
        closed: (end) => {
          welcomeTimer.cancel();
          tap?.closed(end);
          this.#linkClosed(active, end);
        },
      },
    });
    const active: ActiveLink = { link, tap, session: null, welcomedAtMs: null };
    const welcomeTimer = clock.after(welcomeWithinMs, () => {
      if (active.session !== null) return;
      link.destroy({ kind: "lost", reason: `no welcome within ${welcomeWithinMs} ms` });
    });
    this.#links.add(link);
    this.#phase = { name: "linked", active };
    const introduction = { sessionId: this.#sessionId, runnerName, agent, session: this.#sessions.current };
    for (const frame of openingFrames(introduction)) link.send(frame);
    start();
    link.start();
  }

  #frame(active: ActiveLink, frame: DelegatedFrame, answer: WelcomeReader): void {
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
        this.#options.probes.receive(active.link, frame);
        return;
      default:
        throw new ProtocolError("a gateway must not send hello or probe-reply");
    }
  }

  #welcomed(active: ActiveLink, { welcome, positions }: Welcome): void {
    const { gateway, metrics, clock, onState } = this.#options;
    if (welcome.version < minProtocolVersion || welcome.version > maxProtocolVersion) {
      const message = `the gateway chose protocol version ${welcome.version}`;
      active.link.send({ type: frameTypes.error, code: errorCodes.version, message });
      throw new ProtocolError(message);
    }
    const sessions = this.#sessions;
    const held = sessions.current;
    const resumed = held !== null && held.gatewayId === welcome.gatewayId && welcome.resumed;
    this.#expiry?.cancel();
    this.#expiry = null;
    this.#expired = false;
    this.#linkCount++;
    if (this.#linkCount > 1) metrics.reconnects++;
    if (resumed) metrics.resumes.resumed++;
    else if (held !== null) metrics.resumes.refused++;
    const session = resumed ? held : sessions.begin(welcome);
    sessions.carry(session, active.link);
    active.session = session;
    this.#resumeWindowMs = welcome.resumeWindowMs;
    this.#gatewayAgent = welcome.agent;
    active.welcomedAtMs = clock.monotonicMs();
    active.link.attachSession(session);
    session.applyPositions(positions);
    if (resumed) {
      active.tap?.resumed(this.id, session.streamCount);
      sessions.tellStreams(session, "resumed", `on another link to ${gateway}`);
    }
    sessions.tellLink(this.id, resumed ? "resumed" : "opened", `to ${gateway}`);
    onState?.({ state: "connected", gateway, resumed });
    this.#logger.info("link.up", { gateway, resumed, streams: session.streamCount });
    if (this.#drain.begun) {
      // Not a goodbye: if this link is lost, too, the streams go on over the next. Until it is read, more may come.
      sendGoAway(active.link, this.#drain.leftMs);
      this.#drain.told(active.link, () => this.#checkIdle());
    }
  }

  /**
   * A link is left: the next one may be dialled with the shortest wait, if this one was up for long enough. One that ends right
   * after its welcome is as good as none: dialled at once, it would be so ten times a second, for ever. While streams wait
   * for it, though, they get a little further with each. What broke the protocol may be sent again on the next one, and
   * is only forgotten after a life as long as the wait.
   */
  #rate({ welcomedAtMs }: ActiveLink, kind: LinkEnd["kind"]): void {
    if (welcomedAtMs === null) return;
    const backoff = this.#backoff;
    const isWrong = kind === "protocol";
    const enoughMs = isWrong ? backoff.boundMs : Math.min(backoff.boundMs, steadyAfterMs);
    if (this.#options.clock.monotonicMs() - welcomedAtMs >= enoughMs) backoff.reset();
    else if (!isWrong && this.#sessions.streamCount > 0) backoff.limit(soonWithinMs);
  }

  #linkClosed(active: ActiveLink, { kind, reason }: LinkEnd): void {
    const isCurrent = this.#active === active;
    if (isCurrent) {
      this.#rate(active, kind);
      this.#dialLater(reason);
    }
    const { session, link } = active;
    if (session !== null && this.#sessions.detach(session, link, reason)) {
      this.#downSinceMs = this.#options.clock.monotonicMs();
      const isOver = session !== this.#sessions.current || this.#phase.name === "closed";
      if (isOver || this.#resumeWindowMs === 0) {
        // Where nothing is resumed the next link has the same name: only by that a half-open one is replaced.
        this.#sessions.end(session, "the link was lost");
      } else {
        const { clock } = this.#options;
        this.#expiry = afterAwake(clock, () => this.#expire(), { ms: this.#resumeWindowMs });
      }
    }
    if (this.#expired && isCurrent) this.#expire();
    this.#links.remove(link);
    if (this.#phase.name === "leaving" && this.#phase.active === active) {
      // Its gateway left and took the session with it: no stream can be on its way any more.
      this.#drain.unconfirmed = false;
      this.#checkIdle();
    }
  }

  #expire(): void {
    this.#expiry = null;
    this.#expired = this.#active !== null;
    if (this.#expired) return;
    this.#options.metrics.resumes.expired++;
    this.#letGo(() => this.#sessions.endCurrent("the link did not come back in time"));
  }

  /** Lets go of the current session, and goes by another name from now on. */
  #letGo(how: () => void): void {
    how();
    this.#sessionId = this.#options.newSessionId();
    this.#logger = this.#loggerOf();
  }

  #loggerOf(): Logger {
    return this.#options.logger.with({ runner: this.#options.name, session: this.id });
  }

  #checkIdle(): void {
    if (this.draining && !this.#drain.unconfirmed && this.#sessions.streamCount === 0) this.close();
  }

  #end(error: Error | null): void {
    const phase = this.#phase;
    if (phase.name === "closed") return;
    this.#phase = { name: "closed" };
    if (phase.name === "dialling") phase.cancel();
    if (phase.name === "waiting") phase.timer.cancel();
    this.#expiry?.cancel();
    this.#drain.cancel();
    const { clock, probes, backend, over } = this.#options;
    // Goodbyes go out ahead of the resets that ending the sessions would send.
    this.#links.close(() => clock.microtask(() => over(error)));
    this.#sessions.endAll("the runner is shutting down");
    probes.close();
    backend.close();
  }
}
