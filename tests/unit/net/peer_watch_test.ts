import assert from "node:assert/strict";
import fc from "fast-check";
import { PeerWatch, type WatchedPeer } from "../../../lib/net/mod.ts";

/** A peer whose answers the test decides on. */
class Peer implements WatchedPeer {
  receivedBytes = 0;
  bufferedBytes = 0;
  paused = false;
  closing = false;
  pings = 0;

  sendPing(): void {
    this.pings++;
  }
}

/** Looks once a second until the peer is given up. @returns when that was, or `null` */
function watch(
  peer: Peer,
  options: { pingAfterMs: number; untilMs: number; each?: (nowMs: number) => void },
) {
  const { pingAfterMs, untilMs, each = () => {} } = options;
  const peerWatch = new PeerWatch(peer, { pingAfterMs, nowMs: 0 });
  for (let nowMs = 1_000; nowMs <= untilMs; nowMs += 1_000) {
    each(nowMs);
    if (!peerWatch.check(nowMs)) return nowMs;
  }
  return null;
}

Deno.test("a silent peer is pinged once, and given up 30 seconds after without an answer", () => {
  const peer = new Peer();
  assert.equal(watch(peer, { pingAfterMs: 60_000, untilMs: 3_600_000 }), 90_000);
  assert.equal(peer.pings, 1);
});

Deno.test("a short interval is also the time that a ping waits for its answer", () => {
  assert.equal(watch(new Peer(), { pingAfterMs: 2_000, untilMs: 3_600_000 }), 4_000);
});

Deno.test("a peer that has closed is not asked any more, and not given up", () => {
  const peer = new Peer();
  peer.closing = true;
  assert.equal(watch(peer, { pingAfterMs: 2_000, untilMs: 3_600_000 }), null);
  assert.equal(peer.pings, 0);
});

Deno.test("a peer that answers each ping is kept, and pinged once in the time asked for, or an eighth of it later", () => {
  const peer = new Peer();
  let answered = 0;
  const each = () => {
    if (peer.pings > answered) peer.receivedBytes += 6;
    answered = peer.pings;
  };
  assert.equal(watch(peer, { pingAfterMs: 60_000, untilMs: 3_600_000, each }), null);
  const between = [Math.floor(3_600 / (60 * 9 / 8 + 2)), Math.floor(3_600 / 60)];
  assert.ok(peer.pings >= between[0] && peer.pings <= between[1], `${peer.pings} pings, not ${between}`);
});

Deno.test("a peer that says something at least once in the interval is never pinged", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 59 }), { minLength: 1 }), (gaps) => {
    const peer = new Peer();
    const speaks = new Set<number>();
    let atMs = 0;
    for (const gap of gaps) speaks.add(atMs += gap * 1_000);
    const each = (nowMs: number) => {
      if (speaks.has(nowMs)) peer.receivedBytes++;
    };
    assert.equal(watch(peer, { pingAfterMs: 60_000, untilMs: atMs, each }), null);
    assert.equal(peer.pings, 0);
  }));
});

Deno.test("a peer that TCP has not taken all from is not asked and not given up, and has its time once that is gone", () => {
  const peer = new Peer();
  peer.bufferedBytes = 1;
  assert.equal(watch(peer, { pingAfterMs: 5_000, untilMs: 600_000 }), null);
  assert.equal(peer.pings, 0);
  peer.bufferedBytes = 0;
  assert.equal(watch(peer, { pingAfterMs: 5_000, untilMs: 600_000 }), 10_000);
});

Deno.test("a peer that is not read is not asked and not given up, and has its time when it is read on", () => {
  const peer = new Peer();
  peer.paused = true;
  assert.equal(watch(peer, { pingAfterMs: 5_000, untilMs: 600_000 }), null);
  assert.equal(peer.pings, 0);
  peer.paused = false;
  assert.equal(watch(peer, { pingAfterMs: 5_000, untilMs: 600_000 }), 10_000);
});
