/**
 * HTTP/1.1 messages (RFC 9112, RFC 9110): strict parsing, framing and encoding. Pure: bytes in, bytes out.
 *
 * What two implementations could read in two ways is refused, never repaired: request smuggling lives on
 * repairs. Names and values are byte strings (latin1), passed on exactly as received.
 */
export { BodyDecoder, type BodySink, maxChunkExtensionBytes, maxTrailerBytes } from "./body_decoder.ts";
export { isFieldValue, isTarget, isToken } from "./characters.ts";
export * from "./encode.ts";
export { EncodeError, Http1Error } from "./errors.ts";
export { maxFields } from "./field_lines.ts";
export * from "./framing.ts";
export { findHeadEnd, maxHeadBytes } from "./head_end.ts";
export { hasToken, headerValue, headerValues, isNamed, type RawHeaders } from "./headers.ts";
export { stripHopByHop } from "./hop_by_hop.ts";
export { keepsAlive } from "./keep_alive.ts";
export { reasonPhrase } from "./reason_phrase.ts";
export { mayBeginRequest, parseRequestHead, type RequestHead } from "./request_head.ts";
export { parseResponseHead, type ResponseHead } from "./response_head.ts";
