import type { ByteSocket } from "../net/mod.ts";

/** A client that has been silent for this long sends nothing more that could be unread when the connection closes. */
const silentMs = 2_000;

/** One that sends on and on is read for so long after the last byte of the response has gone to the kernel. */
const longestMs = 30_000;

/**
 * The end of a connection whose response is out before all of its request has come. A socket closed with unread bytes
 * resets the connection, and what the client had not read of the response by then is lost to it (RFC 9112, 9.6). So the
 * rest of the request is read and dropped, and for a response that is long, or a client that is slow, that takes a while.
 */
export class Lingering {
  readonly #socket: ByteSocket;
  #sentBytes: number;
  #receivedBytes: number;
  #movedAtMs: number;
  #untilMs: number;

  /** @param nowMs on the clock of {@link goesOn} */
  constructor(socket: ByteSocket, nowMs: number) {
    this.#socket = socket;
    this.#sentBytes = socket.sentBytes;
    this.#receivedBytes = socket.receivedBytes;
    this.#movedAtMs = nowMs;
    this.#untilMs = nowMs + longestMs;
    socket.resume();
    socket.closeWrite();
  }

  /** Called about once a second. @returns whether the connection is to stay open */
  goesOn(nowMs: number): boolean {
    const { sentBytes, receivedBytes, bufferedBytes } = this.#socket;
    if (sentBytes !== this.#sentBytes) this.#untilMs = nowMs + longestMs;
    if (sentBytes !== this.#sentBytes || receivedBytes !== this.#receivedBytes) this.#movedAtMs = nowMs;
    this.#sentBytes = sentBytes;
    this.#receivedBytes = receivedBytes;
    if (nowMs >= this.#untilMs) return false;
    return bufferedBytes > 0 || nowMs - this.#movedAtMs < silentMs;
  }
}
