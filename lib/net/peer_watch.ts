/** What a {@link PeerWatch} looks at: a connection whose peer answers pings. */
export interface WatchedPeer {
  readonly receivedBytes: number;
  /** Bytes that the kernel has not taken yet: TCP itself finds out that their receiver is gone. */
  readonly bufferedBytes: number;
  /** Nothing is read from it now, so that nothing can be heard. */
  readonly paused: boolean;
  sendPing(): void;
}

/** A peer that answers no ping for as long as it had been silent before, or this long, is gone; milliseconds. */
const answerWithinMs = 30_000;

/** Whether the peer of an idle connection is still there. Asks it by a ping once it has been silent for long. */
export class PeerWatch {
  readonly #peer: WatchedPeer;
  readonly #pingAfterMs: number;
  #receivedBytes = 0;
  #heardAtMs: number;
  #pingedAtMs: number | null = null;

  /** @param options `pingAfterMs`: silence after which the peer is asked; `nowMs`: on any monotonic clock */
  constructor(peer: WatchedPeer, options: { pingAfterMs: number; nowMs: number }) {
    this.#peer = peer;
    this.#pingAfterMs = options.pingAfterMs;
    this.#heardAtMs = options.nowMs;
  }

  /** Called now and then, about once a second. @returns `false` when the peer is gone */
  check(nowMs: number): boolean {
    const { receivedBytes, bufferedBytes, paused } = this.#peer;
    if (receivedBytes !== this.#receivedBytes || bufferedBytes > 0 || paused) {
      this.#receivedBytes = receivedBytes;
      this.#heardAtMs = nowMs;
      this.#pingedAtMs = null;
      return true;
    }
    if (this.#pingedAtMs !== null) {
      return nowMs - this.#pingedAtMs < Math.min(this.#pingAfterMs, answerWithinMs);
    }
    if (nowMs - this.#heardAtMs >= this.#pingAfterMs) {
      this.#pingedAtMs = nowMs;
      this.#peer.sendPing();
    }
    return true;
  }
}
