import {
  frameTypes,
  initialWindowBytes,
  maxProtocolVersion,
  minProtocolVersion,
  ProtocolError,
  type RequestStartFrame,
  resetCodes,
  type StreamPosition,
  type WelcomeFrame,
  type WsOpenFrame,
} from "../../lib/protocol/mod.ts";
import {
  Backoff,
  type CollectReason,
  Session,
  type Stream,
  type StreamHandler,
} from "../../lib/session/mod.ts";
import type { WireEnd } from "./network.ts";
import type { Random } from "./random.ts";
import type { Process, Timer } from "./schedule.ts";
import { SimLink } from "./sim_link.ts";
import type { Watcher } from "./watcher.ts";

export interface SimRunnerOptions {
  process: Process;
  random: Random;
  watcher: Watcher;
  /** Number of the process, which is all its session id says. */
  number: number;
  name: string;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  /** Asks the network for a wire to the gateway; `null` when the gateway cannot be reached. */
  dial(runner: SimRunner, answer: (wire: WireEnd | null) => void): void;
  opened(stream: Stream, start: RequestStartFrame | WsOpenFrame): StreamHandler;
  collected(stream: Stream, reason: CollectReason): void;
}

const welcomeWithinMs = 10_000;

/** A runner process in virtual time: what `Runner` of lib/runner decides about dialling, sessions and goodbyes. */
export class SimRunner {
  readonly process: Process;
  readonly number: number;
  readonly sessions = new Set<Session>();
  readonly #options: SimRunnerOptions;
  readonly #backoff: Backoff;
  readonly #linkOf = new Map<Session, SimLink>();
  #session: Session | null = null;
  #link: SimLink | null = null;
  #expiry: Timer | null = null;
  #retry: Timer | null = null;
  #resumeWindowMs = 0;
  /** Changes when the session is given up, so that no gateway takes the next one for its continuation. */
  #sessionId: string;
  #expired = false;
  #linkCount = 0;
  #draining = false;
  #closed = false;
  #whenIdle: (() => void) | null = null;

  constructor(options: SimRunnerOptions) {
    this.#options = options;
    this.process = options.process;
    this.number = options.number;
    this.#sessionId = `${options.number}`;
    this.#backoff = new Backoff({ random: options.random.next });
  }

  get link(): SimLink | null {
    return this.#link;
  }

  get streamCount(): number {
    let count = 0;
    for (const session of this.sessions) count += session.streamCount;
    return count;
  }

  start(): void {
    this.#options.dial(this, (wire) => {
      if (this.#closed) wire?.destroy("the runner is shutting down");
      else if (wire === null) this.#retryLater();
      else this.#openLink(wire);
    });
  }

  /** Asks for no more streams, lets those in flight finish, then closes; `done` is called then. */
  drain(withinMs: number, done: () => void): void {
    this.#draining = true;
    this.#sayGoAway();
    const finish = () => {
      timer.cancel();
      this.#whenIdle = null;
      if (this.#closed) return;
      this.close();
      done();
    };
    const timer = this.process.after(withinMs, finish);
    this.#whenIdle = finish;
    this.#checkIdle();
  }

  /** Says goodbye: the gateway does not wait for this session. */
  close(): void {
    this.#closed = true;
    this.#expiry?.cancel();
    this.#retry?.cancel();
    this.#sayGoAway();
    this.#link?.close("the runner is shutting down");
    for (const session of [...this.sessions]) this.#end(session, "the runner is shutting down");
  }

  /** The process dies in the middle of whatever it does. */
  kill(cut: "told" | "silent"): void {
    this.#closed = true;
    this.process.kill();
    this.#link?.abandon();
    this.#link?.wire.abandon(cut);
    this.#link = null;
  }

  // ── private ──

  #openLink(wire: WireEnd): void {
    const { process, random, watcher, pingIntervalMs, pingTimeoutMs } = this.#options;
    const positions: StreamPosition[] = [];
    let welcome: WelcomeFrame | null = null;
    let session: Session | null = null;
    const link: SimLink = new SimLink({
      name: `runner${this.number}#${++this.#linkCount}`,
      process,
      wire,
      pingIntervalMs,
      pingTimeoutMs,
      random: random.next,
      watcher,
      events: {
        frame: (frame) => {
          if (frame.type === frameTypes.welcome) {
            if (welcome !== null) throw new ProtocolError("a second welcome came on the same link");
            welcome = frame;
          } else if (frame.type === frameTypes.resume) {
            if (welcome === null || session !== null) {
              throw new ProtocolError("resume must follow welcome, once");
            }
            positions.push(...frame.streams);
            if (!frame.last) return;
            welcomeTimer.cancel();
            session = this.#welcomed(link, welcome, positions);
          } else {
            throw new ProtocolError(`frame ${frame.type} must not come from a gateway`);
          }
        },
        goAway: () => {},
        closed: ({ reason }) => {
          welcomeTimer.cancel();
          this.#link = null;
          this.#linkClosed(link, session, reason);
        },
      },
    });
    const welcomeTimer = process.after(welcomeWithinMs, () => {
      link.destroy({ kind: "lost", reason: "no welcome" });
    });
    this.#link = link;
    this.#hello(link);
    link.start();
  }

  #hello(link: SimLink): void {
    const sessionId = new Uint8Array(16);
    new TextEncoder().encodeInto(this.#sessionId, sessionId);
    link.send({
      type: frameTypes.hello,
      minVersion: minProtocolVersion,
      maxVersion: maxProtocolVersion,
      sessionId,
      runnerName: this.#options.name,
      agent: "simulation",
      resumeGatewayId: this.#session?.gatewayId ?? 0,
      initialWindow: initialWindowBytes,
    });
    const frames = this.#session?.resumeFrames() ??
      [{ type: frameTypes.resume, last: true, streams: [] }];
    for (const frame of frames) link.send(frame);
  }

  #welcomed(link: SimLink, welcome: WelcomeFrame, positions: StreamPosition[]): Session {
    const resumable = this.#session !== null && this.#session.gatewayId === welcome.gatewayId &&
      welcome.resumed;
    this.#expiry?.cancel();
    this.#expiry = null;
    this.#expired = false;
    if (!resumable) {
      this.#endSession("the gateway no longer knows this runner's session");
      this.#session = this.#createSession(welcome);
    }
    const session = this.#session!;
    this.#linkOf.set(session, link);
    this.#resumeWindowMs = welcome.resumeWindowMs;
    this.#backoff.reset();
    link.attachSession(session);
    session.applyPositions(positions);
    this.#options.watcher.note(link.name, resumable ? "resumed" : "welcomed");
    if (this.#draining) this.#sayGoAway();
    return session;
  }

  #createSession(welcome: WelcomeFrame): Session {
    const session: Session = new Session({
      role: "runner",
      gatewayId: welcome.gatewayId,
      peerWindow: welcome.initialWindow,
      ownWindow: initialWindowBytes,
      events: {
        opened: (stream, start) => this.#options.opened(stream, start),
        pending: () => this.#linkOf.get(session)?.scheduleFlush(),
        acknowledgeSoon: () => this.#linkOf.get(session)?.scheduleAcknowledgements(),
        collected: (stream, reason) => {
          this.#options.collected(stream, reason);
          this.#checkIdle();
        },
      },
    });
    this.sessions.add(session);
    return session;
  }

  #linkClosed(link: SimLink, session: Session | null, reason: string): void {
    this.#options.watcher.note(link.name, `closed: ${reason}`);
    if (session !== null && this.#linkOf.get(session) === link) {
      this.#linkOf.delete(session);
      session.detach();
      if (session !== this.#session || this.#closed) {
        this.#end(session, "the link was lost");
      } else {
        this.#expiry = this.process.after(this.#resumeWindowMs, () => this.#expire());
      }
    }
    if (this.#expired) this.#expire();
    if (!this.#closed) this.#retryLater();
  }

  /** While a hello that names the session is on its way, the answer to it decides. */
  #expire(): void {
    this.#expired = this.#link !== null;
    if (this.#expired) return;
    this.#endSession("the link did not come back in time");
    this.#sessionId += "'";
  }

  #retryLater(): void {
    this.#retry = this.process.after(Math.round(this.#backoff.next()), () => this.start());
  }

  #endSession(reason: string): void {
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#end(session, reason);
  }

  #end(session: Session, reason: string): void {
    if (this.#session === session) this.#session = null;
    this.#linkOf.delete(session);
    this.sessions.delete(session);
    session.end(resetCodes.linkLost, reason);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#whenIdle !== null && this.streamCount === 0) this.process.microtask(this.#whenIdle);
  }

  #sayGoAway(): void {
    this.#link?.send({ type: frameTypes.goAway, drainMs: 0, reason: "the runner is shutting down" });
  }
}
