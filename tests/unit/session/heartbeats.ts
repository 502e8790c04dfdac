import { frameTypes, type PongFrame } from "../../../lib/protocol/mod.ts";
import { Heartbeat, type HeartbeatEffect } from "../../../lib/session/mod.ts";

export const intervalMs = 3_000;
export const timeoutMs = 30_000;

/** `random` that puts each ping exactly one interval after the last. */
const noJitter = () => 0.5;

export function newHeartbeat(now = 0, random: () => number = noJitter): Heartbeat {
  return new Heartbeat({ intervalMs, timeoutMs, random }, now);
}

/** A pong whose wall-clock times, which matter to the clock offset alone, are all 0. */
export function pong(sequence: number): PongFrame {
  return { type: frameTypes.pong, sequence, sentAtUs: 0, receivedAtUs: 0, repliedAtUs: 0 };
}

/** Calls `tick` at each deadline up to `until`, both included, or until it is lost; says what came of it and when. */
export function tickUntil(heartbeat: Heartbeat, until: number): (HeartbeatEffect & { at: number })[] {
  const effects: (HeartbeatEffect & { at: number })[] = [];
  // A lost heartbeat has no deadline any more: it stands at infinity.
  while (heartbeat.deadline <= until && heartbeat.phase !== "lost") {
    const at = heartbeat.deadline;
    for (const effect of heartbeat.tick(at)) effects.push({ ...effect, at });
  }
  return effects;
}

/** The pings among `effects`. */
export function pingsOf<E extends HeartbeatEffect>(effects: readonly E[]): Extract<E, { type: "ping" }>[] {
  return effects.filter((effect) => effect.type === "ping") as Extract<E, { type: "ping" }>[];
}

/** The phases that `effects` enter. */
export function phasesOf(effects: readonly HeartbeatEffect[]): string[] {
  return effects.filter((effect) => effect.type === "phase").map((effect) => effect.to);
}
