/**
 * A message that was received breaks the rules of HTTP, or is larger than is accepted. The connection cannot
 * be read any further: an answer with {@link status} is due, then the end.
 */
export class Http1Error extends Error {
  override readonly name = "Http1Error";

  /**
   * What a client is answered: 400, 431, 501 or 505. A broken response is always a 502 for whoever waits for it,
   * also where the error comes from a body, which does not know whether it is a request's.
   */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** What was to be sent is not an HTTP message: written as it is, its reader could take it for another one. */
export class EncodeError extends RangeError {
  override readonly name = "EncodeError";
}
