import type { PingFrame, PongFrame } from "../../protocol/mod.ts";
import { Heartbeat, type HeartbeatEffect, type HeartbeatPhase } from "../../session/mod.ts";
import type { Problem } from "./violation.ts";

/**
 * Frames are recorded a moment before or after the heartbeat looks at its clock. A decision that would fall
 * differently within this time is taken as recorded, milliseconds.
 */
const clockToleranceMs = 250;

/** A pong that took less is surely not out of band, milliseconds. */
const nearOutOfBandMs = 100;

/** Pings of the peer that are remembered until they are answered. */
const maxUnanswered = 256;

export interface HeartbeatCheckOptions {
  intervalMs: number;
  timeoutMs: number;
  /** When the link came up, milliseconds since the capture began. */
  startedMs: number;
  /** The link was up before the capture began: its pings before that are not known. */
  partial: boolean;
}

/**
 * One link's heartbeat at the capturing side, run again on the recorded times: pings bear the sequence numbers the
 * machine gives out, pongs answer pings, and the phases recorded are those that it passes through.
 */
export class HeartbeatCheck {
  readonly #heartbeat: Heartbeat;
  /** Pings of the peer that this side has not answered. */
  readonly #toAnswer = new Set<number>();
  readonly #partial: boolean;
  /** The machine has decided to send this ping; its frame is to follow. */
  #decidedPing: number | null = null;
  /** The machine has moved on; the event that says so is to follow. */
  #decidedPhase: HeartbeatPhase | null = null;
  #decidedAtMs = 0;
  /** A moment more or less would not have changed that. */
  #certain = false;
  /** When anything came, or the link came up. */
  #heardAtMs: number;
  /** When a pong was last accepted, or the link came up. */
  #pongAtMs: number;
  /** What is recorded went another way within the tolerance: phases cannot be compared any more. */
  #phasesKnown = true;

  constructor(options: HeartbeatCheckOptions) {
    // The earliest moment that jitter allows: a recorded ping is never too early for the machine.
    this.#heartbeat = new Heartbeat({ ...options, random: () => 0 }, options.startedMs);
    this.#partial = options.partial;
    this.#pongAtMs = options.startedMs;
    this.#heardAtMs = options.startedMs;
    if (options.partial) this.#phasesKnown = false;
  }

  /** Anything came from the peer. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#take(this.#heartbeat.heard(nowMs), nowMs);
  }

  pingSent(ping: PingFrame, nowMs: number): Problem | null {
    if (this.#partial) return null;
    if (this.#decidedPing === null) this.#tickUnlessLost(nowMs);
    // Outside its schedule a ping is sent when the wall clock has jumped, which no frame tells.
    if (this.#decidedPing === null) this.#suspect(nowMs);
    const decided = this.#decidedPing;
    this.#decidedPing = null;
    if (decided === ping.sequence) return null;
    return { rule: "decision", message: `ping ${ping.sequence} was sent where ${decided} was next` };
  }

  pongReceived(pong: PongFrame, nowMs: number): Problem | null {
    if (this.#partial) return null;
    const result = this.#heartbeat.pong(pong, nowMs, pong.repliedAtUs);
    if (result.accepted) {
      this.#pongAtMs = nowMs;
      this.#take(result.effects, nowMs);
      this.#certain &&= result.rttMs < nearOutOfBandMs;
      return null;
    }
    const why = {
      future: "no such ping was sent",
      duplicate: "it had been answered",
      unknown: "that ping is forgotten",
    };
    return { rule: "pong-without-ping", message: `pong ${pong.sequence} arrived: ${why[result.reason]}` };
  }

  pingReceived(ping: PingFrame): void {
    this.#toAnswer.add(ping.sequence);
    if (this.#toAnswer.size <= maxUnanswered) return;
    for (const oldest of this.#toAnswer) {
      this.#toAnswer.delete(oldest);
      return;
    }
  }

  pongSent(pong: PongFrame): Problem | null {
    if (this.#toAnswer.delete(pong.sequence) || this.#partial) return null;
    return { rule: "pong-without-ping", message: `pong ${pong.sequence} was sent: no such ping had arrived` };
  }

  /** The heartbeat is recorded to have moved on. */
  phase(from: HeartbeatPhase, to: HeartbeatPhase, nowMs: number): Problem | null {
    if (!this.#phasesKnown) return null;
    if (this.#decidedPhase === null && to === "lost") this.#tick(nowMs);
    else if (this.#decidedPhase === null && to === "late") this.#tickUnlessLost(nowMs);
    const decided = this.#decidedPhase;
    this.#decidedPhase = null;
    if (decided === to) return null;
    this.#phasesKnown = false;
    if (this.#isNear(to, nowMs)) return null;
    return {
      rule: "decision",
      message: `the heartbeat went from ${from} to ${to} where it would ` +
        (decided === null ? `have stayed ${this.#heartbeat.phase}` : `have gone to ${decided}`),
    };
  }

  /**
   * A frame follows: a change of phase that was decided on must have been recorded before it, unless the frame came
   * in the same message, at the same time.
   */
  settle(nowMs: number): Problem | null {
    const decided = this.#decidedPhase;
    if (decided === null || nowMs === this.#decidedAtMs) return null;
    this.#decidedPhase = null;
    if (!this.#phasesKnown) return null;
    this.#phasesKnown = false;
    if (!this.#certain) return null;
    return { rule: "decision", message: `the heartbeat did not become ${decided} where it would have` };
  }

  /**
   * What is recorded shows that the link is not lost. Where the machine would give it up, part of a message was heard,
   * or a stop of this process was just short enough: both leave no record.
   */
  #tickUnlessLost(nowMs: number): void {
    const heartbeat = this.#heartbeat;
    const { timeoutMs } = heartbeat;
    if (nowMs - this.#heardAtMs >= timeoutMs && heartbeat.phase !== "connecting") {
      this.#heardAtMs = nowMs;
      heartbeat.heard(nowMs);
    }
    if (nowMs - heartbeat.deadline >= timeoutMs) {
      this.#phasesKnown = false;
      this.#suspect(nowMs);
    } else {
      this.#tick(nowMs);
    }
  }

  /** Makes the machine ping at once, and hold nothing against the peer. */
  #suspect(nowMs: number): void {
    this.#take(this.#heartbeat.suspect(nowMs), nowMs);
    if (this.#heartbeat.phase !== "connecting") this.#heartbeat.heard(this.#heardAtMs);
  }

  #tick(nowMs: number): void {
    const pongAgoMs = nowMs - this.#pongAtMs;
    this.#take(this.#heartbeat.tick(nowMs), nowMs);
    // Silence is not told by frames alone: part of a message breaks it, too.
    this.#certain = this.#decidedPhase === "late" &&
      pongAgoMs > 2 * this.#heartbeat.intervalMs + clockToleranceMs;
  }

  #take(effects: HeartbeatEffect[], nowMs: number): void {
    for (const effect of effects) {
      if (effect.type === "ping") this.#decidedPing = effect.sequence;
      else {
        this.#decidedPhase = effect.to;
        this.#decidedAtMs = nowMs;
        this.#certain = true;
      }
    }
  }

  /** Whether the machine would go to `to` a moment earlier or later. */
  #isNear(to: HeartbeatPhase, nowMs: number): boolean {
    const { intervalMs, timeoutMs, rtt } = this.#heartbeat;
    const pongAgoMs = nowMs - this.#pongAtMs;
    if (to === "lost") return pongAgoMs > timeoutMs - clockToleranceMs;
    return rtt.lastMs >= nearOutOfBandMs || (to === "late" && pongAgoMs > 2 * intervalMs - clockToleranceMs);
  }
}
