import { bytePool } from "../../lib/session/mod.ts";
import type { Incarnation, Outcome } from "./conversation.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Teller } from "./tale.ts";
import { Violation } from "./watcher.ts";
import { World } from "./world.ts";

export interface Report {
  /** What ended how, over all conversations. */
  outcomes: Record<string, number>;
  steps: number;
  /** Virtual time the world took, milliseconds. */
  endedAtMs: number;
  letters: number;
  /** Letters that came to a client or an origin with others in one frame. */
  together: number;
  /** Streams opened beyond the first of each conversation. */
  woken: number;
}

export interface SimulateOptions {
  /** Told everything that happens, a line each. */
  tell?: Teller;
  /** Shown the world after each step. */
  look?: (world: World) => void;
  /** What is to be otherwise than the seed has it. */
  changes?: Partial<Plan>;
}

// A payload that is looked at after its buffer went back to the pool is no longer what was sent.
bytePool.beStrict();

/** A world that stands still this long after everything calmed down will never end, milliseconds. */
const patienceMs = 900_000;

/** Steps after which a world is taken to go round in circles. */
const maxSteps = 20_000_000;

/**
 * Runs the world of a seed to its end and checks it all the way.
 *
 * @throws {Violation} when anything happened that must not
 */
export function simulate(seed: number, options: SimulateOptions = {}): Report {
  const plan = planOf(seed, options.changes);
  const world = new World(plan, options.tell);
  const until = plan.calmAtMs + patienceMs;
  const { look } = options;
  runUntil(
    { world, look, untilMs: until },
    () => world.conversations.every(({ outcome }) => outcome !== null),
    () => {
      const open = world.conversations.filter(({ outcome }) => outcome === null).map(({ name }) => name);
      return `these never ended: ${open.join(", ")}`;
    },
  );
  checkOutcomes(world);
  runUntil(
    { world, look, untilMs: until + patienceMs },
    () => isCollected(world),
    () => `left over: ${leftOver(world)}`,
  );
  const endedAtMs = world.schedule.now;
  world.close();
  runUntil(
    { world, look, untilMs: endedAtMs + patienceMs },
    () => world.schedule.pending === 0,
    () => "timers are left after the end",
  );
  return { ...reportOf(world), endedAtMs };
}

function runUntil(
  { world, look, untilMs }: { world: World; look?: (world: World) => void; untilMs: number },
  done: () => boolean,
  complaint: () => string,
): void {
  while (!done()) {
    if (!world.step() || world.schedule.now > untilMs || world.steps > maxSteps) {
      throw new Violation(complaint());
    }
    look?.(world);
  }
}

/** Whether nothing is left of any stream, at either end of every link. */
function isCollected(world: World): boolean {
  return world.schedule.now >= world.plan.calmAtMs && leftOver(world) === "";
}

function leftOver(world: World): string {
  const left: string[] = [];
  for (const session of world.sessions()) {
    const { streamCount, tombstoneCount, bufferedBytes, hasFrames } = session;
    if (streamCount > 0) left.push(`${streamCount} streams`);
    if (tombstoneCount > 0) left.push(`${tombstoneCount} tombstones`);
    if (bufferedBytes > 0) left.push(`${bufferedBytes} bytes`);
    if (hasFrames) left.push("frames for the link");
  }
  const { hibernating } = world.gateway.pool;
  if (hibernating > 0) left.push(`${hibernating} sleepers`);
  return left.join(", ");
}

/** Where links broke and processes lived, nothing may be lost. */
function checkOutcomes(world: World): void {
  const { profile } = world.plan;
  for (const { outcome, name, incarnations, script } of world.conversations) {
    if (outcome?.kind === "shed" && profile !== "memory") {
      throw new Violation(`${name} was shed for no reason`);
    }
    checkResets(incarnations.at(-1), { name, outcome });
    const exact = profile === "blips" || profile === "drains";
    if (!exact && profile !== "memory") continue;
    const fine = outcome?.kind === "completed" || (outcome?.kind === "origin" && script.refuses);
    if (exact && (!fine || incarnations.length > 1)) {
      throw new Violation(
        `${name} ended with ${outcome?.kind} over ${incarnations.length} streams, but only links broke`,
      );
    }
  }
}

/** A stream is reset only because one of its ends gave it up: one whose exchange came to its good end never is. */
function checkResets(
  last: Incarnation | undefined,
  of: { name: string; outcome: Outcome | null },
): void {
  if (of.outcome?.kind !== "completed" || last === undefined || last.givenUp) return;
  if (last.resets.length > 0) {
    throw new Violation(`${of.name} completed, but its stream ended with ${last.resets.join(", ")}`);
  }
}

function reportOf(world: World): Omit<Report, "endedAtMs"> {
  const outcomes: Record<string, number> = {};
  let letters = 0;
  let together = 0;
  let woken = 0;
  for (const { outcome, incarnations, handed } of world.conversations) {
    outcomes[outcome!.kind] = (outcomes[outcome!.kind] ?? 0) + 1;
    letters += handed;
    woken += incarnations.length - 1;
    for (const { nextAtClient, cameTogether } of incarnations) {
      letters += nextAtClient;
      together += cameTogether;
    }
  }
  return { outcomes, steps: world.steps, letters, together, woken };
}
