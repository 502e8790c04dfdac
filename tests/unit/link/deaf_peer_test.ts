/** A peer that reads nothing, or not yet: what it asks for does not fill memory, and it is told of the end all the same. */
import assert from "node:assert/strict";
import { Link, type LinkEnd } from "../../../lib/link/mod.ts";
import { type Frame, frameTypes, maxQueuedAnswers } from "../../../lib/protocol/mod.ts";
import { Session } from "../../../lib/session/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { VirtualLink } from "../../support/virtual_link.ts";

const perMessage = 8_192;

/** A link with a session whose peer reads nothing. */
function deaf() {
  const clock = new VirtualClock();
  const wire = new VirtualLink(clock);
  let end: LinkEnd | null = null;
  const link = new Link({
    connect: wire.connect,
    ...{ pingIntervalMs: 3_000, pingTimeoutMs: 30_000, clock, random: () => 0.5 },
    events: { frame: () => {}, goAway: () => {}, phase: () => {}, closed: (how) => end = how },
  });
  const session = new Session({
    ...{ role: "gateway", gatewayId: 7, peerWindow: 65_536, ownWindow: 65_536 },
    events: {
      opened: () => assert.fail(),
      pending: () => link.scheduleFlush(),
      acknowledgeSoon: () => {},
      collected: () => {},
    },
  });
  link.start();
  link.attachSession(session);
  session.attach();
  clock.advance(10);
  wire.congested = true;
  return { clock, wire, link, end: () => end as LinkEnd | null };
}

for (
  const [what, ask] of Object.entries<(i: number) => Frame>({
    pings: (sequence) => ({ type: frameTypes.ping, sequence, sentAtUs: 1 }),
    "frames of streams that nobody opened": (requestId) => ({
      ...{ type: frameTypes.wsClose, gatewayId: 7, requestId, index: 0, code: 1000, reason: "" },
    }),
  })
) {
  Deno.test(`a peer that sends ${what} without end and reads nothing loses its link, and no sooner than it must`, () => {
    const { clock, wire, end } = deaf();
    let sent = 0;
    while (wire.ended === null && sent < 4 * maxQueuedAnswers) {
      wire.receive(...Array.from({ length: perMessage }, (_, i) => ask(sent + i)));
      sent += perMessage;
    }
    clock.advance(10);
    assert.equal(end()?.kind, "protocol");
    assert.match(end()!.reason, /reads no/);
    assert.ok(sent > maxQueuedAnswers && sent <= maxQueuedAnswers + 2 * perMessage, `${sent} were sent`);
  });

  Deno.test(`a peer that sends ${what} and reads what it gets is answered for ever`, () => {
    const { wire } = deaf();
    wire.congested = false;
    for (let sent = 0; sent < 4 * maxQueuedAnswers; sent += perMessage) {
      wire.receive(...Array.from({ length: perMessage }, (_, i) => ask(sent + i)));
    }
    assert.equal(wire.ended, null);
  });
}

Deno.test("a goodbye goes out ahead of the close also when the peer is slow to read", () => {
  const { wire, link } = deaf();
  link.send({ type: frameTypes.goAway, drainMs: 0, reason: "goodbye" });
  link.close("goodbye", 1001);
  assert.deepEqual(wire.framesSent(frameTypes.goAway).map(({ drainMs }) => drainMs), [0]);
  assert.deepEqual(wire.ended, { code: 1001, reason: "goodbye" });
});
