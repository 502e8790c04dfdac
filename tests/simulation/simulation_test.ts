import assert from "node:assert/strict";
import { indexSpace } from "../../lib/protocol/mod.ts";
import { type Plan, planOf } from "./plan.ts";
import { simulate } from "./simulate.ts";
import { Violation } from "./watcher.ts";
import type { World } from "./world.ts";

/** The first seed from 0 on whose world fails, with what it says; `null` when all go well. */
function firstFailure(seeds: number, changes: Partial<Plan>): { seed: number; message: string } | null {
  for (let seed = 0; seed < seeds; seed++) {
    // Long worlds would only make this slow.
    if (planOf(seed).scripts.some(({ clientLetters }) => clientLetters > 10_000)) continue;
    try {
      simulate(seed, { changes });
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { seed, message: error.message };
    }
  }
  return null;
}

Deno.test("a seed gives the same world, step for step", () => {
  const tell = (seed: number) => {
    const lines: string[] = [];
    simulate(seed, { tell: (line) => lines.push(line) });
    return lines;
  };
  for (const seed of [1, 42, 300]) {
    const lines = tell(seed);
    assert.ok(lines.length > 50);
    assert.deepEqual(lines, tell(seed));
  }
});

for (const kind of ["lose", "swap"] as const) {
  Deno.test(`a network that breaks its promise is noticed: it may ${kind} messages of a link`, () => {
    assert.equal(firstFailure(20, {}), null);
    assert.notEqual(firstFailure(20, { mischief: { kind, everyMessages: 50 } }), null);
  });
}

Deno.test("a receiver that acknowledges what it has not handed on is noticed when it dies", () => {
  const failure = firstFailure(300, { careless: true });
  assert.match(failure?.message ?? "", /no origin ever got letter/);
});

Deno.test("letters come in frames of their own, and together with others, over the same streams", () => {
  let letters = 0;
  let together = 0;
  for (let seed = 4; seed < 100; seed++) {
    const report = simulate(seed);
    letters += report.letters;
    together += report.together;
  }
  assert.ok(together > letters / 20 && together < letters / 2, `${together} of ${letters}`);
});

Deno.test("indices wrap several times, and half of their circle is used up, in some of the worlds", () => {
  let wraps = 0;
  for (let seed = 0; seed < 2_000; seed++) {
    for (const { clientLetters } of planOf(seed).scripts) {
      wraps = Math.max(wraps, Math.floor(clientLetters / indexSpace));
    }
  }
  assert.ok(wraps >= 3);
  const full = indexSpace / 2 - 1;
  let most = 0;
  const look = (world: World) => {
    for (const session of world.sessions()) {
      for (const { send } of session.streams()) most = Math.max(most, send.unacknowledgedFrames);
    }
  };
  for (let seed = 0; seed < 2_000 && most < full; seed++) {
    if (planOf(seed).profile === "half-window") simulate(seed, { look });
  }
  assert.equal(most, full);
});
