/**
 * The peer broke the wire protocol: a malformed, oversized or out-of-order frame. The link it came over is
 * closed with 1002 and the message as reason; other links are not touched.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
