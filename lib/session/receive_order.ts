import {
  indexAdd,
  indexDistance,
  initialWindowBytes,
  isAfter,
  maxPartBytes,
  maxUnacknowledgedFrames,
  maxWindowBytes,
  ProtocolError,
} from "../protocol/mod.ts";

/** An acknowledgement goes out at once when this much was delivered since the last one. */
const ackAfterBytes = 64 * 1024;
const ackAfterFrames = 64;

/**
 * The receiving half of one stream: holds the peer to order, credit and half-window, and knows what was
 * delivered, which is what an acknowledgement says.
 */
export class ReceiveOrder {
  #received = 0;
  #delivered = 0;
  #receivedBytes = 0;
  #deliveredBytes = 0;
  #windowBytes: number;
  #credit: number;
  #sinceAckFrames = 0;
  #sinceAckBytes = 0;
  /** The sender came within one part of its credit since the window last grew: it may have had to wait. */
  #pressed = false;

  /** @param windowBytes credit granted at the start, which the peer was told in hello or welcome */
  constructor(windowBytes: number = initialWindowBytes) {
    this.#windowBytes = windowBytes;
    this.#credit = windowBytes;
  }

  /** Index expected next: every frame before it has arrived. */
  get receivedIndex(): number {
    return this.#received;
  }

  /** Every frame before this index was handed on; what an acknowledgement names. */
  get deliveredIndex(): number {
    return this.#delivered;
  }

  /** Frames that arrived and were not handed on yet. */
  get undelivered(): number {
    return indexDistance(this.#delivered, this.#received);
  }

  /** Payload bytes that arrived and were not handed on yet. */
  get undeliveredBytes(): number {
    return this.#receivedBytes - this.#deliveredBytes;
  }

  /** Absolute byte credit granted so far. */
  get credit(): number {
    return this.#credit;
  }

  /**
   * Whether a frame with this index and payload is the next one.
   *
   * @returns `false` for a frame that had arrived before, which is to be ignored
   * @throws {ProtocolError} on a gap, on more bytes than credit, on more frames than the half-window
   */
  accept(index: number, bytes: number): boolean {
    if (index !== this.#received) {
      if (isAfter(this.#received, index)) return false;
      throw new ProtocolError(`index ${index} arrived where ${this.#received} was expected`);
    }
    if (this.#receivedBytes + bytes > this.#credit) {
      throw new ProtocolError(
        `${this.#receivedBytes + bytes} bytes arrived with a credit of ${this.#credit}`,
      );
    }
    if (this.undelivered >= maxUnacknowledgedFrames) {
      throw new ProtocolError(`more than ${maxUnacknowledgedFrames} frames arrived without acknowledgement`);
    }
    this.#received = indexAdd(index, 1);
    this.#receivedBytes += bytes;
    if (this.#receivedBytes + maxPartBytes > this.#credit) this.#pressed = true;
    return true;
  }

  /**
   * Frames were handed on and the socket they went to is below its high-water mark.
   *
   * @returns whether an acknowledgement is due now rather than soon
   * @throws {RangeError} when that is more than arrived
   */
  deliver(frames: number, bytes: number): boolean {
    if (frames > this.undelivered || bytes > this.undeliveredBytes) {
      throw new RangeError(
        `${frames} frames with ${bytes} bytes were delivered, but only ${this.undelivered} frames with ` +
          `${this.undeliveredBytes} bytes had arrived`,
      );
    }
    this.#delivered = indexAdd(this.#delivered, frames);
    this.#deliveredBytes += bytes;
    this.#sinceAckFrames += frames;
    this.#sinceAckBytes += bytes;
    return this.#sinceAckBytes >= ackAfterBytes || this.#sinceAckFrames >= ackAfterFrames;
  }

  /** Whether something was delivered that no acknowledgement has said. */
  get acknowledgementPending(): boolean {
    return this.#sinceAckFrames > 0;
  }

  /**
   * Called when an acknowledgement is written: raises the credit, and the window too when the sender was
   * held back by it while this side kept up (so the window was the bottleneck, not the reader).
   */
  acknowledged(): void {
    if (this.#pressed) {
      if (this.undeliveredBytes <= maxPartBytes && this.#windowBytes < maxWindowBytes) {
        this.#windowBytes = Math.min(maxWindowBytes, this.#windowBytes * 2);
      }
      this.#pressed = false;
    }
    this.#credit = Math.max(this.#credit, this.#deliveredBytes + this.#windowBytes);
    this.#sinceAckFrames = 0;
    this.#sinceAckBytes = 0;
  }
}
