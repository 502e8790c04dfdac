/** The state machines both ends of a link run: streams, sessions, heartbeat. Pure: time comes in as an argument. */
export { Backoff } from "./backoff.ts";
export { bodyEnd } from "./body_end.ts";
export { BytePool, bytePool } from "./byte_pool.ts";
export { ClockOffset } from "./clock_offset.ts";
export { frameCostBytes, heldBytesOf, heldPayloadBytesOf } from "./held_bytes.ts";
export {
  Heartbeat,
  type HeartbeatEffect,
  type HeartbeatOptions,
  type HeartbeatPhase,
  type PongDropReason,
} from "./heartbeat.ts";
export { ReceiveOrder } from "./receive_order.ts";
export { PositionsReader } from "./resume_frames.ts";
export { keptPayloadBytes, SendBuffer } from "./send_buffer.ts";
export { Session } from "./session.ts";
export type { CollectReason, SessionEvents, SessionOptions } from "./session_options.ts";
export { Stream, type StreamHandler, type StreamPhase, type StreamTap } from "./stream.ts";
export { type Course, nextStage, type StreamStage } from "./stream_stage.ts";
export { UndeliveredFrames } from "./undelivered_frames.ts";
export { type StreamAnswer, StreamRequest, type WholeRequest } from "./stream_request.ts";
