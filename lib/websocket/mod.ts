/** WebSocket frames and opening handshake (RFC 6455), both sides, without extensions. Pure. */
export { isWireCloseCode, maxCloseReasonBytes } from "./close_body.ts";
export { WebSocketError } from "./errors.ts";
export * from "./frame_encoder.ts";
export { FrameParser, type FrameParserOptions, type FrameSink, maxMessagesAtOnce } from "./frame_parser.ts";
export * from "./handshake.ts";
export { copyMasked, maskInPlace, type MaskKey, nextMaskKey, readMaskKey } from "./mask.ts";
export { Utf8Validator } from "./utf8.ts";
