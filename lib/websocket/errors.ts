/**
 * The peer broke RFC 6455, or sent a message larger than is accepted. The connection cannot be read any
 * further: a close frame with {@link closeCode} and the message as reason is due, then the end.
 */
export class WebSocketError extends Error {
  override readonly name = "WebSocketError";

  /** What the peer is told (RFC 6455, 7.4.1): 1002 protocol error, 1007 not UTF-8, 1009 message too big. */
  readonly closeCode: number;

  constructor(closeCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.closeCode = closeCode;
  }
}
