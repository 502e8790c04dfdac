/** The state machines both ends of a link run: streams, sessions, heartbeat. Pure: time comes in as an argument. */
export { Backoff } from "./backoff.ts";
export {
  Heartbeat,
  type HeartbeatEffect,
  type HeartbeatOptions,
  type HeartbeatPhase,
  type PongDropReason,
} from "./heartbeat.ts";
export { type CollectReason, Session, type SessionEvents, type SessionOptions } from "./session.ts";
export { bodyEnd, Stream, type StreamHandler } from "./stream.ts";
