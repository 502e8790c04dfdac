import {
  errorCodes,
  frameTypes,
  type GoAwayFrame,
  type HelloFrame,
  initialWindowBytes,
  isAcceptedWindow,
  isRunnerName,
  maxProtocolVersion,
  minProtocolVersion,
  negotiateVersion,
  ProtocolError,
  resetCodes,
  type ResumeFrame,
  runnerNameRule,
  type StreamPosition,
  windowRule,
} from "../protocol/mod.ts";
import { type HeartbeatPhase, PositionsReader } from "../session/mod.ts";
import type { LinkTap } from "../capture/mod.ts";
import { afterAwake, type DelegatedFrame, type Link, type LinkEnd, type Timer } from "../link/mod.ts";
import type { LinkEvent } from "../telemetry/mod.ts";
import type { LinkAcceptorOptions } from "./link_acceptor.ts";
import { tellLinkChange } from "./observe.ts";
import { RunnerSession } from "./runner_session.ts";

export interface LinkHandshakeOptions extends LinkAcceptorOptions {
  /** Address the runner dialled from. */
  address: string;
  tap?: LinkTap;
}

/** A runner that has connected must say hello within this time, and each resume frame in as much more, milliseconds. */
const openingWithinMs = 10_000;

/** A gateway that stood still could not be reached: a runner may wait for so long before it dials again, milliseconds. */
const longestRedialMs = 10_000;

/** One link's way from the first frame to its session, and that session's view of this link. */
export class LinkHandshake {
  readonly #options: LinkHandshakeOptions;
  readonly #link: Link;
  #hello: HelloFrame | null = null;
  #version = maxProtocolVersion;
  readonly #positions = new PositionsReader();
  #session: RunnerSession | null = null;
  /** The runner is closing this link, and is not coming back. */
  #saidGoodbye = false;
  /** Ends a link whose runner does not get to the end of its introduction. */
  #openingTimer: Timer;

  constructor(link: Link, options: LinkHandshakeOptions) {
    this.#link = link;
    this.#options = options;
    this.#openingTimer = this.#expectOpening("hello");
  }

  frame(frame: DelegatedFrame): void {
    switch (frame.type) {
      case frameTypes.hello:
        if (this.#hello !== null) throw new ProtocolError("a second hello came on the same link");
        this.#checkHello(frame);
        return;
      case frameTypes.resume:
        this.#resume(frame);
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

  goAway({ reason, drainMs }: GoAwayFrame): void {
    if (this.#session === null) return;
    this.#saidGoodbye = drainMs === 0;
    this.#session.draining = true;
    this.#options.logger.info("runner.draining", { ...this.fields(), reason });
  }

  phase(from: HeartbeatPhase, to: HeartbeatPhase, reason: string): void {
    this.#options.tap?.phase(from, to, reason);
    const log = to === "late" ? "warn" : "debug";
    this.#options.logger[log]("link.phase", { ...this.fields(), from, to, reason });
    if (to !== "connecting") this.#tell(to, reason);
  }

  rtt(rttMs: number): void {
    if (this.#session !== null) this.#options.observer?.rtt?.(this.#session.id, rttMs);
  }

  closed(end: LinkEnd): void {
    this.#openingTimer.cancel();
    const { logger, tap, resumeWindowMs, clock, metrics, goAway } = this.#options;
    tap?.closed(end);
    const session = this.#session;
    const level = end.kind === "protocol" ? "warn" : "info";
    logger[level]("link.closed", { ...this.fields(), kind: end.kind, reason: end.reason });
    if (session === null || session.link !== this.#link) return;
    session.detach(end.reason);
    this.#tell("dropped", end.reason);
    if (this.#saidGoodbye || resumeWindowMs === 0) {
      this.#end(session, resetCodes.linkLost, end.reason);
      return;
    }
    const leaving = goAway?.() ?? null;
    if (leaving !== null) {
      this.#end(session, resetCodes.shuttingDown, leaving.reason);
      return;
    }
    const expire = () => {
      metrics.resumes.expired++;
      const reason = `the runner did not come back within ${resumeWindowMs} ms`;
      this.#end(session, resetCodes.resumeTimeout, reason);
    };
    const graceMs = Math.min(resumeWindowMs, longestRedialMs);
    session.expiry = afterAwake(clock, expire, { ms: resumeWindowMs, graceMs });
  }

  /** What is known of this link, for the log. */
  fields(): { runner?: string; session?: string; address: string } {
    const { address } = this.#options;
    return { runner: this.#session?.name, session: this.#session?.id, address };
  }

  // ── private ──

  #expectOpening(what: "hello" | "resume"): Timer {
    return this.#options.clock.after(openingWithinMs, () => {
      this.#link.destroy({ kind: "lost", reason: `no ${what} within ${openingWithinMs} ms` });
    });
  }

  #checkHello(hello: HelloFrame): void {
    this.#openingTimer.cancel();
    const version = negotiateVersion(
      { min: minProtocolVersion, max: maxProtocolVersion },
      { min: hello.minVersion, max: hello.maxVersion },
    );
    if (version === null) {
      const message =
        `this gateway speaks protocol versions ${minProtocolVersion} to ${maxProtocolVersion}, ` +
        `the runner ${hello.minVersion} to ${hello.maxVersion}`;
      this.#link.send({ type: frameTypes.error, code: errorCodes.version, message });
      this.#link.close(message, 1002);
      return;
    }
    if (!isRunnerName(hello.runnerName)) {
      throw new ProtocolError(`runner name ${JSON.stringify(hello.runnerName)} is not ${runnerNameRule}`);
    }
    if (!isAcceptedWindow(hello.initialWindow)) {
      throw new ProtocolError(`hello's window must be ${windowRule}, found ${hello.initialWindow}`);
    }
    this.#version = version;
    this.#hello = hello;
    this.#openingTimer = this.#expectOpening("resume");
  }

  #resume(frame: ResumeFrame): void {
    if (this.#hello === null) throw new ProtocolError("resume came before hello");
    if (this.#session !== null) throw new ProtocolError("resume came after the last one");
    this.#openingTimer.cancel();
    const positions = this.#positions.take(frame);
    if (positions !== null) this.#welcome(this.#hello, positions);
    else this.#openingTimer = this.#expectOpening("resume");
  }

  #welcome(hello: HelloFrame, positions: StreamPosition[]): void {
    const { gatewayId, registry, logger, resumeWindowMs, agent, ready, goAway } = this.#options;
    const id = hello.sessionId.toHex();
    const known = registry.get(id);
    if (known !== undefined && known.name !== hello.runnerName) {
      throw new ProtocolError(`session ${id} is named "${known.name}", not "${hello.runnerName}"`);
    }
    if (known !== undefined && this.#isOutdated(known, hello)) {
      const message = `session ${id} was welcomed since this hello was said`;
      this.#link.send({ type: frameTypes.error, code: errorCodes.protocol, message });
      this.#link.close(message, 1002);
      return;
    }
    const resumed = known !== undefined && this.#canResume(hello);
    if (known !== undefined) this.#dropLink(known, resumed);
    const session = resumed ? known : this.#createSession(id, hello);
    this.#session = session;
    session.address = this.#options.address;
    session.attach(this.#link);
    this.#link.send({
      type: frameTypes.welcome,
      version: this.#version,
      gatewayId,
      resumed,
      resumeWindowMs,
      initialWindow: initialWindowBytes,
      agent,
    });
    for (const resume of session.session.resumeFrames()) this.#link.send(resume);
    this.#link.flush();
    this.#link.attachSession(session.session);
    session.session.applyPositions(resumed ? positions : []);
    logger.info(resumed ? "runner.resumed" : "runner.connected", {
      ...this.fields(),
      streams: session.streamCount,
    });
    if (resumed) this.#resumed(session);
    else this.#connected(session, { hello, former: known });
    ready(session, resumed);
    // It connected in time, and said so too late to be told along with the others.
    const leaving = goAway?.() ?? null;
    if (leaving !== null) this.#link.send(leaving);
  }

  /**
   * Whether the hello is older than what the runner has said since: it says that it was never welcomed, but has answered
   * on streams of the session. It was held up on its way, and its link was given up long ago; to believe it would end
   * the session, streams and all. Without a resume window every hello says so, and a link of the same session is one that
   * its runner has given up.
   */
  #isOutdated(known: RunnerSession, { resumeGatewayId }: HelloFrame): boolean {
    return this.#options.resumeWindowMs > 0 && resumeGatewayId === 0 && known.session.peerKnowsStreams;
  }

  /**
   * Whether the runner can go on with the session: it holds it, or it has never had it, because it was not welcomed
   * before its first link was lost. A runner that has let go of a session comes with another id, or with a session
   * of another gateway's; without a resume window it lets go of one with its link, and comes with the same id.
   */
  #canResume({ resumeGatewayId }: HelloFrame): boolean {
    const { gatewayId, resumeWindowMs } = this.#options;
    return resumeGatewayId === gatewayId || (resumeGatewayId === 0 && resumeWindowMs > 0);
  }

  /** A half-open older link must never block its successor: it is dropped at once. */
  #dropLink(session: RunnerSession, resumed: boolean): void {
    const older = session.link;
    if (!resumed) this.#options.registry.remove(session);
    if (older === null) return;
    older.detachSession();
    const reason = "replaced by a newer link of the same session";
    session.detach(reason);
    older.destroy({ kind: "closed", reason });
  }

  #connected(session: RunnerSession, of: { hello: HelloFrame; former: RunnerSession | undefined }): void {
    const { metrics, address } = this.#options;
    this.#tell("opened", `from ${address}`);
    if (of.hello.resumeGatewayId !== 0 || of.former !== undefined) {
      metrics.resumes.refused++;
      metrics.reconnects++;
    }
    // Only now: what goes on elsewhere can go on here.
    if (of.former !== undefined) {
      this.#end(of.former, resetCodes.linkLost, "the runner has let go of its session");
    }
    this.#replaceLost(session);
  }

  #resumed(session: RunnerSession): void {
    const { metrics, address, tap } = this.#options;
    metrics.resumes.resumed++;
    metrics.reconnects++;
    this.#tell("resumed", `from ${address}`);
    tap?.resumed(session.id, session.streamCount);
    tellLinkChange(session.session.streams(), "resumed", `on a link from ${address}`);
  }

  /**
   * A new session of a name whose other sessions have lost their links: their process was restarted, as far as
   * can be told. Their streams go on here rather than wait for a link that does not come.
   */
  #replaceLost(session: RunnerSession): void {
    const { registry, metrics } = this.#options;
    for (const other of [...registry.named(session.name)]) {
      if (other === session || other.link !== null) continue;
      metrics.resumes.restarted++;
      this.#end(other, resetCodes.linkLost, "a new runner of that name has taken its place");
    }
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

  #createSession(id: string, hello: HelloFrame): RunnerSession {
    const { address, gatewayId, requestIds, registry, collected, clock } = this.#options;
    const session = new RunnerSession({
      id,
      name: hello.runnerName,
      agent: hello.agent,
      address,
      gatewayId,
      peerWindow: hello.initialWindow,
      requestIds,
      clock,
      events: { collected },
    });
    registry.add(session);
    return session;
  }
}
