import type { ByteSocket } from "../net/mod.ts";

/** A client that has been silent for this long sends nothing more that could be unread when the connection closes. */
const silentMs = 2_000;

/** One that sends on and on is read for so long after the last byte of the response has gone to the kernel. */
const longestMs = 30_000;

/** And so long at most where the gateway waits for it to shut down. */
const longestInDrainMs = 3_000;

/**
 * The end of a connection behind its last response. A socket closed with unread bytes, or sent some after that, resets the connection,
 * and what the client had not read of the response by then is lost to it (RFC 9112, 9.6). So its side of the connection alone ends, and
 * what still comes, of this request or a next one, is read and dropped until the client has closed. For a response that is long, or a
 * client that is slow, that takes a while.
 */
export class Lingering {
  readonly #socket: ByteSocket;
  #sentBytes: number;
  #receivedBytes: number;
  #movedAtMs: number;
  /** When the kernel was last seen to have taken some of the response. */
  #takenAtMs: number;

  /** @param nowMs on the clock of {@link goesOn} */
  constructor(socket: ByteSocket, nowMs: number) {
    this.#socket = socket;
    this.#sentBytes = socket.sentBytes;
    this.#receivedBytes = socket.receivedBytes;
    this.#movedAtMs = nowMs;
    this.#takenAtMs = nowMs;
    socket.resume();
    socket.closeWrite();
  }

  /** Called about once a second. @returns whether the connection is to stay open */
  goesOn(nowMs: number, draining = false): boolean {
    const { sentBytes, receivedBytes, bufferedBytes } = this.#socket;
    if (sentBytes !== this.#sentBytes) this.#takenAtMs = nowMs;
    if (sentBytes !== this.#sentBytes || receivedBytes !== this.#receivedBytes) this.#movedAtMs = nowMs;
    this.#sentBytes = sentBytes;
    this.#receivedBytes = receivedBytes;
    const lingersMs = nowMs - this.#takenAtMs;
    if (bufferedBytes > 0) return lingersMs < longestMs;
    return lingersMs < (draining ? longestInDrainMs : longestMs) && nowMs - this.#movedAtMs < silentMs;
  }
}
