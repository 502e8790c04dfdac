import assert from "node:assert/strict";
import fc from "fast-check";
import { frameTypes, maxId } from "../../../lib/protocol/mod.ts";
import { Heartbeat } from "../../../lib/session/mod.ts";
import { intervalMs, newHeartbeat, phasesOf, pingsOf, pong, tickUntil } from "./heartbeats.ts";

Deno.test("a pong is measured on this end's monotonic clock", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  const result = heartbeat.pong(pong(0), 42.5, 0);
  assert.ok(result.accepted);
  assert.equal(result.rttMs, 42.5);
  assert.equal(heartbeat.rtt.lastMs, 42.5);
  assert.equal(heartbeat.lastPongAt, 42.5);
});

Deno.test("a pong that was answered before is counted and dropped", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  heartbeat.pong(pong(0), 10, 0);
  assert.deepEqual(heartbeat.pong(pong(0), 9_000, 0), { accepted: false, reason: "duplicate" });
  assert.deepEqual(heartbeat.pongsDropped, { unknown: 0, duplicate: 1, future: 0 });
  assert.equal(heartbeat.rtt.samples, 1);
  assert.equal(heartbeat.lastPongAt, 10);
});

Deno.test("a pong to a ping that was never sent is counted and dropped", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  for (const sequence of [1, 77, maxId]) {
    assert.deepEqual(heartbeat.pong(pong(sequence), 10, 0), { accepted: false, reason: "future" });
  }
  assert.deepEqual(heartbeat.pongsDropped, { unknown: 0, duplicate: 0, future: 3 });
  assert.equal(heartbeat.rtt.samples, 0);
  assert.equal(heartbeat.phase, "connecting");
});

Deno.test("a pong to a ping too old to be remembered is counted and dropped", () => {
  const heartbeat = newHeartbeat();
  for (let i = 0; i < 80; i++) {
    heartbeat.heard(i * intervalMs);
    tickUntil(heartbeat, i * intervalMs);
  }
  assert.deepEqual(heartbeat.pong(pong(3), 80 * intervalMs, 0), { accepted: false, reason: "unknown" });
  assert.ok(heartbeat.pong(pong(79), 80 * intervalMs, 0).accepted);
});

Deno.test("no pong that answers nothing is ever measured", () => {
  const steps = fc.array(
    fc.oneof(
      fc.constant("ping" as const),
      fc.record({ sequence: fc.oneof(fc.nat(12), fc.nat(maxId)), wait: fc.nat(400) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(fc.property(steps, (steps) => {
    const heartbeat = newHeartbeat();
    const waiting = new Set<number>();
    let now = 0;
    let measured = 0;
    let dropped = 0;
    for (const step of steps) {
      if (step === "ping") {
        now = heartbeat.deadline;
        heartbeat.heard(now);
        for (const { sequence } of pingsOf(heartbeat.tick(now))) waiting.add(sequence);
        continue;
      }
      now = Math.min(now + step.wait, heartbeat.deadline);
      const result = heartbeat.pong(pong(step.sequence), now, 0);
      assert.equal(result.accepted, waiting.delete(step.sequence));
      if (result.accepted) measured++;
      else dropped++;
    }
    assert.equal(heartbeat.rtt.samples, measured);
    const { unknown, duplicate, future } = heartbeat.pongsDropped;
    assert.equal(unknown + duplicate + future, dropped);
  }));
});

Deno.test("wall clocks, however wrong, change the clock offset and nothing else", () => {
  const wall = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const exchange = fc.record({
    rttMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
    answered: fc.boolean(),
    sentAtUs: wall,
    receivedAtUs: wall,
    repliedAtUs: wall,
    wallUs: wall,
  });
  fc.assert(fc.property(fc.array(exchange, { maxLength: 30 }), (exchanges) => {
    const skewed = newHeartbeat();
    const right = newHeartbeat();
    for (const { rttMs, answered, wallUs, ...times } of exchanges) {
      const at = skewed.deadline;
      assert.deepEqual(skewed.tick(at), right.tick(at));
      if (!answered) continue;
      const sequence = skewed.pingsSent - 1;
      assert.deepEqual(
        skewed.pong({ type: frameTypes.pong, sequence, ...times }, at + rttMs, wallUs),
        right.pong(pong(sequence), at + rttMs, 0),
      );
    }
    assert.equal(skewed.phase, right.phase);
    assert.equal(skewed.deadline, right.deadline);
    assert.deepEqual(skewed.rtt, right.rtt);
  }));
});

Deno.test("a pong far above the baseline marks the link late, and the next good one alive", () => {
  const heartbeat = newHeartbeat();
  heartbeat.heard(0);
  heartbeat.tick(0);
  heartbeat.pong(pong(0), 20, 0);
  heartbeat.tick(intervalMs);
  const stalled = heartbeat.pong(pong(1), intervalMs + 2_500, 0);
  assert.ok(stalled.accepted && stalled.outOfBand);
  assert.deepEqual(phasesOf(stalled.effects), ["late"]);
  assert.equal(heartbeat.lastPongAt, 20);
  heartbeat.tick(2 * intervalMs);
  const good = heartbeat.pong(pong(2), 2 * intervalMs + 25, 0);
  assert.ok(good.accepted && !good.outOfBand);
  assert.deepEqual(phasesOf(good.effects), ["alive"]);
});

Deno.test("a pong that comes when the link is lost changes nothing", () => {
  const heartbeat = newHeartbeat();
  tickUntil(heartbeat, Infinity);
  const result = heartbeat.pong(pong(heartbeat.pingsSent - 1), 40_000, 0);
  assert.ok(result.accepted);
  assert.deepEqual(result.effects, []);
  assert.equal(heartbeat.phase, "lost");
});

Deno.test("sequence numbers stay within u32 and wrap", () => {
  const options = { intervalMs, random: () => 0.5, firstSequence: maxId - 1 };
  const heartbeat = new Heartbeat(options, 0);
  const sequences: number[] = [];
  for (let i = 0; i < 4; i++) {
    heartbeat.heard(i * intervalMs);
    for (const ping of pingsOf(heartbeat.tick(i * intervalMs))) sequences.push(ping.sequence);
  }
  assert.deepEqual(sequences, [maxId - 1, maxId, 0, 1]);
  const now = 3 * intervalMs + 1;
  assert.deepEqual(heartbeat.pong(pong(2), now, 0), { accepted: false, reason: "future" });
  assert.deepEqual(heartbeat.pong(pong(maxId - 2), now, 0), { accepted: false, reason: "future" });
  assert.ok(heartbeat.pong(pong(maxId), now, 0).accepted);
  assert.ok(heartbeat.pong(pong(0), now, 0).accepted);
  assert.deepEqual(heartbeat.pong(pong(maxId), now, 0), { accepted: false, reason: "duplicate" });
});
