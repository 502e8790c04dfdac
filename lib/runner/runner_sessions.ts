import {
  frameTypes,
  initialWindowBytes,
  type RequestStartFrame,
  resetCodes,
  type WelcomeFrame,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { Session, type Stream, type StreamHandler } from "../session/mod.ts";
import type { Clock, Link } from "../link/mod.ts";
import type { Capture } from "../capture/mod.ts";
import {
  type LinkEvent,
  type Logger,
  type StreamStatus,
  streamStatus,
  type TrafficObserver,
  type TunnelMetrics,
} from "../telemetry/mod.ts";
import type { Backend } from "./backend.ts";
import { StreamWatch } from "./stream_watch.ts";

export interface RunnerSessionsOptions {
  /** The session's id as it is now, hexadecimal. */
  id(): string;
  /** Name that clients are routed by. */
  runner: string;
  backend: Backend;
  metrics: TunnelMetrics;
  observer?: TrafficObserver;
  capture?: Capture;
  clock: Clock;
  /** For lines about the session as it is now. */
  logger(): Logger;
  /** A stream is gone: there may be none left. */
  collected(): void;
}

/**
 * The sessions of one runner: at most one is current and resumes on the next link; others have streams that a leaving
 * link still carries.
 */
export class RunnerSessions {
  readonly #options: RunnerSessionsOptions;
  /** Each with its id, hexadecimal: a session keeps its name when the runner goes by another. */
  readonly #sessions = new Map<Session, string>();
  /** Which link carries a session now. */
  readonly #linkOf = new Map<Session, Link>();
  #current: Session | null = null;

  constructor(options: RunnerSessionsOptions) {
    this.#options = options;
  }

  get current(): Session | null {
    return this.#current;
  }

  /** Streams being served, over all sessions. */
  get streamCount(): number {
    let count = 0;
    for (const session of this.#sessions.keys()) count += session.streamCount;
    return count;
  }

  /** What is held for the gateway, sent or not, bytes: payload, and something for each frame. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions.keys()) bytes += session.bufferedBytes;
    return bytes;
  }

  all(): Iterable<Session> {
    return this.#sessions.keys();
  }

  /** Every stream as it stands now. */
  streams(): StreamStatus[] {
    const { runner, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    return [...this.#sessions].flatMap(([session, link]) => {
      const of = { runner, link, client: "", nowMs };
      return Array.from(session.streams(), (stream) => streamStatus(stream, of));
    });
  }

  /** A gateway has welcomed this runner anew: what was current is over. */
  begin({ gatewayId, initialWindow }: WelcomeFrame): Session {
    this.endCurrent("the gateway no longer knows this runner's session");
    const logger = this.#options.logger();
    const session = new Session({
      role: "runner",
      gatewayId,
      peerWindow: initialWindow,
      ownWindow: initialWindowBytes,
      events: {
        opened: (stream, start) => this.#opened(stream, start, logger),
        pending: () => this.#linkOf.get(session)?.scheduleFlush(),
        acknowledgeSoon: () => this.#linkOf.get(session)?.scheduleAcknowledgements(),
        collected: (stream, reason) => {
          this.#options.metrics.collected[reason]++;
          if (stream.tap instanceof StreamWatch) stream.tap.collected();
          this.#options.capture?.collected(stream, reason);
          this.#options.collected();
        },
      },
    });
    this.#sessions.set(session, this.#options.id());
    this.#current = session;
    return session;
  }

  /** `link` carries the session from now on. */
  carry(session: Session, link: Link): void {
    this.#linkOf.set(session, link);
  }

  /**
   * `link` is gone; the session's streams stay.
   *
   * @returns whether it carried the session
   */
  detach(session: Session, link: Link, reason: string): boolean {
    if (this.#linkOf.get(session) !== link) return false;
    this.#linkOf.delete(session);
    session.detach();
    this.tellLink(this.#sessions.get(session)!, "dropped", reason);
    this.tellStreams(session, "dropped", reason);
    return true;
  }

  /** The session stays with the link that carries it, which takes no more streams; the next link begins another. */
  leave(session: Session): void {
    if (this.#current === session) this.#current = null;
  }

  endCurrent(reason: string): void {
    if (this.#current !== null) this.end(this.#current, reason);
  }

  endAll(reason: string): void {
    for (const session of [...this.#sessions.keys()]) this.end(session, reason);
  }

  end(session: Session, reason: string): void {
    this.leave(session);
    this.#linkOf.delete(session);
    this.#sessions.delete(session);
    session.end(resetCodes.linkLost, reason);
    this.#options.collected();
  }

  /** @param link the id of the session it carries */
  tellLink(link: string, kind: LinkEvent["kind"], detail: string): void {
    const { runner, observer } = this.#options;
    observer?.linkEvent?.({ link, runner, kind, detail });
  }

  tellStreams(session: Session, change: "dropped" | "resumed", detail: string): void {
    for (const { tap } of session.streams()) if (tap instanceof StreamWatch) tap.linkChanged(change, detail);
  }

  #opened(stream: Stream, start: RequestStartFrame | WsOpenFrame, logger: Logger): StreamHandler {
    const { backend, runner, metrics, observer, clock } = this.#options;
    stream.openedAtMs = clock.turnMs();
    stream.tap = new StreamWatch(stream, { start, runner, metrics, observer, clock, logger });
    return start.type === frameTypes.requestStart
      ? backend.http(stream, start)
      : backend.websocket(stream, start);
  }
}
