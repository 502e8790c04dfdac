/** A link whose machine sleeps, stands still, or has its wall clock set, in virtual time. */
import assert from "node:assert/strict";
import { Link, type LinkEnd } from "../../../lib/link/mod.ts";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import type { HeartbeatPhase } from "../../../lib/session/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { VirtualLink } from "../../support/virtual_link.ts";

const pingIntervalMs = 3_000;
const pingTimeoutMs = 30_000;
const hourMs = 3_600_000;

/** A link that has been up for a minute. */
function upForAMinute() {
  const clock = new VirtualClock();
  const wire = new VirtualLink(clock);
  const phases: HeartbeatPhase[] = [];
  let end: { atMs: number; end: LinkEnd } | null = null;
  const link = new Link({
    connect: wire.connect,
    ...{ pingIntervalMs, pingTimeoutMs, clock, random: () => 0.5 },
    events: {
      frame: () => {},
      goAway: () => {},
      phase: (_, to) => phases.push(to),
      closed: (how) => end = { atMs: clock.monotonicMs(), end: how },
    },
  });
  link.start();
  clock.advance(60_000);
  assert.deepEqual(phases, ["alive"]);
  const pings = () => wire.framesSent(frameTypes.ping).length;
  return { clock, wire, phases, pings, link, end: () => end as { atMs: number; end: LinkEnd } | null };
}

Deno.test("after an hour's sleep a peer that is gone is lost within two intervals, not after the timeout", () => {
  const { clock, wire, end } = upForAMinute();
  wire.answersPings = false;
  clock.sleep(hourMs);
  const wokeAtMs = clock.monotonicMs();
  clock.advance(pingTimeoutMs);
  assert.equal(end()?.end.kind, "lost");
  assert.ok(end()!.atMs - wokeAtMs <= 2 * pingIntervalMs, `lost after ${end()!.atMs - wokeAtMs} ms`);
});

Deno.test("after an hour's sleep a peer that answers stays", () => {
  const { clock, phases, end } = upForAMinute();
  clock.sleep(hourMs);
  clock.advance(10 * pingTimeoutMs);
  assert.equal(end(), null);
  assert.deepEqual(phases, ["alive"]);
});

Deno.test("where the monotonic clock counts sleep, an hour's sleep loses the link at once", () => {
  const { clock, wire, end } = upForAMinute();
  wire.answersPings = false;
  clock.freeze(hourMs);
  clock.advance(1);
  assert.equal(end()?.end.kind, "lost");
  assert.match(end()!.end.reason, /stood still for 359\d{4} ms/);
});

Deno.test("a nap shorter than the timeout, and a wall clock that is set back, are no reason to doubt the peer", () => {
  for (const ms of [pingTimeoutMs - 1, -hourMs, -1, 1]) {
    const { clock, wire, pings, end } = upForAMinute();
    const before = pings();
    clock.sleep(ms);
    clock.advance(pingIntervalMs);
    assert.equal(pings(), before + 1, `${ms} ms: the ping of its turn alone`);
    // It keeps the whole of its timeout.
    wire.answersPings = false;
    clock.advance(pingTimeoutMs - pingIntervalMs);
    assert.equal(end(), null, `${ms} ms`);
  }
});

Deno.test("a link that was closed has no timer left", () => {
  const { clock, wire, link } = upForAMinute();
  clock.turn(() => link.close("done"));
  clock.advance(1);
  assert.deepEqual(wire.ended, { code: 1000, reason: "done" });
  assert.equal(clock.pending, 0);
});
