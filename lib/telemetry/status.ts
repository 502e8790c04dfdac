import type { Stream, StreamPhase } from "../session/mod.ts";

/** A session's link: its heartbeat's phase, or `hibernating` when the session has no link and waits for one. */
export type LinkState = "connecting" | "alive" | "late" | "hibernating";

/** One runner session and the link that carries it, as it stands now. Times are milliseconds. */
export interface LinkStatus {
  /** The session's id, hexadecimal: it stays the same when the link is replaced. */
  id: string;
  runner: string;
  /** The other end's program and version. */
  agent: string;
  /** Address of the other end; of the last link when there is none now. */
  address: string;
  state: LinkState;
  /** Takes no more streams. */
  draining: boolean;
  /** How long the link has been up, or has been gone. */
  sinceMs: number;
  /** Links that have carried the session, this one included. */
  linkCount: number;
  rtt: RttStatus;
  /** How far the other end's wall clock is ahead, and how wrong that may be; `null` while it is not known. */
  clockOffset: { offsetMs: number; uncertaintyMs: number } | null;
  streams: number;
  bufferedBytes: number;
  sentBytes: number;
  receivedBytes: number;
}

/** Round trips of the current link; zeros before the first. */
export interface RttStatus {
  samples: number;
  lastMs: number;
  smoothedMs: number;
  variationMs: number;
  minMs: number;
  maxMs: number;
}

/** One stream, or one client that waits for a runner, as it stands now. */
export interface StreamStatus {
  /** As in logs: `9f3ac01b-42`. */
  id: string;
  kind: "http" | "websocket";
  runner: string;
  /** Session that carries it, hexadecimal; empty while it hibernates. */
  link: string;
  state: StreamPhase | "hibernating";
  method: string;
  /** Without its query, which may hold secrets. */
  path: string;
  client: string;
  ageMs: number;
  /** What this end has pushed and the other has not acknowledged. */
  unacknowledgedFrames: number;
  bufferedBytes: number;
  /** Absolute offset up to which this end may send. */
  sendCredit: number;
  /** What has arrived and was not handed on. */
  undeliveredFrames: number;
  undeliveredBytes: number;
}

/** A stream as it stands. @param of `link`: id of the session that carries it; `nowMs`: on the stream's clock */
export function streamStatus(
  stream: Stream,
  of: { runner: string; link: string; client: string; nowMs: number },
): StreamStatus {
  const { send, receive } = stream;
  return {
    id: stream.id,
    kind: stream.kind,
    runner: of.runner,
    link: of.link,
    state: stream.phase,
    method: stream.method,
    path: pathOf(stream.target),
    client: of.client,
    ageMs: of.nowMs - stream.openedAtMs,
    unacknowledgedFrames: send.unacknowledgedFrames,
    bufferedBytes: send.bufferedBytes,
    sendCredit: send.credit,
    undeliveredFrames: receive.undelivered,
    undeliveredBytes: receive.undeliveredBytes,
  };
}

/** A target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}
