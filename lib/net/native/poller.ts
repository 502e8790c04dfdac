import { setImmediate } from "node:timers";
import { keepWarm } from "../../warm/mod.ts";
import { monotonicMs } from "../monotonic.ts";
import { doPromisesFollow, timesPutOff, turnBegins, turnEnd, turnEnds } from "../turn.ts";
import { BatchRule } from "./batch_rule.ts";
import type { Calls, Libc } from "./libc.ts";
import { Scheduling } from "./scheduling.ts";

/** What {@link Poller} tells of a socket. */
export interface Polled {
  /** @param events of {@link readable}, {@link writable} and {@link failed}; may come when nothing is there */
  ready(events: number): void;
}

/** EPOLLIN. */
export const readable = 0x001;
/** EPOLLOUT. */
export const writable = 0x004;
/** EPOLLERR: the peer has reset the connection, or TCP has given it up. */
export const broken = 0x008;
/** That, and EPOLLHUP, which are told whether they were asked for or not. */
export const failed = broken | 0x010;
/** EPOLLET: with nothing else, a failure is told once. */
const onceEach = 0x80000000;

const control = { add: 1, remove: 2, change: 3 };
const closeOnExec = 0x80000;
const nonBlocking = 0x800;

const maxEvents = 256;

/**
 * The thread of the event loop sleeps so long at most, because no timer wakes it; milliseconds. Shorter ones would be the next thing
 * the system's own timer has to go off for, and set it anew twice for each message that comes alone.
 */
const longestSleepMs = 4;

/** So long at most what is found is dealt with before timers get their turn, and so long at most before all else of the runtime. */
const longestWorkMs = 4;
const longestHoldMs = 20;

/**
 * A turn's work has so many steps at most: what is put off to its end, what that puts off, and so on. Promises that are said to follow
 * have as many. What is longer may have to wait for a sleep to end.
 */
const hopsBeforeSleep = 8;

/** After so long without an event another thread waits for the next one. */
const quietMs = 4;

/** After so long it is no longer a batch task. Less may just mean that all whom it waits for have to wait for a processor. */
const silentMs = 50;

/** `struct epoll_event` in words of 32 bits: it is packed on x86-64 alone. The word of the slot is the lower one of `data`. */
const eventWords = Deno.build.arch === "x86_64" ? 3 : 4;
const slotWord = Deno.build.arch === "x86_64" ? 1 : 2;

/** What is not a socket. */
const wakeSlot = 0;
const runtimeSlot = 1;

/**
 * Waits for many sockets at once by epoll(7), in the thread of the event loop and beside it.
 *
 * While events come, the thread looks for more as soon as it has dealt with the last ones, and sleeps where the runtime
 * would: in epoll_wait(2), for sockets and for the runtime's own event queue. A sleep ends after 4 ms, because the runtime's timers are
 * in no queue. When nothing has come for a while the wait is left to a thread of the runtime's, and costs nothing.
 */
export class Poller {
  readonly #libc: Libc;
  readonly #calls: Calls;
  readonly #epoll: number;
  /** An eventfd that ends the other thread's wait. */
  readonly #wake: number;
  /** The runtime's event queue, once a socket was found in it, or `null` when it was not to be found. */
  #runtime: number | null | undefined = undefined;
  readonly #events = new Int32Array(maxEvents * eventWords);
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #control = new Int32Array(eventWords);
  readonly #controlBytes = new Uint8Array(this.#control.buffer);
  readonly #counter = new Uint8Array(new BigUint64Array([1n]).buffer);
  readonly #slots: (Polled | null)[] = [null, null];
  readonly #freeSlots: number[] = [];
  #sockets = 0;
  #running = false;
  #runtimeIsReady = false;
  #heldSinceMs = 0;
  #lastEventMs = 0;
  /** The last look found nothing, and the runtime had its turn since: it has nothing to go on with. */
  #isSettled = false;
  readonly #batch = new BatchRule();
  readonly #scheduling: Scheduling;

  /** @throws when the system has no epoll, or another idea of it */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#calls = libc.calls;
    this.#scheduling = new Scheduling(libc.calls);
    this.#epoll = libc.checked(this.#calls.epoll_create1(closeOnExec));
    this.#wake = libc.checked(this.#calls.eventfd(0, closeOnExec | nonBlocking));
    this.#checkLayout();
    this.#set(control.add, this.#wake, wakeSlot, readable);
  }

  /**
   * Takes a socket over from the runtime, which hears nothing of it any more. {@link readable} is watched for from now on.
   *
   * @returns its slot, or -1 when the runtime's event queue does not hold it, or the system has no room: nothing is changed then
   */
  add(fd: number, polled: Polled): number {
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    this.#describe(slot, readable);
    // First into the one, then out of the other: whatever fails, one of them has it.
    if (
      this.#calls.epoll_ctl(this.#epoll, control.add, fd, this.#controlBytes) < 0 || !this.#leaveRuntime(fd)
    ) {
      this.#calls.epoll_ctl(this.#epoll, control.remove, fd, this.#controlBytes);
      this.#slots[slot] = null;
      this.#freeSlots.push(slot);
      return -1;
    }
    this.#slots[slot] = polled;
    this.#sockets++;
    if (!this.#running) this.#begin();
    return slot;
  }

  /** Changes what is watched for on a socket. */
  watch(fd: number, slot: number, events: number): void {
    this.#set(control.change, fd, slot, events === 0 ? onceEach : events);
  }

  /** Before the runtime closes the socket. */
  remove(fd: number, slot: number): void {
    this.#set(control.remove, fd, slot, 0);
    // The runtime will take it out of its own queue, and forgets nothing when it is not in there. No event, and that of its own waking if any.
    this.#describe(0, onceEach);
    this.#calls.epoll_ctl(this.#runtime!, control.add, fd, this.#controlBytes);
    this.#slots[slot] = null;
    this.#freeSlots.push(slot);
    if (--this.#sockets === 0) this.#calls.write(this.#wake, this.#counter, 8n);
  }

  /** So many messages went by in company: nobody had waited for them one by one. */
  together(messages: number): void {
    this.#batch.together(messages);
  }

  /** How many it waits for. */
  get sockets(): number {
    return this.#sockets;
  }

  #begin(): void {
    this.#running = true;
    this.#lastEventMs = this.#heldSinceMs = monotonicMs();
    this.#set(control.add, this.#runtime!, runtimeSlot, readable);
    keepWarm(setImmediate(this.#work));
  }

  #work = (): void => void this.#run();

  /** One task of the event loop, which begins when all that was to be done before is done. */
  async #run(): Promise<void> {
    let nowMs = 0;
    let untilMs = 0;
    // What the runtime has taken from its queue on its way here it goes on with behind this task: a sleep would put that off.
    const sleepMs = this.#isSettled ? longestSleepMs : 0;
    this.#isSettled = false;
    while (this.#sockets > 0) {
      const count = this.#calls.epoll_wait(this.#epoll, this.#eventBytes, maxEvents, sleepMs);
      nowMs = monotonicMs();
      if (count <= 0) {
        this.#isSettled = sleepMs === 0;
        break;
      }
      if (untilMs === 0) untilMs = nowMs + longestWorkMs;
      turnBegins(nowMs);
      if (this.#tell(count)) this.#lastEventMs = nowMs;
      if (this.#batch.looked(count)) this.#schedule();
      if (this.#runtimeIsReady || nowMs >= untilMs) break;
      // A round through the runtime would cost more than what came.
      for (let hop = 0, before = -1; hop < hopsBeforeSleep && timesPutOff() !== before; hop++) {
        if (!doPromisesFollow()) before = timesPutOff();
        await turnEnd;
      }
    }
    turnEnds();
    if (this.#sockets === 0) return this.#end();
    const isQuiet = nowMs - this.#lastEventMs >= quietMs;
    if (nowMs - this.#lastEventMs >= silentMs && this.#batch.quiet()) this.#schedule();
    if (isQuiet || this.#runtimeIsReady || nowMs - this.#heldSinceMs >= longestHoldMs) {
      await this.#aside(!isQuiet ? 0 : this.#batch.isBatch ? silentMs : -1);
      if (this.#sockets === 0) return this.#end();
    }
    setImmediate(this.#work);
  }

  #schedule(): void {
    this.#scheduling.set(this.#batch.isBatch);
  }

  #end(): void {
    if (this.#batch.quiet()) this.#schedule();
    this.#running = false;
    this.#set(control.remove, this.#runtime!, runtimeSlot, 0);
  }

  /** Leaves the thread to the runtime while another one waits, for the next event or just for its own start. */
  async #aside(timeoutMs: number): Promise<void> {
    // The runtime's events are its own matter then, and would wake the other thread each time.
    if (timeoutMs !== 0) this.#set(control.remove, this.#runtime!, runtimeSlot, 0);
    // A thread that is started for it is to be as others are.
    if (this.#batch.isBatch) this.#scheduling.set(false);
    const call = this.#calls.epollWaitAside(this.#epoll, this.#eventBytes, maxEvents, timeoutMs);
    if (this.#batch.isBatch) this.#schedule();
    const count = await call;
    if (timeoutMs !== 0) this.#set(control.add, this.#runtime!, runtimeSlot, readable);
    this.#heldSinceMs = monotonicMs();
    if (count > 0) {
      if (this.#tell(count)) this.#lastEventMs = this.#heldSinceMs;
      if (this.#batch.looked(count)) this.#schedule();
    }
    // It had its turn.
    this.#runtimeIsReady = false;
  }

  /** @returns whether one of them was of a socket: the other thread's end is an event of the runtime's, and must not lead to its next start */
  #tell(count: number): boolean {
    this.#runtimeIsReady = false;
    for (let i = 0, at = 0; i < count; i++, at += eventWords) {
      const slot = this.#events[at + slotWord];
      // None when it was closed by one before it. If its slot is another's by now, that one finds nothing there.
      const polled = this.#slots[slot];
      if (polled !== null) this.#tellOne(polled, this.#events[at]);
      else if (slot === runtimeSlot) this.#runtimeIsReady = true;
      else if (slot === wakeSlot) this.#calls.read(this.#wake, new Uint8Array(8), 8n);
    }
    return count > 1 || !this.#runtimeIsReady;
  }

  #tellOne(polled: Polled, events: number): void {
    try {
      polled.ready(events);
    } catch (error) {
      // Uncaught, as it would be in a callback of the runtime's. If the program goes on, then with all other sockets.
      reportError(error);
    }
  }

  /** Takes a socket out of the runtime's event queue. @returns whether it was in there */
  #leaveRuntime(fd: number): boolean {
    if (this.#runtime === undefined) {
      this.#runtime = this.#eventQueues().find((queue) => this.#leave(queue, fd)) ?? null;
      return this.#runtime !== null;
    }
    return this.#runtime !== null && this.#leave(this.#runtime, fd);
  }

  #leave(queue: number, fd: number): boolean {
    return this.#calls.epoll_ctl(queue, control.remove, fd, this.#controlBytes) === 0;
  }

  /** The epoll descriptors of this process, of which one is the runtime's. */
  #eventQueues(): number[] {
    const queues: number[] = [];
    const target = new Uint8Array(64);
    for (let fd = 0; fd < mostLookedAt; fd++) {
      const path = new TextEncoder().encode(`/proc/self/fd/${fd}\0`);
      const length = this.#calls.readlink(path, target, BigInt(target.length));
      if (length < 0 || fd === this.#epoll) continue;
      if (new TextDecoder().decode(target.subarray(0, length)) === "anon_inode:[eventpoll]") queues.push(fd);
    }
    return queues;
  }

  /** Whether events lie where they are looked for, in whatever the C library and this architecture make of them. */
  #checkLayout(): void {
    const slot = 0x1234567;
    this.#set(control.add, this.#wake, slot, readable);
    this.#calls.write(this.#wake, this.#counter, 8n);
    const count = this.#calls.epoll_wait(this.#epoll, this.#eventBytes, maxEvents, 0);
    const isRight = count === 1 && this.#events[0] === readable && this.#events[slotWord] === slot;
    this.#calls.read(this.#wake, new Uint8Array(8), 8n);
    this.#set(control.remove, this.#wake, slot, 0);
    if (!isRight) throw new Error(`epoll_wait tells its events in another form on ${Deno.build.arch}`);
  }

  #describe(slot: number, events: number): void {
    this.#control[0] = events;
    this.#control[slotWord] = slot;
  }

  #set(operation: number, fd: number, slot: number, events: number): void {
    this.#describe(slot, events);
    this.#libc.checked(this.#calls.epoll_ctl(this.#epoll, operation, fd, this.#controlBytes));
  }
}

/** The runtime's event queue was made early: its number is among the first. */
const mostLookedAt = 1024;
