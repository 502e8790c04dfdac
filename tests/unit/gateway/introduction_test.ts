/** How long a gateway waits for a runner to introduce itself, in virtual time. */
import assert from "node:assert/strict";
import { LinkAcceptor } from "../../../lib/gateway/link_acceptor.ts";
import { Registry } from "../../../lib/gateway/registry.ts";
import { RequestIds } from "../../../lib/gateway/runner_session.ts";
import { type Frame, frameTypes, initialWindowBytes } from "../../../lib/protocol/mod.ts";
import { silentLogger, TunnelMetrics } from "../../../lib/telemetry/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { VirtualLink } from "../../support/virtual_link.ts";

const hello: Frame = {
  ...{ type: frameTypes.hello, minVersion: 1, maxVersion: 1, sessionId: new Uint8Array(16).fill(1) },
  ...{ runnerName: "default", agent: "", resumeGatewayId: 0, initialWindow: initialWindowBytes },
};
const position = { requestId: 1, received: 0, delivered: 0, credit: 0 };
const more: Frame = { type: frameTypes.resume, last: false, streams: [position] };
const last: Frame = { type: frameTypes.resume, last: true, streams: [] };

/** A gateway that a connection has come to, on which nothing was said yet. */
function connected() {
  const clock = new VirtualClock();
  const registry = new Registry();
  const acceptor = new LinkAcceptor({
    ...{ gatewayId: 7, agent: "", pingIntervalMs: 3_000, pingTimeoutMs: 30_000, resumeWindowMs: 30_000 },
    ...{ registry, requestIds: new RequestIds(), logger: silentLogger, metrics: new TunnelMetrics(), clock },
    random: () => 0.5,
    collected: () => {},
    probeReply: () => {},
    ready: () => {},
  });
  const link = new VirtualLink(clock);
  clock.turn(() => acceptor.accept(link.connect, "127.0.0.1"));
  return { clock, link, acceptor, registry };
}

Deno.test("a runner that does not say hello within 10 s is dropped, although it answers pings", () => {
  const { clock, link, acceptor } = connected();
  clock.advance(9_999);
  assert.equal(link.ended, null);
  clock.advance(2);
  assert.equal(link.ended, "destroyed");
  assert.equal(acceptor.links().size, 0);
});

Deno.test("a runner that says hello and no more is dropped 10 s later", () => {
  const { clock, link, registry } = connected();
  clock.advance(9_000);
  link.receive(hello);
  clock.advance(9_999);
  assert.equal(link.ended, null);
  clock.advance(1);
  assert.equal(link.ended, "destroyed");
  assert.equal(registry.size, 0);
});

Deno.test("a list that comes in pieces has 10 s for each, and is welcomed at its end", () => {
  const { clock, link } = connected();
  link.receive(hello);
  for (let i = 0; i < 5; i++) {
    clock.advance(9_000);
    link.receive(more);
  }
  assert.deepEqual(link.framesSent(frameTypes.welcome), []);
  clock.advance(9_000);
  link.receive(last);
  assert.equal(link.framesSent(frameTypes.welcome).length, 1);
});

Deno.test("a list whose pieces stop coming is given up", () => {
  const { clock, link } = connected();
  link.receive(hello, more);
  clock.advance(10_000);
  assert.equal(link.ended, "destroyed");
});

Deno.test("a link that was welcomed outlives the bounds of its introduction", () => {
  const { clock, link, registry } = connected();
  link.receive(hello, last);
  clock.advance(3_600_000);
  assert.equal(link.ended, null);
  assert.equal(registry.size, 1);
});

Deno.test("a session whose runner does not come back within the resume window is forgotten", () => {
  const { clock, link, registry } = connected();
  link.receive(hello, last);
  clock.turn(() => link.destroy());
  clock.advance(29_999);
  assert.equal(registry.size, 1);
  clock.advance(1);
  assert.equal(registry.size, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("a gateway that stood still past the resume window waits for a runner that could not reach it, and no longer", () => {
  for (const comesBack of [true, false]) {
    const { clock, link, acceptor, registry } = connected();
    link.receive(hello, last);
    clock.turn(() => link.destroy());
    clock.advance(1_000);
    clock.freeze(60_000);
    // What is due runs before what the kernel holds is read.
    clock.advance(9_999);
    assert.equal(registry.size, 1);
    if (comesBack) {
      const next = new VirtualLink(clock);
      clock.turn(() => acceptor.accept(next.connect, "127.0.0.1"));
      next.receive({ ...hello, resumeGatewayId: 7 } as Frame, last);
      assert.deepEqual(next.framesSent(frameTypes.welcome).map(({ resumed }) => resumed), [true]);
    }
    clock.advance(1);
    assert.equal(registry.size, comesBack ? 1 : 0);
  }
});
