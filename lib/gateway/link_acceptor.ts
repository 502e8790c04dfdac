import {
  errorCodes,
  frameTypes,
  type HelloFrame,
  initialWindowBytes,
  isRunnerName,
  maxProtocolVersion,
  minProtocolVersion,
  negotiateVersion,
  type ProbeReplyFrame,
  ProtocolError,
  resetCodes,
  type ResumeFrame,
  runnerNameRule,
  type StreamPosition,
} from "../protocol/mod.ts";
import type { CollectReason, HeartbeatPhase, Stream } from "../session/mod.ts";
import type { Capture, LinkTap } from "../capture/mod.ts";
import type { ByteSocket } from "../net/mod.ts";
import { type DelegatedFrame, frameLog, Link, type LinkEnd, observeBoth } from "../link/mod.ts";
import type { LinkEvent, LinkStatus, Logger, TrafficObserver, TunnelMetrics } from "../telemetry/mod.ts";
import type { Registry } from "./registry.ts";
import { type RequestIds, RunnerSession } from "./runner_session.ts";
import { tellLinkChange } from "./observe.ts";

export interface LinkAcceptorOptions {
  gatewayId: number;
  agent: string;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  resumeWindowMs: number;
  registry: Registry;
  requestIds: RequestIds;
  logger: Logger;
  metrics: TunnelMetrics;
  /** Is told of links, if anybody wants to be. */
  observer?: TrafficObserver;
  /** Called for each stream that is gone for good. */
  collected(stream: Stream, reason: CollectReason): void;
  /** Records what crosses links, if that was asked for. */
  capture?: Capture;
  /** A probe came back over the session's link. */
  probeReply(session: RunnerSession, reply: ProbeReplyFrame): void;
  /** A new session is up, or an old one has its link again. */
  ready(session: RunnerSession, resumed: boolean): void;
}

/** A runner that has connected must say hello within this time, milliseconds. */
const helloWithinMs = 10_000;

/** Bounds on what a runner may claim as its window, bytes. */
const smallestWindow = 64 * 1024;
const largestWindow = 16 * 1024 * 1024;

/** Takes the runners' links: hello and welcome, resuming a session, replacing an older link of it. */
export class LinkAcceptor {
  readonly #options: LinkAcceptorOptions;
  readonly #links = new Set<Link>();

  constructor(options: LinkAcceptorOptions) {
    this.#options = options;
  }

  /** Links open now, those still shaking hands included. */
  links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** Links whose runner has not said who it is. */
  handshakes(): LinkStatus[] {
    const carrying = new Set(Array.from(this.#options.registry.all(), (session) => session.link));
    return [...this.#links].filter((link) => !carrying.has(link)).map((link) => ({
      ...{ id: "", runner: "", agent: "", address: "", state: "connecting" as const, draining: false },
      ...{ linkCount: 1, streams: 0, bufferedBytes: 0 },
      ...link.status(),
    }));
  }

  /** Serves a link over a socket whose WebSocket handshake is done and whose token was right. */
  accept(socket: ByteSocket, address: string, head: Uint8Array): void {
    const tap = this.#options.capture?.link(address);
    const handshake = new LinkHandshake(this.#options, address, tap);
    const link = new Link({
      side: "server",
      socket,
      head,
      pingIntervalMs: this.#options.pingIntervalMs,
      pingTimeoutMs: this.#options.pingTimeoutMs,
      observer: observeBoth(tap, frameLog(this.#options.logger, () => handshake.fields())),
      metrics: this.#options.metrics.links,
      events: {
        rtt: (rttMs) => handshake.rtt(rttMs),
        frame: (frame) => handshake.frame(link, frame),
        goAway: (frame) => handshake.goAway(frame.reason),
        phase: (from, to, reason) => handshake.phase(from, to, reason),
        closed: (end) => {
          this.#links.delete(link);
          handshake.closed(link, end);
        },
      },
    });
    this.#links.add(link);
    handshake.expectHello(link);
    link.start();
  }
}

/** One link's way from the first frame to its session, and that session's view of this link. */
class LinkHandshake {
  readonly #options: LinkAcceptorOptions;
  readonly #address: string;
  readonly #tap: LinkTap | undefined;
  #hello: HelloFrame | null = null;
  #positions: StreamPosition[] = [];
  #session: RunnerSession | null = null;
  #helloTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: LinkAcceptorOptions, address: string, tap?: LinkTap) {
    this.#options = options;
    this.#address = address;
    this.#tap = tap;
  }

  expectHello(link: Link): void {
    this.#helloTimer = setTimeout(() => {
      link.destroy({ kind: "lost", reason: `no hello within ${helloWithinMs} ms` });
    }, helloWithinMs);
  }

  frame(link: Link, frame: DelegatedFrame): void {
    switch (frame.type) {
      case frameTypes.hello:
        if (this.#hello !== null) throw new ProtocolError("a second hello came on the same link");
        this.#checkHello(link, frame);
        return;
      case frameTypes.resume:
        this.#resume(link, frame);
        return;
      case frameTypes.error:
        this.#options.logger.warn("link.error", {
          ...this.fields(),
          code: frame.code,
          message: frame.message,
        });
        return;
      case frameTypes.probeReply:
        if (this.#session !== null) this.#options.probeReply(this.#session, frame);
        return;
      default:
        throw new ProtocolError("a runner must not send welcome or probe");
    }
  }

  goAway(reason: string): void {
    if (this.#session === null) return;
    this.#session.draining = true;
    this.#options.logger.info("runner.draining", { ...this.fields(), reason });
  }

  phase(from: HeartbeatPhase, to: HeartbeatPhase, reason: string): void {
    this.#tap?.phase(from, to, reason);
    const log = to === "late" ? "warn" : "debug";
    this.#options.logger[log]("link.phase", { ...this.fields(), from, to, reason });
    if (to !== "connecting") this.#tell(to, reason);
  }

  rtt(rttMs: number): void {
    if (this.#session !== null) this.#options.observer?.rtt?.(this.#session.id, rttMs);
  }

  closed(link: Link, end: LinkEnd): void {
    if (this.#helloTimer !== null) clearTimeout(this.#helloTimer);
    this.#tap?.closed(end);
    const session = this.#session;
    const level = end.kind === "protocol" ? "warn" : "info";
    this.#options.logger[level]("link.closed", { ...this.fields(), kind: end.kind, reason: end.reason });
    if (session === null || session.link !== link) return;
    session.detach(end.reason);
    this.#tell("dropped", end.reason);
    const { resumeWindowMs } = this.#options;
    // A runner that said good-bye is not coming back: nothing is held for it.
    if (session.draining || resumeWindowMs === 0) {
      this.#end(session, resetCodes.linkLost, end.reason);
      return;
    }
    session.expiry = setTimeout(() => {
      this.#options.metrics.resumes.expired++;
      this.#end(
        session,
        resetCodes.resumeTimeout,
        `the runner did not come back within ${resumeWindowMs} ms`,
      );
    }, resumeWindowMs);
  }

  #end(session: RunnerSession, code: number, reason: string): void {
    this.#options.registry.remove(session);
    session.end(code, reason);
    this.#options.logger.info("session.ended", { runner: session.name, session: session.id, reason });
    this.#tell("ended", reason, session);
  }

  #tell(kind: LinkEvent["kind"], detail: string, session = this.#session): void {
    if (session === null) return;
    this.#options.observer?.linkEvent?.({ link: session.id, runner: session.name, kind, detail });
  }

  #checkHello(link: Link, hello: HelloFrame): void {
    if (this.#helloTimer !== null) clearTimeout(this.#helloTimer);
    const version = negotiateVersion(
      { min: minProtocolVersion, max: maxProtocolVersion },
      { min: hello.minVersion, max: hello.maxVersion },
    );
    if (version === null) {
      const message =
        `this gateway speaks protocol versions ${minProtocolVersion} to ${maxProtocolVersion}, ` +
        `the runner ${hello.minVersion} to ${hello.maxVersion}`;
      link.send({ type: frameTypes.error, code: errorCodes.version, message });
      link.close(message, 1002);
      return;
    }
    if (!isRunnerName(hello.runnerName)) {
      throw new ProtocolError(`runner name ${JSON.stringify(hello.runnerName)} is not ${runnerNameRule}`);
    }
    if (hello.initialWindow < smallestWindow || hello.initialWindow > largestWindow) {
      throw new ProtocolError(
        `hello's window must be ${smallestWindow} to ${largestWindow}, found ${hello.initialWindow}`,
      );
    }
    this.#hello = hello;
  }

  #resume(link: Link, frame: ResumeFrame): void {
    if (this.#hello === null) throw new ProtocolError("resume came before hello");
    if (this.#session !== null) throw new ProtocolError("resume came after the last one");
    this.#positions.push(...frame.streams);
    if (frame.last) this.#welcome(link, this.#hello);
  }

  #welcome(link: Link, hello: HelloFrame): void {
    const { gatewayId, registry, logger } = this.#options;
    const id = hex(hello.sessionId);
    const existing = registry.get(id);
    const sameGateway = hello.resumeGatewayId === gatewayId;
    if (existing !== undefined && existing.name !== hello.runnerName) {
      throw new ProtocolError(`session ${id} is named "${existing.name}", not "${hello.runnerName}"`);
    }
    const session = existing ?? this.#createSession(id, hello);
    this.#session = session;
    // A half-open older link must never block its successor: it is dropped at once.
    const older = session.link;
    if (older !== null) {
      older.detachSession();
      const reason = "replaced by a newer link of the same session";
      session.detach(reason);
      older.destroy({ kind: "closed", reason });
    }
    session.address = this.#address;
    session.draining = false;
    session.attach(link);
    link.send({
      type: frameTypes.welcome,
      version: maxProtocolVersion,
      gatewayId,
      resumed: existing !== undefined,
      resumeWindowMs: this.#options.resumeWindowMs,
      initialWindow: initialWindowBytes,
      agent: this.#options.agent,
    });
    for (const resume of session.session.resumeFrames()) link.send(resume);
    link.flush();
    link.attachSession(session.session);
    session.session.applyPositions(sameGateway ? this.#positions : []);
    this.#positions = [];
    logger.info(existing === undefined ? "runner.connected" : "runner.resumed", {
      ...this.fields(),
      streams: session.streamCount,
    });
    if (existing === undefined) this.#connected(session, hello);
    else this.#resumed(session);
    this.#options.ready(session, existing !== undefined);
  }

  #connected(session: RunnerSession, hello: HelloFrame): void {
    this.#tell("opened", `from ${this.#address}`);
    if (hello.resumeGatewayId !== 0) {
      this.#options.metrics.resumes.refused++;
      this.#options.metrics.reconnects++;
    }
    this.#replaceLost(session);
  }

  #resumed(session: RunnerSession): void {
    this.#options.metrics.resumes.resumed++;
    this.#options.metrics.reconnects++;
    this.#tell("resumed", `from ${this.#address}`);
    this.#tap?.resumed(session.id, session.streamCount);
    tellLinkChange(session.session.streams(), "resumed", `on a link from ${this.#address}`);
  }

  /**
   * A new session of a name whose other sessions have lost their links: their process was restarted, as far as
   * can be told. Their streams go on here rather than wait for a link that does not come.
   */
  #replaceLost(session: RunnerSession): void {
    for (const other of [...this.#options.registry.named(session.name)]) {
      if (other === session || other.link !== null) continue;
      this.#options.metrics.resumes.restarted++;
      this.#end(other, resetCodes.linkLost, "a new runner of that name has taken its place");
    }
  }

  #createSession(id: string, hello: HelloFrame): RunnerSession {
    const session = new RunnerSession({
      id,
      name: hello.runnerName,
      agent: hello.agent,
      address: this.#address,
      gatewayId: this.#options.gatewayId,
      peerWindow: hello.initialWindow,
      requestIds: this.#options.requestIds,
      events: { collected: this.#options.collected },
    });
    this.#options.registry.add(session);
    return session;
  }

  fields(): { runner?: string; session?: string; address: string } {
    return { runner: this.#session?.name, session: this.#session?.id, address: this.#address };
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
