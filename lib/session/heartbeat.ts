import type { PongFrame } from "../protocol/mod.ts";
import { ClockOffset } from "./clock_offset.ts";
import { nextSequence } from "./ping_sequence.ts";
import { RttEstimate } from "./rtt_estimate.ts";

/** `connecting` until the peer is heard, `late` when it is heard but pongs are missing, `lost` is final. */
export type HeartbeatPhase = "connecting" | "alive" | "late" | "lost";

export type HeartbeatEffect =
  | { type: "ping"; sequence: number }
  | { type: "phase"; from: HeartbeatPhase; to: HeartbeatPhase; reason: string };

/** Why a pong was counted and dropped instead of measured. */
export type PongDropReason = "unknown" | "duplicate" | "future";

export type PongResult =
  | { accepted: true; rttMs: number; outOfBand: boolean; effects: HeartbeatEffect[] }
  | { accepted: false; reason: PongDropReason };

export interface HeartbeatOptions {
  /** Time between pings, milliseconds; each wait is drawn from ±10 % of it. */
  intervalMs: number;
  /** Silence after which the peer is lost, milliseconds. @default ten intervals */
  timeoutMs?: number;
  /** Uniform in [0, 1): the source of jitter. */
  random: () => number;
  /** Number of the first ping, u32. @default 0 */
  firstSequence?: number;
}

const jitterFraction = 0.1;

/** Pings kept for matching pongs. Older ones count as unknown: at the default interval that is minutes. */
const maxOutstanding = 64;

/**
 * One end's view of its peer. Pure: `(state, event, now) → effects`, with `now` in milliseconds of any
 * monotonic clock. Liveness is any frame; round-trip time is pongs alone.
 *
 * The first ping goes out at once. A tick that comes late skips what it missed. A tick that comes so late
 * that this process itself must have been stopped says nothing about the peer: it gets another interval to
 * be heard, unless the stop was longer than the timeout, when the peer has given this end up as well.
 */
export class Heartbeat {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rtt = new RttEstimate();
  readonly offset = new ClockOffset();
  readonly #random: () => number;
  readonly #outstanding = new Map<number, number>();
  #answered = new Set<number>();
  #phase: HeartbeatPhase = "connecting";
  #nextSequence: number;
  #pingsSent = 0;
  #nextPingAt: number;
  #lastHeardAt: number;
  #lastPongAt: number;
  #pongsDropped: Record<PongDropReason, number> = { unknown: 0, duplicate: 0, future: 0 };

  constructor(options: HeartbeatOptions, now: number) {
    this.intervalMs = options.intervalMs;
    this.timeoutMs = options.timeoutMs ?? options.intervalMs * 10;
    this.#random = options.random;
    this.#nextSequence = options.firstSequence ?? 0;
    this.#nextPingAt = now;
    this.#lastHeardAt = now;
    this.#lastPongAt = now;
  }

  get phase(): HeartbeatPhase {
    return this.#phase;
  }

  get pingsSent(): number {
    return this.#pingsSent;
  }

  get pongsDropped(): Readonly<Record<PongDropReason, number>> {
    return this.#pongsDropped;
  }

  /** When the last acceptable pong came, on the clock of `now`; the start when none has. */
  get lastPongAt(): number {
    return this.#lastPongAt;
  }

  /** When {@link tick} is to be called next, on the clock of `now`; `Infinity` when lost. */
  get deadline(): number {
    if (this.#phase === "lost") return Infinity;
    return Math.min(this.#nextPingAt, this.#lastHeardAt + this.timeoutMs);
  }

  /** Any frame came from the peer. */
  heard(now: number): HeartbeatEffect[] {
    if (this.#phase === "lost") return [];
    this.#lastHeardAt = now;
    return this.#phase === "connecting" ? this.#enter("alive", "the peer was heard") : [];
  }

  /** Time has come to {@link deadline}, or past it. */
  tick(now: number): HeartbeatEffect[] {
    if (this.#phase === "lost") return [];
    const overdueMs = now - this.deadline;
    if (overdueMs >= this.timeoutMs) {
      return this.#enter("lost", `this process stood still for ${Math.round(overdueMs)} ms`);
    }
    if (overdueMs >= this.intervalMs) {
      this.#lastHeardAt = Math.max(this.#lastHeardAt, now - this.timeoutMs + this.intervalMs);
      this.#lastPongAt = Math.max(this.#lastPongAt, now - this.intervalMs);
    }
    // The same sum as in `deadline`: the difference could round to just below the timeout, for ever.
    if (now >= this.#lastHeardAt + this.timeoutMs) {
      return this.#enter("lost", `nothing was heard for ${Math.round(now - this.#lastHeardAt)} ms`);
    }
    const effects: HeartbeatEffect[] = [];
    if (this.#phase === "alive" && now - this.#lastPongAt > 2 * this.intervalMs) {
      effects.push(...this.#enter("late", `no pong for ${Math.round(now - this.#lastPongAt)} ms`));
    }
    if (now >= this.#nextPingAt) effects.push(this.#ping(now));
    return effects;
  }

  /**
   * A pong came. Only one that answers an outstanding ping is measured; it is matched by sequence number and
   * timed on this end's own monotonic clock.
   *
   * @param wallUs this end's wall clock, microseconds since 1970, for the clock-offset estimate alone
   */
  pong(pong: PongFrame, now: number, wallUs: number): PongResult {
    const sentAt = this.#outstanding.get(pong.sequence);
    if (sentAt === undefined) return this.#dropPong(pong.sequence);
    this.#outstanding.delete(pong.sequence);
    this.#answered.add(pong.sequence);
    const rttMs = Math.max(0, now - sentAt);
    const outOfBand = this.rtt.isOutOfBand(rttMs);
    this.rtt.add(rttMs);
    this.offset.add({
      sentAtUs: pong.sentAtUs,
      receivedAtUs: pong.receivedAtUs,
      repliedAtUs: pong.repliedAtUs,
      returnedAtUs: wallUs,
      rttUs: rttMs * 1000,
    });
    if (this.#phase === "lost") return { accepted: true, rttMs, outOfBand, effects: [] };
    this.#lastHeardAt = now;
    if (outOfBand) {
      // A stalled link that drains its buffer answers at last: that is not health.
      const effects = this.#phase === "late" ? [] : this.#enter(
        "late",
        `a pong took ${Math.round(rttMs)} ms, far above ${this.rtt.baselineMs.toFixed(1)} ms`,
      );
      return { accepted: true, rttMs, outOfBand, effects };
    }
    this.#lastPongAt = now;
    const effects = this.#phase === "alive" ? [] : this.#enter("alive", "a pong came");
    return { accepted: true, rttMs, outOfBand, effects };
  }

  /** A ping out of turn: somebody waits for its pong, which says that everything written before it was read. */
  ask(now: number): (HeartbeatEffect & { type: "ping" })[] {
    return this.#phase === "lost" ? [] : [this.#ping(now)];
  }

  /** The wall clock jumped against the monotonic one (the machine slept, or its clock was set): ask at once. */
  suspect(now: number): HeartbeatEffect[] {
    if (this.#phase === "lost") return [];
    this.#lastHeardAt = Math.min(this.#lastHeardAt, now - this.timeoutMs + this.intervalMs);
    return [this.#ping(now)];
  }

  #ping(now: number): HeartbeatEffect & { type: "ping" } {
    const sequence = this.#nextSequence;
    this.#nextSequence = nextSequence(sequence);
    this.#pingsSent++;
    this.#outstanding.set(sequence, now);
    if (this.#outstanding.size > maxOutstanding) {
      for (const oldest of this.#outstanding.keys()) {
        this.#outstanding.delete(oldest);
        break;
      }
    }
    if (this.#answered.size > maxOutstanding) {
      for (const oldest of this.#answered) {
        this.#answered.delete(oldest);
        break;
      }
    }
    const jitter = 1 - jitterFraction + 2 * jitterFraction * this.#random();
    this.#nextPingAt = now + this.intervalMs * jitter;
    return { type: "ping", sequence };
  }

  #dropPong(sequence: number): PongResult {
    const ago = (this.#nextSequence - sequence) >>> 0;
    const wasSent = ago > 0 && ago <= this.#pingsSent;
    const reason = !wasSent ? "future" : this.#answered.has(sequence) ? "duplicate" : "unknown";
    this.#pongsDropped[reason]++;
    return { accepted: false, reason };
  }

  #enter(to: HeartbeatPhase, reason: string): HeartbeatEffect[] {
    const from = this.#phase;
    this.#phase = to;
    return [{ type: "phase", from, to, reason }];
  }
}
