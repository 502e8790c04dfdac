/** What a {@link PeerWatch} looks at: a connection whose peer answers pings. */
export interface WatchedPeer {
  readonly receivedBytes: number;
  /** Bytes that the kernel has not taken yet: TCP itself finds out that their receiver is gone. */
  readonly bufferedBytes: number;
  /**
   * Nothing is read from it now, so that no answer can be heard. It is not asked either: its system would answer with a reset if it
   * has closed and left, and what it had sent before and is still on its way would be lost.
   */
  readonly paused: boolean;
  /** A close frame has gone one way: behind its own a peer need not answer pings, behind ours its close is waited for. */
  readonly closing: boolean;
  sendPing(): void;
}

/** A peer that answers no ping for as long as it had been silent before, or this long, is gone; milliseconds. */
const answerWithinMs = 30_000;

/** How often silence is looked for, of the time after which the peer is asked. */
const checksPerSilence = 8;

/** Whether the peer of an idle connection is still there. Asks it by a ping once it has been silent for long. */
export class PeerWatch {
  readonly #peer: WatchedPeer;
  readonly #pingAfterMs: number;
  #receivedBytes = 0;
  #heardAtMs: number;
  #pingedAtMs: number | null = null;
  #nextCheckMs = 0;

  /** @param options `pingAfterMs`: silence after which the peer is asked; `nowMs`: on any monotonic clock */
  constructor(peer: WatchedPeer, options: { pingAfterMs: number; nowMs: number }) {
    this.#peer = peer;
    this.#pingAfterMs = options.pingAfterMs;
    this.#heardAtMs = options.nowMs;
  }

  /** Called now and then, about once a second. @returns `false` when the peer is gone */
  check(nowMs: number): boolean {
    // Thousands are idle at a time, and each look at one reads memory that nothing else has touched for long.
    if (nowMs < this.#nextCheckMs) return true;
    const dueMs = this.#dueAfterCheck(nowMs);
    this.#nextCheckMs = Math.min(nowMs + this.#pingAfterMs / checksPerSilence, dueMs);
    return dueMs > nowMs;
  }

  /** @returns when the peer is to be asked, or was to have answered: not after `nowMs` when it is gone */
  #dueAfterCheck(nowMs: number): number {
    const { receivedBytes, bufferedBytes, paused, closing } = this.#peer;
    if (receivedBytes !== this.#receivedBytes || bufferedBytes > 0 || paused || closing) {
      this.#receivedBytes = receivedBytes;
      this.#heardAtMs = nowMs;
      this.#pingedAtMs = null;
    }
    if (this.#pingedAtMs === null) {
      const askAtMs = this.#heardAtMs + this.#pingAfterMs;
      if (nowMs < askAtMs) return askAtMs;
      this.#pingedAtMs = nowMs;
      this.#peer.sendPing();
    }
    return this.#pingedAtMs + Math.min(this.#pingAfterMs, answerWithinMs);
  }
}
