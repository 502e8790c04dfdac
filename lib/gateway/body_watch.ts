import type { ByteSocket } from "../net/mod.ts";
import type { HttpExchange } from "./http_exchange.ts";

/** Finds out that a client has stopped in the midst of a request's body. */
export class BodyWatch {
  readonly #socket: Pick<ByteSocket, "receivedBytes" | "paused">;
  #seenBytes = -1;
  #sinceMs = 0;

  constructor(socket: Pick<ByteSocket, "receivedBytes" | "paused">) {
    this.#socket = socket;
  }

  /**
   * Called about once a second while a body is not all there: refuses the request after so long a silence. What counts is the time in
   * which more was wanted; a client that is answered already may take its time.
   *
   * @param timeoutMs 0: never
   */
  check(exchange: Pick<HttpExchange, "answers" | "requestBroken">, nowMs: number, timeoutMs: number): void {
    const { receivedBytes, paused } = this.#socket;
    if (paused || exchange.answers || receivedBytes !== this.#seenBytes) {
      this.#seenBytes = receivedBytes;
      this.#sinceMs = nowMs;
    } else if (timeoutMs > 0 && nowMs - this.#sinceMs >= timeoutMs) {
      exchange.requestBroken(`No more of the request's body came for ${timeoutMs / 1000} s.`, 408);
    }
  }
}
