import assert from "node:assert/strict";
import fc from "fast-check";
import { intervalMs, newHeartbeat, phasesOf, pingsOf, pong, tickUntil, timeoutMs } from "./heartbeats.ts";

/** A heartbeat whose peer was heard and answered at `now`, and whose next tick is one interval away. */
function healthy(now: number) {
  const heartbeat = newHeartbeat(now);
  heartbeat.tick(now);
  heartbeat.heard(now);
  heartbeat.pong(pong(0), now, 0);
  return heartbeat;
}

Deno.test("a process that stood still for less than the timeout gives its peer one more interval", () => {
  const heartbeat = healthy(0);
  // Its peer was silent for longer than the timeout by now, but so was this process.
  const wokeAt = intervalMs + timeoutMs - 1;
  assert.deepEqual(pingsOf(heartbeat.tick(wokeAt)).length, 1);
  assert.notEqual(heartbeat.phase, "lost");
  tickUntil(heartbeat, wokeAt + intervalMs - 1);
  assert.notEqual(heartbeat.phase, "lost");
  assert.deepEqual(phasesOf(tickUntil(heartbeat, wokeAt + intervalMs)), ["lost"]);
});

Deno.test("a peer that is heard in the interval after a stop stays", () => {
  const heartbeat = healthy(0);
  const wokeAt = intervalMs + timeoutMs - 1;
  heartbeat.tick(wokeAt);
  heartbeat.heard(wokeAt + intervalMs - 1);
  tickUntil(heartbeat, wokeAt + intervalMs + 1);
  assert.notEqual(heartbeat.phase, "lost");
});

Deno.test("a process that stood still for the timeout or longer has lost its peer at once", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (longer) => {
    const heartbeat = healthy(0);
    assert.deepEqual(phasesOf(heartbeat.tick(intervalMs + timeoutMs + longer)), ["lost"]);
  }));
});

Deno.test("a stop is no reason to call the peer late", () => {
  const heartbeat = healthy(0);
  assert.deepEqual(phasesOf(heartbeat.tick(5 * intervalMs)), []);
  assert.equal(heartbeat.phase, "alive");
});

Deno.test("timers that are a little late earn no grace", () => {
  const heartbeat = healthy(0);
  let now = 0;
  while (heartbeat.phase !== "lost" && now < 2 * timeoutMs) {
    now = heartbeat.deadline + intervalMs / 2;
    heartbeat.tick(now);
  }
  assert.equal(heartbeat.phase, "lost");
  assert.ok(now <= timeoutMs + intervalMs, `lost after ${now} ms`);
});

Deno.test("a suspected peer is pinged at once and lost after one interval of silence", () => {
  const heartbeat = healthy(0);
  assert.deepEqual(heartbeat.suspect(1_000), [{ type: "ping", sequence: 1 }]);
  tickUntil(heartbeat, 1_000 + intervalMs - 1);
  assert.notEqual(heartbeat.phase, "lost");
  assert.deepEqual(phasesOf(tickUntil(heartbeat, 1_000 + intervalMs)), ["lost"]);
});

Deno.test("a suspected peer that is heard keeps its whole timeout", () => {
  const heartbeat = healthy(0);
  heartbeat.suspect(1_000);
  heartbeat.heard(1_200);
  assert.deepEqual(phasesOf(tickUntil(heartbeat, 1_200 + timeoutMs - 1)), ["late"]);
  assert.deepEqual(phasesOf(tickUntil(heartbeat, 1_200 + timeoutMs)), ["lost"]);
});

Deno.test("suspicion never gives a silent peer more time than it had", () => {
  const heartbeat = healthy(0);
  tickUntil(heartbeat, timeoutMs - 500);
  heartbeat.suspect(timeoutMs - 500);
  assert.deepEqual(phasesOf(tickUntil(heartbeat, timeoutMs)), ["lost"]);
});
