import type { SocketIo, SocketIoOwner } from "../socket_io.ts";
import { afterTurn } from "../turn.ts";
import { type Calls, errnos, errorOf, type Libc } from "./libc.ts";
import { sharedBuffer, sharedBytes } from "./shared_buffer.ts";
import { broken, failed, type Polled, type Poller, readable, writable } from "./poller.ts";

/** MSG_DONTWAIT, MSG_NOSIGNAL and SHUT_WR. */
const dontWait = 0x40;
const noSignal = 0x4000;
const writingEnd = 1;
/** SOL_SOCKET and SO_ERROR. */
const socketLevel = 1;
const pendingError = 4;

/** What {@link NativeIo} is made of. */
export interface NativeIoOptions {
  /** A connected TCP socket, which the runtime has in its event queue. */
  fd: number;
  poller: Poller;
  libc: Libc;
  owner: SocketIoOwner;
  /** Closes the socket. */
  close: () => void;
}

/** Reads and writes a TCP socket by recv(2) and send(2), the former once the poller tells that there is something. */
export class NativeIo implements SocketIo, Polled {
  readonly #libc: Libc;
  readonly #calls: Calls;
  readonly #poller: Poller;
  readonly #fd: number;
  readonly #owner: SocketIoOwner;
  readonly #close: () => void;
  readonly #slot: number;
  /** What the poller watches for, which may be more than is wanted: as long as nothing comes, it need not know. */
  #watched = readable;
  #wantsRead = false;
  #unsent: Uint8Array | null = null;
  #closed = false;

  constructor({ fd, poller, libc, owner, close }: NativeIoOptions) {
    this.#fd = fd;
    this.#poller = poller;
    this.#libc = libc;
    this.#calls = libc.calls;
    this.#owner = owner;
    this.#close = close;
    this.#slot = poller.add(fd, this);
  }

  /** Whether the poller took it; all else is not to be used when not. */
  get isPolled(): boolean {
    return this.#slot !== -1;
  }

  read(): void {
    this.#wantsRead = true;
    if ((this.#watched & readable) === 0) this.#watch(this.#watched | readable);
  }

  write(bytes: Uint8Array, count: number): number {
    const taken = this.#send(bytes, count);
    if (typeof taken !== "number") {
      // The owner is in the middle of its writing.
      afterTurn(() => {
        if (!this.#closed) this.#owner.writeFailed(taken);
      });
      return 0;
    }
    if (taken === count) return taken;
    this.#unsent = bytes.subarray(taken, count);
    if ((this.#watched & writable) === 0) this.#watch(this.#watched | writable);
    return taken;
  }

  // deno-lint-ignore require-await -- what it throws is to reach who awaits
  async closeWrite(): Promise<void> {
    if (!this.#closed) this.#libc.checked(this.#calls.shutdown(this.#fd, writingEnd));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsent = null;
    this.#poller.remove(this.#fd, this.#slot);
    this.#close();
  }

  ready(events: number): void {
    if ((events & (writable | failed)) !== 0 && this.#unsent !== null) this.#sendOn(this.#unsent);
    if ((events & (readable | failed)) !== 0 && this.#wantsRead && !this.#closed) this.#receive();
    if (this.#closed) return;
    if ((events & broken) !== 0 && !this.#wantsRead && this.#owner.endsOnReset) this.#brokeUnread();
    if (this.#closed) return;
    // What is not wanted would be told again and again.
    const wanted = (this.#wantsRead ? readable : 0) | (this.#unsent === null ? 0 : writable);
    if ((this.#watched & ~wanted & events) !== 0 || (events & failed) !== 0) this.#watch(wanted);
  }

  /** The connection broke, and what came before is not read now. */
  #brokeUnread(): void {
    const errno = new Int32Array(1);
    const size = new Uint8Array(new Int32Array([4]).buffer);
    const found = new Uint8Array(errno.buffer);
    if (this.#calls.getsockopt(this.#fd, socketLevel, pendingError, found, size) < 0) return;
    // A peer that had ended before it was written to: all that it sent is here, and its end is behind it.
    if (errno[0] === 0 || errno[0] === errnos.EPIPE) return;
    this.#owner.readFailed(errorOf(errno[0]));
  }

  #receive(): void {
    const size = BigInt(Math.min(this.#owner.largestReadBytes, sharedBuffer.length));
    let count = this.#calls.recv(this.#fd, sharedBuffer, size, dontWait);
    if (count < 0) {
      let { errno } = this.#libc;
      if (isStrange(errno)) {
        count = this.#calls.recv(this.#fd, sharedBuffer, size, dontWait);
        errno = this.#libc.errno;
      }
      if (count < 0) {
        if (isTransient(errno)) return;
        this.#wantsRead = false;
        return this.#owner.readFailed(errorOf(errno));
      }
    }
    this.#wantsRead = false;
    this.#owner.readDone(count === 0 ? null : sharedBytes(count));
  }

  #sendOn(bytes: Uint8Array): void {
    const taken = this.#send(bytes, bytes.length);
    if (typeof taken !== "number") {
      this.#unsent = null;
      return this.#owner.writeFailed(taken);
    }
    if (taken === 0) return;
    this.#unsent = taken === bytes.length ? null : bytes.subarray(taken);
    this.#owner.wrote(taken);
  }

  /** Sends the first `count` of them. @returns how many the kernel took, or why it never takes any more */
  #send(bytes: Uint8Array, count: number): number | Error {
    const size = BigInt(count);
    let taken = this.#calls.send(this.#fd, bytes, size, dontWait | noSignal);
    if (taken >= 0) return taken;
    let { errno } = this.#libc;
    if (isStrange(errno)) {
      taken = this.#calls.send(this.#fd, bytes, size, dontWait | noSignal);
      if (taken >= 0) return taken;
      errno = this.#libc.errno;
    }
    return isTransient(errno) ? 0 : errorOf(errno);
  }

  #watch(events: number): void {
    if (events === this.#watched) return;
    this.#watched = events;
    this.#poller.watch(this.#fd, this.#slot, events);
  }
}

/** Whether the call found nothing to do, and is to be made again when there is. */
function isTransient(errno: number): boolean {
  return errno === errnos.EAGAIN || errno === errnos.EINTR;
}

/**
 * The number is the thread's, and the runtime may have made a call of its own in between that failed. What a socket does not
 * usually end with is asked for again; the other way round, an end that was taken for a pause is told once more.
 */
function isStrange(errno: number): boolean {
  return !isTransient(errno) && errno !== errnos.ECONNRESET && errno !== errnos.EPIPE &&
    errno !== errnos.ETIMEDOUT;
}
