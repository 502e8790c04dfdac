/**
 * Every frame of wire protocol version 1. A frame travels as a CBOR array `[type, …]`; `schemas/` holds the
 * same in CDDL. A type number a peer does not know is ignored when it is odd and an error when it is even,
 * so a later version can add to the protocol without a flag day.
 */

/** Type numbers on the wire. Below 32: about the link. From 32 on: about one stream. */
export const frameTypes = {
  hello: 0,
  goAway: 1,
  welcome: 2,
  probe: 3,
  ping: 4,
  probeReply: 5,
  pong: 6,
  probeReady: 7,
  resume: 8,
  probeResult: 9,
  error: 10,
  requestStart: 32,
  bodyChunk: 34,
  bodyEnd: 36,
  responseStart: 38,
  reset: 40,
  wsOpen: 42,
  wsAccept: 44,
  wsMessage: 46,
  wsClose: 48,
  ack: 50,
  response: 52,
  wsMessages: 54,
} as const;

/** Runner → gateway, first frame on a link. */
export interface HelloFrame {
  type: typeof frameTypes.hello;
  /** Lowest and highest protocol version the runner speaks. */
  minVersion: number;
  maxVersion: number;
  /** The runner process's identity: 16 random bytes. */
  sessionId: Uint8Array;
  /** Name that clients are routed by. */
  runnerName: string;
  /** Program and version, for people: `tunnel/0.1.0`. */
  agent: string;
  /** Gateway whose streams the runner still holds, or 0 when it holds none. */
  resumeGatewayId: number;
  /** Credit each new stream starts with from gateway to runner, bytes: 64 KiB to 16 MiB. */
  initialWindow: number;
}

/** Gateway → runner, the answer to hello: the link is up. */
export interface WelcomeFrame {
  type: typeof frameTypes.welcome;
  /** The highest version both sides know. */
  version: number;
  gatewayId: number;
  /** Whether the session's streams were still held and go on; `false` makes the runner drop its own. */
  resumed: boolean;
  /** How long each side holds a dropped link's streams, milliseconds. */
  resumeWindowMs: number;
  /** Credit each new stream starts with from runner to gateway, bytes: 64 KiB to 16 MiB. */
  initialWindow: number;
  agent: string;
}

/** Where one stream stands at its end of a link, exchanged after a redial. */
export interface StreamPosition {
  requestId: number;
  /** The next message index this end expects: everything before it has arrived. */
  received: number;
  /** Everything before this index was delivered (what an ack would say). */
  delivered: number;
  /** Absolute byte credit granted, as in an ack. */
  credit: number;
}

/** Both ways, after hello or welcome when a session resumes; several may follow each other, the last says so. */
export interface ResumeFrame {
  type: typeof frameTypes.resume;
  last: boolean;
  streams: StreamPosition[];
}

export interface PingFrame {
  type: typeof frameTypes.ping;
  /** Counts up by one a ping, u32, per link and direction. */
  sequence: number;
  /** Sender's wall clock, microseconds since 1970; for the clock-offset estimate alone. */
  sentAtUs: number;
}

/** The four timestamps of RFC 5905 travel as: `sentAtUs` (echoed), `receivedAtUs`, `repliedAtUs`. */
export interface PongFrame {
  type: typeof frameTypes.pong;
  sequence: number;
  sentAtUs: number;
  receivedAtUs: number;
  repliedAtUs: number;
}

/** "Send me no more streams"; those in flight finish. Odd, because a peer that ignores it loses nothing. */
export interface GoAwayFrame {
  type: typeof frameTypes.goAway;
  /**
   * Time after which the sender will close the link, milliseconds. 0 is a goodbye and no more: the sender closes the link
   * now and does not come back to its streams, so that nobody waits for it.
   */
  drainMs: number;
  reason: string;
}

/** A round-trip probe passed along a link; `origin` asks the runner to go on to the origin. */
export interface ProbeFrame {
  type: typeof frameTypes.probe;
  probeId: number;
  origin: boolean;
  payload: Uint8Array;
}

export interface ProbeReplyFrame {
  type: typeof frameTypes.probeReply;
  probeId: number;
  /** Time the probe spent at the runner, origin included, microseconds of the runner's monotonic clock. */
  heldUs: number;
  /** Part of `heldUs` spent on the origin, microseconds; 0 when the origin was not asked. */
  originUs: number;
  /** HTTP status the origin answered with; 0 when it was not asked or did not answer. */
  originStatus: number;
  /** Wall clock at the runner when it replied, microseconds since 1970. */
  repliedAtUs: number;
  /** Empty, or why the origin could not be probed. */
  problem: string;
  payload: Uint8Array;
}

/** Gateway → prober, first frame on a probe connection: which runner session answers, and which others could. */
export interface ProbeReadyFrame {
  type: typeof frameTypes.probeReady;
  /** The gateway's program and version. */
  agent: string;
  /** Id of the session that this connection's probes go to, hexadecimal. */
  sessionId: string;
  /** Connected sessions of the runner's name, flat: id, address, agent, id, address, agent, … */
  sessions: readonly string[];
}

/** Gateway → prober: a probe's reply, with what the gateway has measured of it. */
export interface ProbeResultFrame {
  type: typeof frameTypes.probeResult;
  probeId: number;
  /** Time from the probe's arrival at the gateway to this answer, microseconds of its monotonic clock. */
  gatewayHeldUs: number;
  /** Wall clock at the gateway when it answered, microseconds since 1970. */
  gatewayRepliedAtUs: number;
  /** As in the runner's {@link ProbeReplyFrame}; all 0 when it did not reply. */
  runnerHeldUs: number;
  originUs: number;
  originStatus: number;
  runnerRepliedAtUs: number;
  /** Empty, or why the probe did not get to its end. */
  problem: string;
  payload: Uint8Array;
}

/** Why the sender is about to close the link. */
export interface ErrorFrame {
  type: typeof frameTypes.error;
  code: number;
  message: string;
}

/** Parts of a message id that every stream frame bears. */
interface StreamFrameBase {
  gatewayId: number;
  requestId: number;
  index: number;
}

/** Gateway → runner, opens a stream for one HTTP request. Headers are flat: name, value, name, value, … */
export interface RequestStartFrame extends StreamFrameBase {
  type: typeof frameTypes.requestStart;
  method: string;
  target: string;
  headers: readonly string[];
  /** Whether body-chunks and a body-end follow. */
  hasBody: boolean;
}

/** A piece of a request or response body, 1 byte to 64 KiB; spends credit. */
export interface BodyChunkFrame extends StreamFrameBase {
  type: typeof frameTypes.bodyChunk;
  bytes: Uint8Array;
}

/** The end of a body. */
export interface BodyEndFrame extends StreamFrameBase {
  type: typeof frameTypes.bodyEnd;
  /** The body was cut short, because the peer had asked for no more of it (`stop`), and only then. */
  cut: boolean;
  /** The sender wants no more of the peer's body: the response is complete before the request was. */
  stop: boolean;
  trailers: readonly string[];
}

/** Runner → gateway, the head of a response. */
export interface ResponseStartFrame extends StreamFrameBase {
  type: typeof frameTypes.responseStart;
  status: number;
  reason: string;
  headers: readonly string[];
}

/**
 * Runner → gateway, a whole response to a whole request: what a response-start, a body-chunk, if there is a body, and a
 * body-end would say, and that every frame of the request was delivered. A small response costs one frame
 * instead of four.
 */
export interface ResponseFrame extends StreamFrameBase {
  type: typeof frameTypes.response;
  status: number;
  reason: string;
  headers: readonly string[];
  /** The body, 0 bytes to 64 KiB; spends credit. */
  bytes: Uint8Array;
}

/** Ends a stream at once and in both directions. Repeating it is harmless; `index` is the sender's next. */
export interface ResetFrame extends StreamFrameBase {
  type: typeof frameTypes.reset;
  /** One of {@link resetCodes}. */
  code: number;
  reason: string;
}

/** Gateway → runner, opens a stream for one client WebSocket; the runner dials the origin before accepting. */
export interface WsOpenFrame extends StreamFrameBase {
  type: typeof frameTypes.wsOpen;
  target: string;
  headers: readonly string[];
  /** The client is connected already and wakes on this runner; its subprotocol stands in `subprotocol`. */
  resumed: boolean;
  /** Subprotocol the client was accepted with; empty when none, or when not resumed. */
  subprotocol: string;
}

/** Runner → gateway, the origin accepted the WebSocket. A refusal is a response-start instead. */
export interface WsAcceptFrame extends StreamFrameBase {
  type: typeof frameTypes.wsAccept;
  headers: readonly string[];
  /** The client's small messages may come in ws-messages. When not, each is to come, and is acknowledged, by itself. */
  together: boolean;
}

/** Part of a WebSocket message, 0 bytes to 64 KiB; spends credit. */
export interface WsMessageFrame extends StreamFrameBase {
  type: typeof frameTypes.wsMessage;
  binary: boolean;
  /** True on the last part of a message. */
  final: boolean;
  bytes: Uint8Array;
}

/**
 * Whole small WebSocket messages of one kind that came together: two at least, none of them empty, in one frame where there would
 * be one each. Spends credit as they would.
 */
export interface WsMessagesFrame extends StreamFrameBase {
  type: typeof frameTypes.wsMessages;
  binary: boolean;
  /** Length of each message, bytes. Two to {@link maxMessagesPerFrame}. */
  sizes: readonly number[];
  /** The messages, one behind the other: as many bytes as `sizes` are in all, 64 KiB at most. */
  bytes: Uint8Array;
}

/**
 * The sender's side of the WebSocket closed. `code` 1005 stands for a close frame without a code, 1006 for a
 * connection that broke off without a close frame.
 */
export interface WsCloseFrame extends StreamFrameBase {
  type: typeof frameTypes.wsClose;
  code: number;
  reason: string;
}

/** Every frame before `index` was delivered; the peer may send up to `credit` bytes in all. Has no index of its own. */
export interface AckFrame extends StreamFrameBase {
  type: typeof frameTypes.ack;
  /** Absolute offset, as in QUIC's MAX_STREAM_DATA (RFC 9000, 4.1): a repeated or late ack is harmless. */
  credit: number;
}

export type LinkFrame =
  | HelloFrame
  | WelcomeFrame
  | PingFrame
  | PongFrame
  | GoAwayFrame
  | ProbeFrame
  | ProbeReplyFrame
  | ProbeReadyFrame
  | ProbeResultFrame
  | ResumeFrame
  | ErrorFrame;

/** Stream frames that take a message index, are kept until acknowledged and arrive exactly once, in order. */
export type SequencedFrame =
  | RequestStartFrame
  | BodyChunkFrame
  | BodyEndFrame
  | ResponseStartFrame
  | ResponseFrame
  | WsOpenFrame
  | WsAcceptFrame
  | WsMessageFrame
  | WsMessagesFrame
  | WsCloseFrame;

export type StreamFrame = SequencedFrame | ResetFrame | AckFrame;
export type Frame = LinkFrame | StreamFrame;

/** Why a stream was reset. */
export const resetCodes = {
  /** The client went away. */
  cancelled: 0,
  originUnreachable: 1,
  originTimeout: 2,
  /** The origin broke off, or broke HTTP, after it had begun to answer. */
  originFailed: 3,
  /** The peer does not know this stream (any more). */
  unknownStream: 4,
  /** A limit was passed; the reason names it. */
  limit: 5,
  /** The sender is shutting down. */
  shuttingDown: 6,
  internal: 7,
  /** The link was lost, and with it the session that held the stream. An end says so to itself, never over a link. */
  linkLost: 8,
  /** Nobody came back within the resume window. Over a link as little. */
  resumeTimeout: 9,
} as const;

/**
 * What the code of a peer's reset stands for. That a session was lost no link that carries it can tell: believed, it would
 * have the stream carried on at once by the very peer that ended it, time and again.
 */
export function peerResetCode(code: number): number {
  const isOfLostSession = code === resetCodes.linkLost || code === resetCodes.resumeTimeout;
  return isOfLostSession ? resetCodes.originFailed : code;
}

/** Why a link is closed by an error frame. */
export const errorCodes = {
  protocol: 1,
  version: 2,
  limit: 3,
  internal: 4,
} as const;

type PayloadFrame = BodyChunkFrame | WsMessageFrame | WsMessagesFrame | ResponseFrame;

/** Bytes of payload a frame carries, which is what spends credit: 0 for all but body-chunk, ws-message, ws-messages and response. */
export function payloadBytes(frame: Frame): number {
  return hasPayload(frame.type) ? (frame as PayloadFrame).bytes.length : 0;
}

/** Whether frames of this type end in a payload. */
export function hasPayload(type: number): boolean {
  return type === frameTypes.bodyChunk || type === frameTypes.wsMessage || type === frameTypes.response ||
    type === frameTypes.wsMessages;
}

/** Gives the frame a payload of its own: what it came with may lie in a buffer that is used again. */
export function keepPayload<F extends Frame>(frame: F): F {
  if ("bytes" in frame) frame.bytes = new Uint8Array(frame.bytes);
  return frame;
}

/** The frame's name on the wire's side of the documentation, such as `request-start`; `type-77` when unknown. */
export function frameName(type: number): string {
  return frameNames.get(type) ?? `type-${type}`;
}

const frameNames = new Map<number, string>(
  Object.entries(frameTypes).map((
    [name, type],
  ) => [type, name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)]),
);
