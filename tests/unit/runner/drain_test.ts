/** When a runner that drains is over, in virtual time. */
import assert from "node:assert/strict";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import type { VirtualLink } from "../../support/virtual_link.ts";
import { firstWaitMs, VirtualRunner, welcome } from "./virtual_runner.ts";

Deno.test("a draining runner without streams is closed when its gateway has answered, or its time is over: a stream may be on its way", () => {
  for (const answersPings of [true, false]) {
    const runner = new VirtualRunner();
    const link = runner.welcomed();
    runner.clock.advance(10);
    link.answersPings = answersPings;
    runner.clock.turn(() => runner.core.drain(20_000));
    runner.clock.advance(answersPings ? 10 : 19_999);
    assert.equal(link.ended !== null, answersPings);
    runner.clock.advance(1);
    assert.notEqual(link.ended, null);
  }
});

Deno.test("a draining runner whose link is lost before the gateway has answered asks over the next", () => {
  const runner = new VirtualRunner();
  const link = runner.welcomed();
  runner.clock.advance(10);
  link.answersPings = false;
  runner.clock.turn(() => runner.core.drain(60_000));
  link.destroy();
  runner.clock.advance(firstWaitMs);
  const next = runner.welcomed({ resumed: true });
  assert.equal(next.framesSent(frameTypes.goAway).length, 1);
  runner.clock.advance(10);
  assert.notEqual(next.ended, null);
});

Deno.test("a draining runner is not closed by the answer of a gateway that it leaves: a stream may come from the next", () => {
  const runner = new VirtualRunner();
  const leaving = runner.welcomed();
  runner.clock.advance(10);
  leaving.answersPings = false;
  runner.clock.turn(() => runner.core.drain(20_000));
  leaving.receive({ type: frameTypes.goAway, drainMs: 10_000, reason: "shutting down" });
  runner.clock.advance(firstWaitMs);
  const next = runner.connects();
  next.answersPings = false;
  next.receive(...welcome({ gatewayId: 8 }));
  runner.clock.advance(1);
  answerLastPing(leaving);
  runner.clock.advance(1);
  assert.equal(next.ended, null);
  answerLastPing(next);
  runner.clock.advance(1);
  assert.notEqual(next.ended, null);
});

function answerLastPing(link: VirtualLink): void {
  const { sequence, sentAtUs } = link.framesSent(frameTypes.ping).at(-1)!;
  link.receive({ type: frameTypes.pong, sequence, sentAtUs, receivedAtUs: 0, repliedAtUs: 0 });
}
