import { initialWindowBytes, maxId, resetCodes } from "../protocol/mod.ts";
import { type CollectReason, Session, type Stream, type StreamHandler } from "../session/mod.ts";
import { type Clock, type Link, noLinkStatus, type Timer } from "../link/mod.ts";
import { type LinkStatus, type StreamStatus, streamStatus } from "../telemetry/mod.ts";
import { clientOf, tellLinkChange } from "./observe.ts";

/**
 * A runner as the rest of the gateway sees it: something that takes streams. Today's only kind is a session
 * whose link ends in this process; a runner behind another gateway of a cluster would be another.
 */
export interface Runner {
  readonly name: string;
  /** Streams it serves now; the share of load is decided by it. */
  readonly streamCount: number;
  /** Opens a stream to it. The first frame pushed must be a request-start or a ws-open. */
  open(kind: "http" | "websocket", handler: StreamHandler): Stream;
}

export interface RunnerSessionOptions {
  /** Session id in hexadecimal. */
  id: string;
  name: string;
  agent: string;
  /** Address the runner dialled from. */
  address: string;
  gatewayId: number;
  /** Credit the runner gives each stream, from its hello. */
  peerWindow: number;
  requestIds: RequestIds;
  clock: Clock;
  events: RunnerSessionEvents;
}

export interface RunnerSessionEvents {
  collected(stream: Stream, reason: CollectReason): void;
}

/**
 * How long a runner whose origin could not be reached is passed over where there is another, milliseconds: it refuses in no time, and
 * would seem the least loaded of all.
 */
const passedOverMs = 5_000;

/** A runner process's session at the gateway. It outlives links; one link at a time carries it. */
export class RunnerSession implements Runner {
  readonly id: string;
  readonly name: string;
  readonly agent: string;
  readonly session: Session;
  readonly #requestIds: RequestIds;
  readonly #clock: Clock;
  address: string;
  link: Link | null = null;
  /** It said go-away: streams in flight finish, no new ones come. */
  draining = false;
  /** Ends the session when no link has come back by then. */
  expiry: Timer | null = null;
  ended = false;
  #linkCount = 0;
  /** When the last link was lost. */
  #downSinceMs = 0;
  /** When its origin was last found out to be away. */
  #originAwayAtMs = -Infinity;

  constructor(options: RunnerSessionOptions) {
    this.id = options.id;
    this.name = options.name;
    this.agent = options.agent;
    this.address = options.address;
    this.#requestIds = options.requestIds;
    this.#clock = options.clock;
    this.session = new Session({
      role: "gateway",
      gatewayId: options.gatewayId,
      peerWindow: options.peerWindow,
      ownWindow: initialWindowBytes,
      events: {
        opened: () => {
          throw new TypeError("a runner cannot open streams");
        },
        pending: () => this.link?.scheduleFlush(),
        acknowledgeSoon: () => this.link?.scheduleAcknowledgements(),
        collected: (stream, reason) => {
          if (stream.peerResetCode === resetCodes.originUnreachable) {
            this.#originAwayAtMs = this.#clock.turnMs();
          }
          options.events.collected(stream, reason);
        },
      },
    });
  }

  get streamCount(): number {
    return this.session.streamCount;
  }

  /** Whether its origin could not be reached a moment ago. */
  get originIsAway(): boolean {
    return this.#clock.turnMs() - this.#originAwayAtMs < passedOverMs;
  }

  open(kind: "http" | "websocket", handler: StreamHandler): Stream {
    const stream = this.session.open(this.#requestIds.next(this.session), kind, handler);
    stream.openedAtMs = this.#clock.turnMs();
    return stream;
  }

  /** The session and its link as they stand now. */
  status(): LinkStatus {
    const { id, name: runner, agent, address, draining, link } = this;
    const carried = link === null
      ? noLinkStatus(this.#clock.monotonicMs() - this.#downSinceMs)
      : link.status();
    const phase = link?.heartbeat.phase ?? "hibernating";
    return {
      id,
      runner,
      agent,
      address,
      state: phase === "lost" ? "hibernating" : phase,
      draining,
      linkCount: this.#linkCount,
      streams: this.streamCount,
      bufferedBytes: this.session.bufferedBytes,
      ...carried,
    };
  }

  /** Each of its streams as it stands now. */
  streamStatuses(): StreamStatus[] {
    const nowMs = this.#clock.monotonicMs();
    const { name: runner, id: link } = this;
    return Array.from(
      this.session.streams(),
      (stream) => streamStatus(stream, { runner, link, client: clientOf(stream), nowMs }),
    );
  }

  /** Carries the session over `link` from now on. */
  attach(link: Link): void {
    this.expiry?.cancel();
    this.expiry = null;
    this.link = link;
    this.#linkCount++;
  }

  /** The link is gone; streams stay. */
  detach(reason: string): void {
    this.link = null;
    this.#downSinceMs = this.#clock.monotonicMs();
    this.session.detach();
    tellLinkChange(this.session.streams(), "dropped", reason);
  }

  /** Collects every stream; handlers are told `code` and `reason`. */
  end(code: number = resetCodes.linkLost, reason = "the runner's session ended"): void {
    if (this.ended) return;
    this.ended = true;
    this.expiry?.cancel();
    this.link = null;
    this.session.end(code, reason);
  }
}

/** Request ids of one gateway: count up over all sessions, wrap at 2^32, skip those still in use. */
export class RequestIds {
  #next = 1;
  /** Until the first wrap every id is one that was never used. */
  #wrapped = false;

  next(session: Session): number {
    if (this.#wrapped) {
      while (!session.isFree(this.#next)) this.#advance();
    }
    const id = this.#next;
    this.#advance();
    return id;
  }

  #advance(): void {
    if (this.#next === maxId) {
      this.#next = 1;
      this.#wrapped = true;
    } else {
      this.#next++;
    }
  }
}
