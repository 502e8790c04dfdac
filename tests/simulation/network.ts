import type { Random } from "./random.ts";
import type { Process, Schedule, Timer } from "./schedule.ts";

/** What a process does with its end of a wire. */
export interface WireHandler {
  message(bytes: Uint8Array): void;
  /** The queue has drained after it had been congested. */
  drained(): void;
  /** The peer closed in an orderly way; everything it sent before has come. */
  ended(reason: string): void;
  /** This end knows that the wire is gone; called once. */
  closed(reason: string): void;
}

export interface WireOptions {
  schedule: Schedule;
  random: Random;
  /** Time one message takes at least, milliseconds; `jitterMs` is added at random. Order is kept. */
  latencyMs: number;
  jitterMs: number;
  bytesPerMs: number;
  /** A fault that no TCP connection has, to show that the simulation notices. */
  mischief?: Mischief;
}

/** Breaks the promise of the network, once in about as many messages: loses one in the middle, or swaps two. */
export interface Mischief {
  kind: "lose" | "swap";
  everyMessages: number;
}

/** How a wire dies. `silent`: nobody is told, as when a NAT forgets it; the heartbeat has to notice. */
export type Cut = "told" | "silent";

/** What a socket's queue may hold before it counts as congested, and below which it is drained again, bytes. */
const highWaterBytes = 256 * 1024;
const lowWaterBytes = 64 * 1024;

/** How long an end waits for its peer to answer a close, milliseconds. */
const closeTimeoutMs = 1_000;

interface Flight {
  timer: Timer;
  arrivesAt: number;
}

/** One end of a wire. */
export class WireEnd {
  handler: WireHandler | null = null;
  peer!: WireEnd;
  readonly process: Process;
  readonly #options: WireOptions;
  #inFlight: Flight[] = [];
  #busyUntil = 0;
  #lastArrival = 0;
  #congested = false;
  /** Nothing sent from here gets through any more. */
  #severed = false;
  #gone = false;
  #ending: Timer | null = null;
  #swapped: Uint8Array | null = null;

  constructor(process: Process, options: WireOptions) {
    this.process = process;
    this.#options = options;
  }

  get congested(): boolean {
    return this.#congested;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Sends a message, which is the wire's from now on. */
  send(message: Uint8Array): void {
    if (this.#gone || this.#ending !== null) return;
    this.#queue(message.length);
    if (this.#severed) return;
    const { mischief, random } = this.#options;
    if (mischief !== undefined && this.#swapped === null && random.chance(1 / mischief.everyMessages)) {
      if (mischief.kind === "swap") this.#swapped = message;
      return;
    }
    this.#carry(() => this.peer.handler?.message(message));
    const swapped = this.#swapped;
    this.#swapped = null;
    if (swapped !== null) this.#carry(() => this.peer.handler?.message(swapped));
  }

  /** Closes in an orderly way, behind everything sent before. */
  end(reason: string): void {
    if (this.#gone || this.#ending !== null) return;
    if (!this.#severed) this.#carry(() => this.peer.#peerEnded(reason));
    this.#ending = this.process.after(closeTimeoutMs, () => this.#close(reason));
  }

  /** Closes at once. The peer is told, and may not get all that was under way. */
  destroy(reason: string): void {
    if (this.#gone) return;
    // Over a wire that is cut already the peer hears nothing of it.
    if (!this.#severed) {
      this.#sever();
      this.peer.#tell("the connection was reset");
    }
    this.process.after(0, () => this.#close(reason));
  }

  /** The process is dead; its kernel tells the peer, unless the whole machine went. */
  abandon(cut: Cut): void {
    this.#gone = true;
    this.#sever();
    this.peer.#sever();
    if (cut === "told") this.peer.#tell("the connection was reset");
  }

  /** The wire is cut: of what is under way an end of unknown length is lost, in each direction. */
  cut(cut: Cut): void {
    for (const end of [this, this.peer]) {
      end.#sever();
      if (cut === "told") end.#tell("the connection broke off");
    }
  }

  /** From now on what is sent from this end vanishes, and nobody is told. */
  blackhole(): void {
    this.#sever();
  }

  /** Time the next message can leave after those before it: the socket's queue. */
  #queue(bytes: number): void {
    const { schedule, bytesPerMs } = this.#options;
    this.#busyUntil = Math.max(this.#busyUntil, schedule.now) + bytes / bytesPerMs;
    if (this.#congested || (this.#busyUntil - schedule.now) * bytesPerMs <= highWaterBytes) return;
    this.#congested = true;
    // A cut wire's socket never drains: its queue stands until somebody closes it.
    if (this.#severed) return;
    this.process.after(this.#busyUntil - schedule.now - lowWaterBytes / bytesPerMs, () => {
      if (this.#gone || this.#severed) return;
      this.#congested = false;
      this.handler?.drained();
    });
  }

  #carry(arrive: () => void): void {
    const { schedule, random, latencyMs, jitterMs } = this.#options;
    const leavesAt = Math.max(this.#busyUntil, schedule.now);
    this.#lastArrival = Math.max(this.#lastArrival, leavesAt + latencyMs + random.between(0, jitterMs));
    const flight: Flight = {
      arrivesAt: this.#lastArrival,
      timer: schedule.at(this.#lastArrival, this.peer.process, () => {
        this.#inFlight.shift();
        if (!this.peer.#gone) arrive();
      }),
    };
    this.#inFlight.push(flight);
  }

  /** From now on nothing gets through, and of what is under way only a part from the front. */
  #sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    const keep = this.#options.random.int(0, this.#inFlight.length);
    for (const flight of this.#inFlight.splice(keep)) flight.timer.cancel();
    this.#lastArrival = this.#inFlight.at(-1)?.arrivesAt ?? 0;
  }

  /** This end learns of the wire's end after what still arrives, sooner or later. */
  #tell(reason: string): void {
    const { schedule, random } = this.#options;
    const waitMs = Math.max(0, this.peer.#lastArrival - schedule.now) +
      random.between(0, random.pick([5, 500]));
    this.#severed = true;
    this.process.after(waitMs, () => this.#close(reason));
  }

  #peerEnded(reason: string): void {
    if (this.#ending === null) {
      this.handler?.ended(reason);
      this.#severed = true;
      this.peer.#tell(reason);
    }
    this.process.after(0, () => this.#close(reason));
  }

  #close(reason: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#ending?.cancel();
    this.handler?.closed(reason);
  }
}

/** A wire between two processes: each direction keeps its order, as TCP does, until it is cut. */
export function newWire(a: Process, b: Process, options: WireOptions): [WireEnd, WireEnd] {
  const ends: [WireEnd, WireEnd] = [new WireEnd(a, options), new WireEnd(b, options)];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}
