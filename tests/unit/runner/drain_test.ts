/** When a runner that drains is over, in virtual time. */
import assert from "node:assert/strict";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import type { VirtualLink } from "../../support/virtual_link.ts";
import { firstWaitMs, VirtualRunner } from "./virtual_runner.ts";

/** A runner that was told to drain over the link that it has, on which its gateway answers pings or not. */
function draining(
  { answersPings, withinMs }: { answersPings: boolean; withinMs: number },
): { runner: VirtualRunner; link: VirtualLink } {
  const runner = new VirtualRunner();
  const link = runner.welcomed();
  runner.clock.advance(10);
  link.answersPings = answersPings;
  runner.clock.turn(() => runner.core.drain(withinMs));
  return { runner, link };
}

Deno.test("a draining runner without streams is closed when its gateway has answered, or its time is over: a stream may be on its way", () => {
  for (const answersPings of [true, false]) {
    const { runner, link } = draining({ answersPings, withinMs: 20_000 });
    runner.clock.advance(answersPings ? 10 : 19_999);
    assert.equal(link.ended !== null, answersPings);
    runner.clock.advance(1);
    assert.notEqual(link.ended, null);
  }
});

Deno.test("a draining runner whose link is lost before the gateway has answered asks over the next", () => {
  const { runner, link } = draining({ answersPings: false, withinMs: 60_000 });
  link.destroy();
  runner.clock.advance(firstWaitMs);
  const next = runner.welcomed({ resumed: true });
  assert.equal(next.framesSent(frameTypes.goAway).length, 1);
  runner.clock.advance(10);
  assert.notEqual(next.ended, null);
});

Deno.test("a draining runner whose gateway leaves, too, dials no other, and is over when that link ends", () => {
  const { runner, link } = draining({ answersPings: false, withinMs: 60_000 });
  link.receive({ type: frameTypes.goAway, drainMs: 10_000, reason: "the gateway is shutting down" });
  runner.clock.advance(5_000);
  assert.equal(runner.isOver, false, "a stream may be on its way");
  link.destroy();
  runner.clock.advance(1);
  assert.equal(runner.isOver, true);
  assert.equal(runner.dialledAtMs.length, 1);
});

Deno.test("a draining runner whose leaving gateway has answered is over at once", () => {
  const { runner, link } = draining({ answersPings: true, withinMs: 60_000 });
  link.receive({ type: frameTypes.goAway, drainMs: 10_000, reason: "the gateway is shutting down" });
  runner.clock.advance(10);
  assert.equal(runner.isOver, true);
});
