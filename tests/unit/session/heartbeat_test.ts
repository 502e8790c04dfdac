import assert from "node:assert/strict";
import fc from "fast-check";
import { Heartbeat } from "../../../lib/session/mod.ts";
import { intervalMs, newHeartbeat, phasesOf, pingsOf, pong, tickUntil, timeoutMs } from "./heartbeats.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

Deno.test("the first ping goes out at once", () => {
  const heartbeat = newHeartbeat(1_234);
  assert.equal(heartbeat.deadline, 1_234);
  assert.deepEqual(heartbeat.tick(1_234), [{ type: "ping", sequence: 0 }]);
});

Deno.test("pings follow each other after the interval, 10 % more or less", () => {
  fc.assert(fc.property(fc.array(random, { minLength: 9, maxLength: 9 }), fc.nat(1e9), (draws, start) => {
    let draw = 0;
    const heartbeat = newHeartbeat(start, () => draws[draw++]);
    const pings = pingsOf(tickUntil(heartbeat, start + timeoutMs - 1)).slice(0, 9);
    assert.deepEqual(pings.map((ping) => ping.sequence), pings.map((_, i) => i));
    for (let i = 1; i < pings.length; i++) {
      const waited = pings[i].at - pings[i - 1].at;
      assert.ok(waited >= intervalMs * 0.9 - 1e-6 && waited <= intervalMs * 1.1 + 1e-6, `waited ${waited}`);
    }
  }));
});

Deno.test("the jitter spans the whole ±10 %", () => {
  const early = newHeartbeat(0, () => 0);
  const late = newHeartbeat(0, () => 1 - Number.EPSILON);
  early.tick(0);
  late.tick(0);
  assert.equal(early.deadline, intervalMs * 0.9);
  assert.ok(Math.abs(late.deadline - intervalMs * 1.1) < 0.01);
});

Deno.test("a tick that comes late sends one ping and skips those it missed", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  const effects = heartbeat.tick(4 * intervalMs + 100);
  assert.deepEqual(pingsOf(effects), [{ type: "ping", sequence: 1 }]);
  assert.equal(heartbeat.deadline, 5 * intervalMs + 100);
});

Deno.test("a tick before its time does nothing", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  assert.deepEqual(heartbeat.tick(intervalMs - 1), []);
});

Deno.test("the peer is alive from the first frame on, whatever frame it is", () => {
  const heartbeat = newHeartbeat();
  assert.equal(heartbeat.phase, "connecting");
  assert.deepEqual(heartbeat.heard(10), [
    { type: "phase", from: "connecting", to: "alive", reason: "the peer was heard" },
  ]);
  assert.deepEqual(heartbeat.heard(20), []);
  assert.equal(heartbeat.phase, "alive");
});

Deno.test("the peer is late when no pong came for two intervals, though frames keep coming", () => {
  const heartbeat = newHeartbeat();
  heartbeat.tick(0);
  heartbeat.heard(1);
  heartbeat.pong(pong(0), 5, 0);
  const effects = [];
  for (let at = 500; at <= 2 * intervalMs + 5; at += 500) {
    heartbeat.heard(at);
    effects.push(...tickUntil(heartbeat, at));
  }
  assert.equal(heartbeat.phase, "alive");
  heartbeat.heard(2 * intervalMs + 500);
  effects.push(...tickUntil(heartbeat, 3 * intervalMs));
  assert.deepEqual(phasesOf(effects), ["late"]);
});

Deno.test("a pong makes a late peer alive again", () => {
  const heartbeat = newHeartbeat();
  heartbeat.heard(0);
  assert.deepEqual(phasesOf(tickUntil(heartbeat, 4 * intervalMs)), ["late"]);
  const result = heartbeat.pong(pong(heartbeat.pingsSent - 1), 4 * intervalMs + 10, 0);
  assert.ok(result.accepted);
  assert.deepEqual(phasesOf(result.effects), ["alive"]);
});

Deno.test("other frames do not make a late peer alive again", () => {
  const heartbeat = newHeartbeat();
  heartbeat.heard(0);
  tickUntil(heartbeat, 4 * intervalMs);
  assert.deepEqual(heartbeat.heard(4 * intervalMs + 1), []);
  assert.equal(heartbeat.phase, "late");
});

Deno.test("the peer is lost after the timeout of total silence, and for good", () => {
  const heartbeat = newHeartbeat();
  heartbeat.heard(700);
  const effects = tickUntil(heartbeat, 10 * timeoutMs);
  const lost = effects.filter((effect) => effect.type === "phase" && effect.to === "lost");
  assert.deepEqual(lost.map((effect) => effect.at), [700 + timeoutMs]);
  assert.equal(heartbeat.deadline, Infinity);
  assert.deepEqual(heartbeat.heard(1e6), []);
  assert.deepEqual(heartbeat.tick(1e6), []);
  assert.deepEqual(heartbeat.suspect(1e6), []);
  assert.equal(heartbeat.phase, "lost");
});

Deno.test("a peer that was never heard is lost after the timeout", () => {
  const heartbeat = newHeartbeat(50);
  assert.deepEqual(phasesOf(tickUntil(heartbeat, 50 + timeoutMs)), ["lost"]);
});

Deno.test("a busy transfer without a single pong never loses its link", () => {
  const gaps = fc.array(fc.double({ min: 0, max: timeoutMs - 1, noNaN: true }), { maxLength: 60 });
  fc.assert(fc.property(gaps, random, (gaps, draw) => {
    const heartbeat = newHeartbeat(0, () => draw);
    let now = 0;
    for (const gap of gaps) {
      now += gap;
      tickUntil(heartbeat, now);
      heartbeat.heard(now);
      assert.notEqual(heartbeat.phase, "lost");
    }
  }));
});

Deno.test("ticking at deadlines loses a silent peer within the timeout and one interval", () => {
  const heardAt = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 20 });
  const settings = fc.record({
    start: fc.double({ min: 0, max: 1e9, noNaN: true }),
    intervalMs: fc.integer({ min: 1, max: 10_000 }),
    intervals: fc.double({ min: 1, max: 20, noNaN: true }),
    draw: random,
  });
  fc.assert(fc.property(heardAt, settings, (gaps, { start, intervalMs, intervals, draw }) => {
    const timeoutMs = intervalMs * intervals;
    const heartbeat = new Heartbeat({ intervalMs, timeoutMs, random: () => draw }, start);
    let now = start;
    for (const gap of gaps) {
      tickUntil(heartbeat, now + gap);
      if (heartbeat.phase === "lost") return;
      now += gap;
      heartbeat.heard(now);
    }
    // Bounded by hand: a deadline that does not move on would hang the test.
    for (let ticks = 0; heartbeat.phase !== "lost" && ticks < 100; ticks++) {
      const at = heartbeat.deadline;
      assert.ok(at <= now + timeoutMs + intervalMs, `deadline ${at - now} ms after the last frame`);
      heartbeat.tick(at);
    }
    assert.equal(heartbeat.phase, "lost");
  }));
});
