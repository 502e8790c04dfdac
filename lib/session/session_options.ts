import type { RequestStartFrame, WsOpenFrame } from "../protocol/mod.ts";
import type { Stream, StreamHandler } from "./stream.ts";

/** How a stream came to be collected, for metrics and logs. */
export type CollectReason = "finished" | "reset" | "reset-by-peer" | "lost";

/** What a session asks of the shell around it. Called synchronously from within the session's methods. */
export interface SessionEvents {
  /** The peer opened a stream; the answer handles it. Only ever called on a runner. */
  opened(stream: Stream, start: RequestStartFrame | WsOpenFrame): StreamHandler;
  /** There are frames to `Session.takeControl` or `Session.takeData`. */
  pending(): void;
  /** Acknowledgements are owed: call `Session.flushAcknowledgements` in 25 ms at the latest. */
  acknowledgeSoon(): void;
  /** A stream is gone for good. */
  collected(stream: Stream, reason: CollectReason): void;
}

export interface SessionOptions {
  role: "gateway" | "runner";
  gatewayId: number;
  /** Credit the peer gives each new stream, bytes. */
  peerWindow: number;
  /** Credit this end gives each new stream, bytes. */
  ownWindow: number;
  events: SessionEvents;
}
