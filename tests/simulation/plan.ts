import type { Script } from "./conversation.ts";
import type { Mischief } from "./network.ts";
import { Random } from "./random.ts";

/** What happens to the network or to a process, and when. */
export type Fault =
  | { kind: "cut"; atMs: number; cut: "told" | "silent"; way: "both" | "up" | "down" }
  /** Nothing gets through, and nobody can dial, for a while. */
  | { kind: "outage"; atMs: number; forMs: number; cut: "told" | "silent" }
  | { kind: "stop"; atMs: number; forMs: number; who: "gateway" | "runner" }
  | { kind: "restart"; atMs: number; forMs: number; cut: "told" | "silent" }
  | { kind: "drain"; atMs: number; withinMs: number }
  | { kind: "join"; atMs: number };

/** Everything about one simulated world that its seed decides beforehand. */
export interface Plan {
  seed: number;
  profile: Profile;
  runners: number;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  resumeWindowMs: number;
  hibernateWindowMs: number;
  wake: "any" | "same";
  maxBufferedBytes: number;
  latencyMs: number;
  jitterMs: number;
  bytesPerMs: number;
  dialMs: number;
  scripts: Script[];
  faults: Fault[];
  /** After this nothing breaks any more. */
  calmAtMs: number;
  careless: boolean;
  mischief?: Mischief;
}

/**
 * `blips`: links break, processes live: nothing may be lost at all. `drains`: the same, and runners leave in good
 * order, each when its streams have ended. `restarts`: anything happens. `wrap`: a few
 * streams so long that their message indices wrap several times. `half-window`: frames without bytes towards a
 * reader that stalls, until 2^15 - 1 are unacknowledged. `memory`: large letters, slow readers, a tight bound.
 */
export type Profile = "blips" | "drains" | "restarts" | "wrap" | "half-window" | "memory";

/** One seed in this many makes a long world; they cost as much as hundreds of others. */
const longEvery = 250;

function profileOf(seed: number, random: Random): Profile {
  if (seed % longEvery === 3) return "wrap";
  if (seed % longEvery === 128) return "half-window";
  if (random.chance(0.05)) return "memory";
  if (random.chance(0.1)) return "drains";
  return random.chance(0.4) ? "blips" : "restarts";
}

/** Draws the world that belongs to a seed. */
export function planOf(seed: number, changes: Partial<Plan> = {}): Plan {
  const random = new Random(seed);
  const profile = changes.profile ?? profileOf(seed, random);
  const long = profile === "wrap" || profile === "half-window";
  const calmAtMs = random.between(3_000, 20_000);
  const pingIntervalMs = random.int(300, 3_000);
  const patient = profile === "blips" || profile === "drains";
  // A window shorter than it takes to notice a silent link, too: then the ends give a session up at different times.
  const resumeWindowMs = patient ? 600_000 : random.int(500, random.pick([3_000, 30_000]));
  const plan: Plan = {
    seed,
    profile,
    runners: profile === "restarts" && random.chance(0.4) ? 2 : 1,
    pingIntervalMs,
    // Longer than the slowest message takes: a link that is merely slow is not lost.
    pingTimeoutMs: Math.max(6_000, pingIntervalMs * random.int(3, 10)),
    resumeWindowMs,
    hibernateWindowMs: resumeWindowMs + random.int(0, 30_000),
    wake: random.chance(0.7) ? "any" : "same",
    maxBufferedBytes: profile === "memory" ? random.int(1, 3) * 1024 * 1024 : 256 * 1024 * 1024,
    latencyMs: random.between(0, random.pick([2, 20, 150])),
    jitterMs: random.between(0, random.pick([1, 30, 500])),
    bytesPerMs: random.pick([100, 5_000, 100_000]),
    dialMs: random.pick([1, 50, 2_000]),
    scripts: [],
    faults: [],
    calmAtMs,
    careless: false,
  };
  const count = long ? random.int(1, 2) : random.int(1, 12);
  for (let i = 0; i < count; i++) {
    plan.scripts.push(long ? longScript(plan, random) : script(plan, random));
  }
  const faults = long ? random.int(4, 12) : random.int(0, 12);
  for (let i = 0; i < faults; i++) plan.faults.push(fault(plan, random));
  return { ...plan, ...changes };
}

function script(plan: Plan, random: Random): Script {
  const kind = random.chance(0.5) ? "websocket" : "http";
  const hasBody = random.chance(0.6);
  const many = () => random.chance(0.15) ? 0 : random.int(1, random.pick([3, 30, 150]));
  const exact = plan.profile === "blips" || plan.profile === "drains";
  const sizes = plan.profile === "memory" ? "large" : random.pick(
    kind === "websocket" ? ["empty", "tiny", "mixed", "mixed"] as const : ["tiny", "mixed"] as const,
  );
  return {
    kind,
    startsAtMs: random.between(0, plan.calmAtMs * 0.8),
    method: hasBody ? random.pick(["POST", "PUT"] as const) : random.pick(["GET", "GET", "POST"] as const),
    hasBody,
    clientLetters: kind === "http" && !hasBody ? 0 : many(),
    originLetters: many(),
    sizes,
    burst: random.pick([1, 3, 20]),
    pauseMs: random.pick([0, 5, 100, 700]),
    joinChance: random.pick([0, 0.5, 1]),
    stallChance: random.pick([0, 0.02, 0.2]),
    stallMs: random.pick([10, 500, 8_000]),
    respondsAfter: random.chance(0.6) ? Infinity : random.int(0, 20),
    closer: random.pick(["client", "origin", "both"] as const),
    refuses: random.chance(0.06),
    handles: random.chance(0.4),
    abortsAfterMs: !exact && random.chance(0.15) ? random.between(0, 5_000) : null,
    failsAfterMs: !exact && random.chance(0.1) ? random.between(0, 5_000) : null,
  };
}

/** Indices are 16 bits: 70,000 frames wrap once, 280,000 four times. */
function longScript(plan: Plan, random: Random): Script {
  const half = plan.profile === "half-window";
  return {
    kind: "websocket",
    startsAtMs: 0,
    method: "GET",
    hasBody: false,
    clientLetters: half ? random.int(40_000, 70_000) : random.int(70_000, 280_000),
    originLetters: half ? random.int(0, 40_000) : random.int(0, 80_000),
    sizes: half ? "empty" : "tiny",
    burst: random.pick([300, 700]),
    pauseMs: random.pick([10, 50]),
    // Indices are to be used up.
    joinChance: 0,
    stallChance: half ? 0.000_05 : 0.000_1,
    stallMs: half ? 10_000 : 500,
    respondsAfter: 0,
    closer: random.pick(["client", "origin", "both"] as const),
    refuses: false,
    handles: false,
    abortsAfterMs: null,
    failsAfterMs: null,
  };
}

function fault(plan: Plan, random: Random): Fault {
  const atMs = random.between(0, plan.calmAtMs);
  const cut = random.pick(["told", "told", "silent"] as const);
  const forMs = random.between(0, random.pick([50, 2_000, 15_000]));
  const blip = random.next();
  if (plan.profile === "drains" && random.chance(0.35)) return { kind: "drain", atMs, withinMs: 600_000 };
  if (!["blips", "drains", "memory"].includes(plan.profile) && random.chance(0.35)) {
    if (blip < 0.6) return { kind: "restart", atMs, forMs, cut };
    return blip < 0.85 ? { kind: "drain", atMs, withinMs: forMs } : { kind: "join", atMs };
  }
  if (blip < 0.6) {
    return { kind: "cut", atMs, cut, way: random.pick(["both", "both", "up", "down"] as const) };
  }
  if (blip < 0.75) return { kind: "outage", atMs, cut, forMs };
  return { kind: "stop", atMs, forMs, who: random.pick(["gateway", "runner"] as const) };
}
