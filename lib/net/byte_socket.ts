import { bytePool } from "../session/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import type { ByteSocketHandler } from "./byte_socket_handler.ts";
import { ConnIo } from "./conn_io.ts";
import { adopt } from "./native/native.ts";
import type { SocketIo, SocketIoOwner } from "./socket_io.ts";
import { afterTurn } from "./turn.ts";
import { atTurnEnd } from "./turn_writers.ts";
import { giveBackBlock, largerBlock, largestBlockBytes, takeBlock, type WriteBlock } from "./write_blocks.ts";

/** Above this many queued bytes the owner should stop writing; {@link ByteSocketHandler.drained} follows. */
export const highWaterBytes = 256 * 1024;
const lowWaterBytes = 64 * 1024;

/** What is not larger is gathered in blocks; what is has a buffer of its own, unless it fits in behind other writes. */
const gatherUpToBytes = 4 * 1024;

/** After so many turns that brought one write each, the next one is taken to be alone as well. */
export const aloneAfterTurns = 8;

/**
 * A connected stream socket with callbacks instead of promises for each read, a bounded read buffer and a
 * write queue that joins what is written in one turn of the event loop into one system call.
 */
export class ByteSocket implements SocketIoOwner {
  readonly #io: SocketIo;
  /** Whom this socket reports to; replaced when a connection is upgraded. */
  handler: ByteSocketHandler;
  /** Most bytes of one read, which is also how far a source that is paused may overshoot. At most `maxReadBytes`. */
  largestReadBytes: number = 64 * 1024;
  /** Whether a peer that resets is given up also while reading is paused, where the system tells of it. */
  endsOnReset = false;
  /** Offset of what was claimed last. */
  claimedAt = 0;
  /** Whether that is in the block. */
  #gathered = false;
  #paused = false;
  /** The next read waits until reading is no longer paused. */
  #isWaiting = false;
  /** What waits to be written, in order: from blocks of gathered writes, and larger pieces, which are the pool's. */
  #queue: { bytes: Uint8Array; block: WriteBlock | null }[] = [];
  /** The block being filled, behind everything in the queue. */
  #block: WriteBlock | null = null;
  #blockUsed = 0;
  #queuedBytes = 0;
  /** What the kernel is being given: the beginning of these bytes, which lie in a block or are the pool's. */
  #underWay: Uint8Array | null = null;
  #underWayBlock: WriteBlock | null = null;
  /** Bytes of it that the kernel has not taken. */
  #left = 0;
  /** Frames written in this turn, and turns in a row, of those that had any, in which there was one alone. */
  #writesInTurn = 0;
  #turnsAlone = 0;
  #inTurn = false;
  /** The queue is written when the turn ends. */
  #scheduled = false;
  #writing = false;
  #aboveHighWater = false;
  #ending = false;
  #finPending = false;
  #closed = false;
  #reading = false;
  /** Why the peer takes nothing more; reading goes on to its end. */
  #writeError: Error | null = null;
  #received = 0;
  #sent = 0;
  #hasLost = false;

  /** @param conn taken over: only this socket is used from now on */
  constructor(conn: Deno.Conn, handler: ByteSocketHandler) {
    this.#io = adopt(conn, this) ?? new ConnIo(conn, this);
    this.handler = handler;
    keepWarm(this);
  }

  /** Bytes written by the owner that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether the queue passed the high-water mark and has not drained since. */
  get congested(): boolean {
    return this.#aboveHighWater;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether {@link end} or {@link destroy} was called, or the socket closed by itself. */
  get closing(): boolean {
    return this.#closed || this.#ending;
  }

  /** Whether something that was written never reached the kernel, and never will. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** Whether reading was stopped by {@link pause}. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes read and written so far. */
  get receivedBytes(): number {
    return this.#received;
  }

  get sentBytes(): number {
    return this.#sent;
  }

  /** Begins to read. */
  start(): void {
    this.#reading = true;
    this.#read();
  }

  /** Stops reading after what is under way; the kernel's buffer fills and TCP holds the peer back. */
  pause(): void {
    this.#paused = true;
    // Only reading would find the end of a socket that cannot be written to.
    if (this.#writeError !== null) this.destroy(this.#writeError);
  }

  resume(): void {
    this.#paused = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#read();
  }

  /** Queues a copy of `bytes`. Ignored once the socket is closing. */
  write(bytes: Uint8Array): void {
    if (!this.#takesWrites || bytes.length === 0) return;
    if (this.#gathers(bytes.length)) {
      this.#room(bytes.length).set(bytes, this.#blockUsed);
      this.#blockUsed += bytes.length;
    } else {
      this.#seal();
      const copy = bytePool.copy(bytes);
      this.#queue.push({ bytes: copy, block: null });
    }
    this.#queued(bytes.length);
  }

  /** Queues `bytes`, whose buffer is the pool's and taken over. */
  writeOwned(bytes: Uint8Array): void {
    if (!this.#takesWrites || bytes.length === 0) return bytePool.giveBack(bytes);
    this.#seal();
    this.#queue.push({ bytes, block: null });
    this.#queued(bytes.length);
  }

  /**
   * Queues `count` bytes that the caller fills in at once, all of them, so that they need no buffer of their own.
   *
   * @returns where they are to be written, from {@link claimedAt} on, or `null` when the socket is closing
   */
  claim(count: number): Uint8Array | null {
    if (!this.#takesWrites) return null;
    let claimed: Uint8Array;
    this.#gathered = this.#gathers(count);
    if (this.#gathered) {
      claimed = this.#room(count);
      this.claimedAt = this.#blockUsed;
      this.#blockUsed += count;
    } else {
      this.claimedAt = 0;
      this.#seal();
      claimed = bytePool.take(count);
      this.#queue.push({ bytes: claimed, block: null });
    }
    this.#queued(count);
    return claimed;
  }

  /** Takes back what was claimed last, if nothing was queued since: the caller could not fill it in. */
  unclaim(count: number): void {
    this.#queuedBytes -= count;
    // Nothing may be left whose writing would end it.
    if (this.#queuedBytes <= lowWaterBytes) this.#aboveHighWater = false;
    if (!this.#gathered) return bytePool.giveBack(this.#queue.pop()!.bytes);
    this.#blockUsed -= count;
    if (this.#blockUsed > 0) return;
    giveBackBlock(this.#block!);
    this.#block = null;
  }

  /**
   * Gives the kernel what is queued at once rather than at the end of the turn: whoever knows that nothing follows lets
   * the peer begin while the rest of the turn's work is done.
   */
  flush(): void {
    if (this.#writing || !this.#scheduled) return;
    this.#scheduled = false;
    this.#writing = true;
    this.#flush();
  }

  /**
   * The same when what was just written is likely to be all of the turn, as it was in the last turns with a write. What
   * turns out to follow waits for the end of the turn as ever.
   */
  flushAlone(): void {
    this.#writesInTurn++;
    if (this.#turnsAlone >= aloneAfterTurns) this.flush();
  }

  /** Called at the end of a turn in which something was written. */
  endTurn(): void {
    this.#inTurn = false;
    this.#turnsAlone = this.#writesInTurn <= 1 ? this.#turnsAlone + 1 : 0;
    this.#writesInTurn = 0;
    this.flush();
  }

  /** Closes once everything queued was written. */
  end(): void {
    if (this.closing) return;
    this.#ending = true;
    if (!this.#writing && !this.#scheduled) this.destroy(null);
  }

  /** Sends a FIN once everything queued was written; reading goes on. */
  closeWrite(): void {
    if (this.closing || this.#finPending) return;
    this.#finPending = true;
    if (!this.#writing && !this.#scheduled) void this.#sendFin();
  }

  /** Closes at once; what is queued is lost. */
  destroy(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#queuedBytes > 0) this.#hasLost = true;
    this.#queue = [];
    this.#block = null;
    this.#queuedBytes = 0;
    this.#io.close();
    this.handler.closed(error);
  }

  get #takesWrites(): boolean {
    return !this.#closed && !this.#ending && !this.#finPending && this.#writeError === null;
  }

  #read(): void {
    if (this.#closed) return;
    if (this.#paused) {
      this.#isWaiting = true;
      return;
    }
    this.#io.read();
  }

  /** These four are {@link SocketIo}'s to call, and nobody else's. */
  readDone(bytes: Uint8Array | null): void {
    try {
      if (bytes === null) return this.handler.ended();
      this.#received += bytes.length;
      this.handler.data(bytes);
    } catch (error) {
      return this.readFailed(error);
    }
    this.#read();
  }

  readFailed(error: unknown): void {
    this.destroy(asError(error));
  }

  /** Whether so many bytes go into a block: few, or some that fit in behind what is there, such as a body behind its head. */
  #gathers(count: number): boolean {
    return count <= gatherUpToBytes || (this.#block !== null && this.#blockUsed + count <= largestBlockBytes);
  }

  /** The current block with room for `count` bytes more. */
  #room(count: number): Uint8Array {
    const needed = this.#blockUsed + count;
    if (this.#block !== null) {
      if (needed <= this.#block.length) return this.#block;
      if (needed <= largestBlockBytes) {
        return this.#block = largerBlock(this.#block, this.#blockUsed, needed);
      }
      this.#seal();
    }
    return this.#block = takeBlock(count);
  }

  #seal(): void {
    const block = this.#block;
    if (block === null || this.#blockUsed === 0) return;
    this.#queue.push({ bytes: block.subarray(0, this.#blockUsed), block });
    this.#block = null;
    this.#blockUsed = 0;
  }

  #queued(count: number): void {
    this.#queuedBytes += count;
    if (this.#queuedBytes > highWaterBytes) this.#aboveHighWater = true;
    if (!this.#writing) this.#scheduled = true;
    // Once for all of a turn, also for what waits behind a write that is under way.
    if (this.#inTurn) return;
    this.#inTurn = true;
    atTurnEnd(this);
  }

  #flush(): void {
    while (!this.#closed) {
      if (!this.#next()) {
        this.#writing = false;
        if (this.#ending) this.destroy(null);
        else if (this.#finPending) void this.#sendFin();
        return;
      }
      this.#count(this.#io.write(this.#underWay!, this.#left));
      if (this.#left > 0) return;
      this.#release();
      // Not from within a call of the owner's, which this may be.
      if (this.#aboveHighWater && this.#queuedBytes <= lowWaterBytes) afterTurn(this.#tellDrained);
    }
  }

  /** What is to be written next is under way from now on. @returns whether there is something */
  #next(): boolean {
    if (this.#queue.length > 0) {
      this.#seal();
      const { bytes, block } = this.#queue.shift()!;
      this.#underWay = bytes;
      this.#underWayBlock = block;
      this.#left = bytes.length;
      return true;
    }
    const block = this.#block;
    if (block === null || this.#blockUsed === 0) return false;
    this.#underWay = this.#underWayBlock = block;
    this.#left = this.#blockUsed;
    this.#block = null;
    this.#blockUsed = 0;
    return true;
  }

  /** The kernel has all of what was under way. */
  #release(): void {
    if (this.#underWayBlock === null) bytePool.giveBack(this.#underWay!);
    else giveBackBlock(this.#underWayBlock);
    this.#underWay = this.#underWayBlock = null;
  }

  #count(taken: number): void {
    this.#sent += taken;
    this.#queuedBytes -= taken;
    this.#left -= taken;
  }

  wrote(count: number): void {
    this.#count(count);
    if (this.#left > 0) return;
    this.#release();
    this.#tellDrained();
    this.#flush();
  }

  #tellDrained = (): void => {
    if (this.#closed || !this.#aboveHighWater || this.#queuedBytes > lowWaterBytes) return;
    this.#aboveHighWater = false;
    this.handler.drained();
  };

  /**
   * The peer takes nothing more. What it sent before it left can still be read (RFC 9112, 9.6): a server that
   * refuses a large upload answers, closes, and resets what is still being written. Reading then finds the end.
   */
  writeFailed(cause: unknown): void {
    this.#writing = false;
    if (this.#closed) return;
    const error = asError(cause);
    if (!this.#reading || this.#paused || this.#ending) return this.destroy(error);
    this.#writeError = error;
    this.#hasLost = true;
    this.#queue = [];
    this.#block = null;
    this.#blockUsed = 0;
    this.#queuedBytes = 0;
  }

  async #sendFin(): Promise<void> {
    try {
      if (!this.#closed) await this.#io.closeWrite();
    } catch (error) {
      this.destroy(asError(error));
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
