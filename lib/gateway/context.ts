import type { RawHeaders, RequestHead } from "../http1/mod.ts";
import type { ByteSocket } from "../net/mod.ts";
import type { Clock } from "../link/mod.ts";
import type { Logger, TrafficObserver } from "../telemetry/mod.ts";
import type { Sleeper } from "./hibernation.ts";
import type { Runner } from "./runner_session.ts";

/** Limits on client traffic. */
export interface IngressLimits {
  /** Time for a request's head to arrive, and for a kept-alive connection to be idle, milliseconds. */
  headTimeoutMs: number;
  idleTimeoutMs: number;
  /** Silence after which a request is refused whose body has not all come, milliseconds; 0: never. */
  bodyTimeoutMs: number;
  /** Largest WebSocket message, bytes. */
  maxMessageBytes: number;
  /** Silence after which a client's WebSocket is asked whether it is there, milliseconds; 0: never. */
  clientPingMs: number;
}

/** What client connections need of the gateway around them. */
export interface IngressContext {
  readonly domain: string | null;
  readonly trustForwarded: boolean;
  readonly limits: IngressLimits;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Who follows client traffic, if anybody does. */
  readonly observer: TrafficObserver | null;
  /** A clock that ticks about once a second: cheap to read for each request. */
  readonly coarseNowMs: number;
  /** Set while the gateway shuts down: connections close after the response they are in. */
  readonly draining: boolean;
  /** The runner for a new stream, or `null` when none of that name is there. */
  pick(name: string): Runner | null;
  /** Another runner of its name for a stream whose origin `tried` could not reach: nothing of it has come to that. */
  pickInstead(tried: Runner): Runner | null;
  /**
   * Where a stream goes on whose session was lost: on a runner that is there now, or (`"wait"`) on one that comes
   * within `waitMs`, when `sleeper` is woken or given up; `null` when there is nothing to wait for.
   */
  carryOn(sleeper: Sleeper, waitMs: number): Runner | "wait" | null;
  /**
   * `sleeper` woke on `runner`, whose origin is not there yet: it is woken again about once a second until `untilMs`
   * (of {@link clock}), when it is given up. @returns `false` when that has come already
   */
  tryAgain(sleeper: Sleeper, again: { runner: Runner; untilMs: number }): boolean;
  /** An origin of runners of this name has taken a woken client: those that wait for it need not be few at a time. */
  originAnswers(name: string): void;
  /** `sleeper` waits no longer. */
  awake(sleeper: Sleeper): void;
  /** A frame more is held for runners, with so many bytes of payload: somebody may have to be given up. */
  held(bytes: number): void;
  /** How long each kind of stream waits for a runner after its link was lost, milliseconds. */
  readonly resumeWindowMs: number;
  readonly hibernateWindowMs: number;
  /** A request under the reserved prefix `/.tunnel/`. */
  reserved(request: ReservedRequest): void;
  /** A client's request ended: for the log and for metrics. */
  requestDone(summary: RequestSummary): void;
}

/** A request under the reserved prefix. Whoever takes it answers through `respond` or takes the socket over. */
export interface ReservedRequest {
  head: RequestHead;
  address: string;
  /** Answers with a JSON body. */
  respond(status: number, body: unknown, headers?: RawHeaders): void;
  /** Hands the socket over after a 101; what was read beyond the head comes along. */
  upgrade(headers: RawHeaders): { socket: ByteSocket; head: Uint8Array };
}

export interface RequestSummary {
  kind: "http" | "websocket";
  method: string;
  target: string;
  runner: string;
  status: number;
  durationMs: number;
  /** Of the stream that carried it; 0 when none did. */
  requestId: number;
  /** The gateway's own error code, when it answered itself or broke off. */
  problem: string | null;
}
