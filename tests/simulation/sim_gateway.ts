import {
  frameTypes,
  type HelloFrame,
  initialWindowBytes,
  maxProtocolVersion,
  ProtocolError,
  resetCodes,
  type ResumeFrame,
  type StreamPosition,
} from "../../lib/protocol/mod.ts";
import { type CollectReason, Session, type Stream, type StreamHandler } from "../../lib/session/mod.ts";
import { Hibernation, type Sleeper } from "../../lib/gateway/hibernation.ts";
import { Registry } from "../../lib/gateway/registry.ts";
import { RequestIds, type Runner, type RunnerSession } from "../../lib/gateway/runner_session.ts";
import type { DelegatedFrame } from "../../lib/link/mod.ts";
import type { Incarnation } from "./conversation.ts";
import type { Exchange, GatewayContext } from "./gateway_context.ts";
import type { WireEnd } from "./network.ts";
import type { Random } from "./random.ts";
import type { Process, Timer } from "./schedule.ts";
import { SimLink } from "./sim_link.ts";
import type { Watcher } from "./watcher.ts";

export interface SimGatewayOptions {
  process: Process;
  random: Random;
  watcher: Watcher;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  resumeWindowMs: number;
  hibernateWindowMs: number;
  wake: "any" | "same";
  maxBufferedBytes: number;
  carries(requestId: number, incarnation: Incarnation): void;
  collected(stream: Stream, reason: CollectReason): void;
}

export const gatewayId = 0x9f3a_c01b;
const sweepEveryMs = 1_000;
const helloWithinMs = 10_000;
/** As in `Gateway`: how much may be taken in between two looks at the sum of what is held. */
export const checkHeldEveryBytes = 1024 * 1024;

/** A runner's session at the gateway: `RunnerSession` of lib/gateway over a simulated link. */
export class SimSession implements Runner {
  readonly id: string;
  readonly name: string;
  readonly session: Session;
  link: SimLink | null = null;
  draining = false;
  expiry: Timer | null = null;
  ended = false;
  readonly #requestIds: RequestIds;

  constructor(options: { hello: HelloFrame; id: string; requestIds: RequestIds; collected: CollectedEvent }) {
    this.id = options.id;
    this.name = options.hello.runnerName;
    this.#requestIds = options.requestIds;
    this.session = new Session({
      role: "gateway",
      gatewayId,
      peerWindow: options.hello.initialWindow,
      ownWindow: initialWindowBytes,
      events: {
        opened: () => {
          throw new TypeError("a runner cannot open streams");
        },
        pending: () => this.link?.scheduleFlush(),
        acknowledgeSoon: () => this.link?.scheduleAcknowledgements(),
        collected: options.collected,
      },
    });
  }

  get streamCount(): number {
    return this.session.streamCount;
  }

  open(kind: "http" | "websocket", handler: StreamHandler): Stream {
    return this.session.open(this.#requestIds.next(this.session), kind, handler);
  }

  end(code: number, reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.expiry?.cancel();
    this.link = null;
    this.session.end(code, reason);
  }
}

type CollectedEvent = (stream: Stream, reason: CollectReason) => void;

/**
 * The gateway in virtual time: what `LinkAcceptor` and `Gateway` of lib/gateway decide about links, sessions,
 * hibernation and memory, with their own registry, request ids and list of sleepers.
 */
export class SimGateway implements GatewayContext {
  readonly hibernation = new Hibernation();
  readonly #registry: Registry;
  readonly #requestIds = new RequestIds();
  readonly #options: SimGatewayOptions;
  readonly #links = new Set<SimLink>();
  #heldSinceCheck = 0;
  #sweep: Timer | null = null;
  #linkCount = 0;
  #closed = false;

  constructor(options: SimGatewayOptions) {
    this.#options = options;
    this.#registry = new Registry(options.random.next);
    this.#sweepLater();
  }

  // ── GatewayContext ──

  get process(): Process {
    return this.#options.process;
  }

  get random(): Random {
    return this.#options.random;
  }

  get watcher(): Watcher {
    return this.#options.watcher;
  }

  get resumeWindowMs(): number {
    return this.#options.resumeWindowMs;
  }

  get hibernateWindowMs(): number {
    return this.#options.hibernateWindowMs;
  }

  carries(requestId: number, incarnation: Incarnation): void {
    this.#options.carries(requestId, incarnation);
  }

  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null {
    if (this.#closed) return null;
    if (this.#options.wake !== "same") {
      const runner = this.#registry.pickConnected(sleeper.runnerName);
      if (runner !== null) return runner;
    }
    if (waitMs === 0) return null;
    this.hibernation.add(sleeper, this.process.schedule.now + waitMs);
    return "wait";
  }

  awake(sleeper: Sleeper): void {
    this.hibernation.remove(sleeper);
  }

  held(bytes: number): void {
    this.#heldSinceCheck += bytes;
    if (this.#heldSinceCheck < checkHeldEveryBytes) return;
    this.#heldSinceCheck = 0;
    this.#shedOverload();
  }

  // ── the world's side ──

  /** The runner for a new stream; `null` when there is none. */
  pick(name: string): Runner | null {
    return this.#registry.pick(name);
  }

  sessions(): SimSession[] {
    return [...this.#registry.all()].map(simulated);
  }

  get links(): ReadonlySet<SimLink> {
    return this.#links;
  }

  get bufferedBytes(): number {
    let bytes = this.hibernation.heldBytes;
    for (const { session } of this.#registry.all()) bytes += session.bufferedBytes;
    return bytes;
  }

  accept(wire: WireEnd): void {
    if (this.#closed) return wire.destroy("this gateway is closed");
    const { process, pingIntervalMs, pingTimeoutMs, random, watcher } = this.#options;
    const state: Handshake = { hello: null, positions: [], session: null };
    const link: SimLink = new SimLink({
      name: `gateway#${++this.#linkCount}`,
      process,
      wire,
      pingIntervalMs,
      pingTimeoutMs,
      random: random.next,
      watcher,
      events: {
        frame: (frame) => this.#frame(link, state, frame),
        goAway: () => {
          if (state.session !== null) state.session.draining = true;
        },
        closed: ({ reason }) => {
          helloTimer.cancel();
          this.#links.delete(link);
          this.#linkClosed(link, state.session, reason);
        },
      },
    });
    const helloTimer = process.after(helloWithinMs, () => {
      if (state.hello === null) link.destroy({ kind: "lost", reason: "no hello" });
    });
    this.#links.add(link);
    link.start();
  }

  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.hibernation.close("the gateway is shutting down");
    for (const session of this.sessions()) {
      const { link } = session;
      this.#registry.remove(session as unknown as RunnerSession);
      session.end(resetCodes.shuttingDown, "the gateway is shutting down");
      link?.close("the gateway is shutting down");
    }
    for (const link of [...this.#links]) link.close("the gateway is shutting down");
  }

  // ── private ──

  #frame(link: SimLink, state: Handshake, frame: DelegatedFrame): void {
    switch (frame.type) {
      case frameTypes.hello:
        if (state.hello !== null) throw new ProtocolError("a second hello came on the same link");
        state.hello = frame;
        return;
      case frameTypes.resume:
        this.#resume(link, state, frame);
        return;
      default:
        throw new ProtocolError(`frame ${frame.type} must not come from a runner`);
    }
  }

  #resume(link: SimLink, state: Handshake, frame: ResumeFrame): void {
    if (state.hello === null) throw new ProtocolError("resume came before hello");
    if (state.session !== null) throw new ProtocolError("resume came after the last one");
    state.positions.push(...frame.streams);
    if (frame.last) this.#welcome(link, state, state.hello);
  }

  #welcome(link: SimLink, state: Handshake, hello: HelloFrame): void {
    const id = new TextDecoder().decode(hello.sessionId);
    const known = this.#registry.get(id);
    const existing = known === undefined ? null : simulated(known);
    const session = existing ?? this.#createSession(id, hello);
    state.session = session;
    const older = session.link;
    if (older !== null) {
      older.detachSession();
      session.link = null;
      session.session.detach();
      older.destroy({ kind: "closed", reason: "replaced by a newer link of the same session" });
    }
    session.draining = false;
    session.expiry?.cancel();
    session.expiry = null;
    session.link = link;
    link.send({
      type: frameTypes.welcome,
      version: maxProtocolVersion,
      gatewayId,
      resumed: existing !== null,
      resumeWindowMs: this.resumeWindowMs,
      initialWindow: initialWindowBytes,
      agent: "simulation",
    });
    for (const resume of session.session.resumeFrames()) link.send(resume);
    link.flush();
    link.attachSession(session.session);
    const positions = hello.resumeGatewayId === gatewayId ? state.positions : [];
    this.watcher.positions(positions);
    session.session.applyPositions(positions);
    state.positions = [];
    if (existing === null) this.#replaceLost(session);
    this.hibernation.wakeAll(session.name, () => this.#registry.pickConnected(session.name));
  }

  #replaceLost(session: SimSession): void {
    for (const other of this.sessions()) {
      if (other === session || other.name !== session.name || other.link !== null) continue;
      this.#end(other, resetCodes.linkLost, "a new runner of that name has taken its place");
    }
  }

  #createSession(id: string, hello: HelloFrame): SimSession {
    const { collected } = this.#options;
    const session = new SimSession({ hello, id, requestIds: this.#requestIds, collected });
    this.#registry.add(session as unknown as RunnerSession);
    return session;
  }

  #linkClosed(link: SimLink, session: SimSession | null, reason: string): void {
    this.watcher.note(link.name, `closed: ${reason}`);
    if (session === null || session.link !== link) return;
    session.link = null;
    session.session.detach();
    if (session.draining) return this.#end(session, resetCodes.linkLost, reason);
    session.expiry = this.process.after(this.resumeWindowMs, () => {
      this.#end(session, resetCodes.resumeTimeout, "the runner did not come back in time");
    });
  }

  #end(session: SimSession, code: number, reason: string): void {
    this.watcher.note("gateway", `session ${session.id} ends: ${reason}`);
    this.#registry.remove(session as unknown as RunnerSession);
    session.end(code, reason);
  }

  #sweepLater(): void {
    this.#sweep = this.process.after(sweepEveryMs, () => {
      this.hibernation.expireUntil(this.process.schedule.now, "no runner came back in time");
      if (!this.#closed) this.#sweepLater();
    });
  }

  #shedOverload(): void {
    const { maxBufferedBytes } = this.#options;
    let total = this.bufferedBytes;
    if (total <= maxBufferedBytes) return;
    const holders: { bytes: number; holder: Sleeper }[] = [];
    for (const { session } of this.#registry.all()) {
      for (const { send, handler } of session.streams()) {
        if (handler !== null) holders.push({ bytes: send.bufferedBytes, holder: handler as Exchange });
      }
    }
    for (const holder of this.hibernation.all()) holders.push({ bytes: holder.heldBytes, holder });
    holders.sort((a, b) => b.bytes - a.bytes);
    for (const { bytes, holder } of holders) {
      if (total <= maxBufferedBytes) return;
      total -= bytes;
      holder.shed("pending limit reached");
    }
  }
}

interface Handshake {
  hello: HelloFrame | null;
  positions: StreamPosition[];
  session: SimSession | null;
}

/** The registry of lib/gateway is given simulated sessions: it reads name, link, load and nothing else. */
function simulated(session: RunnerSession): SimSession {
  return session as unknown as SimSession;
}
