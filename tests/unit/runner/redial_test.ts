/** When a runner gives a link up and dials again, in virtual time. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { frameTypes, initialWindowBytes } from "../../../lib/protocol/mod.ts";
import type { VirtualLink } from "../../support/virtual_link.ts";
import { backend, firstWaitMs, pingIntervalMs, VirtualRunner, welcome } from "./virtual_runner.ts";

const longestWaitMs = 10_000;

Deno.test("a gateway that does not welcome within 10 s is dialled anew", () => {
  const runner = new VirtualRunner();
  const link = runner.connects();
  runner.clock.advance(9_999);
  assert.equal(link.ended, null);
  runner.clock.advance(1);
  assert.equal(link.ended, "destroyed");
  runner.clock.advance(firstWaitMs);
  assert.equal(runner.dialledAtMs.length, 2);
  const [down] = runner.states;
  assert.match(down.state === "disconnected" ? down.reason : "", /no welcome within 10000 ms/);
});

Deno.test("a welcome without its last list is none", () => {
  const runner = new VirtualRunner();
  const link = runner.connects();
  link.receive({
    ...{ type: frameTypes.welcome, version: 1, gatewayId: 7, resumed: false, resumeWindowMs: 30_000 },
    ...{ initialWindow: initialWindowBytes, agent: "" },
  });
  runner.clock.advance(10_000);
  assert.equal(link.ended, "destroyed");
});

Deno.test("a link that was welcomed outlives the welcome's bound", () => {
  const runner = new VirtualRunner();
  const link = runner.welcomed();
  runner.clock.advance(3_600_000);
  assert.equal(link.ended, null);
  assert.equal(runner.dialledAtMs.length, 1);
});

Deno.test("each wait to dial again is drawn below a bound that doubles from 100 ms to 10 s", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 30 }),
      (draws) => {
        let next = 0;
        const runner = new VirtualRunner(() => draws[next++] ?? 0.5);
        for (let attempt = 0; attempt < draws.length; attempt++) {
          const bound = Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
          const failedAtMs = runner.clock.monotonicMs();
          runner.fails();
          assert.equal(runner.dialling, false);
          runner.clock.advance(bound + 1);
          assert.ok(runner.dialling, `attempt ${attempt + 1} came within ${bound} ms`);
          const waitedMs = runner.dialledAtMs.at(-1)! - failedAtMs;
          assert.equal(waitedMs, Math.round(draws[attempt] * bound));
        }
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("after a link that was up for a second a runner begins again with the shortest wait; without a welcome it was none", () => {
  const runner = new VirtualRunner(() => 0.999);
  for (let i = 0; i < 10; i++) {
    runner.fails();
    runner.clock.advance(longestWaitMs);
  }
  const unwelcomed = runner.connects();
  runner.clock.advance(2_000);
  unwelcomed.destroy();
  runner.clock.advance(1);
  assert.equal(lastWaitMs(runner), 9_990);
  runner.clock.advance(longestWaitMs);
  const welcomed = runner.welcomed();
  runner.clock.advance(1_000);
  welcomed.destroy();
  runner.clock.advance(1);
  assert.equal(lastWaitMs(runner), 100);
});

for (
  const [how, end] of [
    ["are lost", (link) => link.destroy()],
    ["are closed", (link) => link.close(1012)],
    ["say go-away", (link) => link.receive({ type: frameTypes.goAway, drainMs: 0, reason: "no" })],
  ] as [string, (link: VirtualLink) => void][]
) {
  Deno.test(`links that ${how} right after their welcome are dialled less and less often`, () => {
    const runner = new VirtualRunner(() => 0.999);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const link = runner.welcomed();
      runner.clock.advance(60);
      end(link);
      runner.clock.advance(1);
      waits.push(lastWaitMs(runner));
      runner.clock.advance(longestWaitMs);
    }
    assert.deepEqual(waits, [100, 200, 400, 799, 1_598, 3_197, 6_394, 9_990, 9_990]);
  });
}

Deno.test("while a stream is in flight short links are dialled anew within 400 ms", () => {
  const runner = new VirtualRunner(() => 0.999, {
    ...backend,
    http: () => ({ frame() {}, writable() {}, reset() {} }),
  });
  const first = runner.welcomed();
  first.receive({
    ...{ type: frameTypes.requestStart, gatewayId: 7, requestId: 1, index: 0, method: "GET" },
    ...{ target: "/", headers: [], hasBody: false },
  });
  runner.clock.advance(60);
  first.destroy();
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    runner.clock.advance(1);
    waits.push(lastWaitMs(runner));
    runner.clock.advance(400);
    const link = runner.welcomed({ resumed: true });
    runner.clock.advance(60);
    link.destroy();
  }
  assert.deepEqual(waits, [100, 200, ...Array(7).fill(400)]);
});

Deno.test("links that live as long as the next wait could be are dialled anew as soon as ever", () => {
  const runner = new VirtualRunner(() => 0.999);
  for (let i = 0; i < 20; i++) {
    const link = runner.welcomed();
    // The second wait in a row would be drawn below twice the first.
    runner.clock.advance(2 * firstWaitMs);
    link.destroy();
    runner.clock.advance(1);
    assert.equal(lastWaitMs(runner), 100);
    runner.clock.advance(firstWaitMs);
  }
});

Deno.test("links that end over a broken protocol are dialled less and less often, until one has lived as long as the wait", () => {
  const runner = new VirtualRunner(() => 0.999);
  /** Told what no gateway may say: what broke a link may well be said again on the next. */
  const breaks = (afterMs: number) => {
    const link = runner.welcomed();
    runner.clock.advance(afterMs);
    link.receive({ type: frameTypes.probeReady, agent: "", sessionId: "", sessions: [] });
    runner.clock.advance(1);
    assert.equal((link.ended as { code: number }).code, 1002);
    const waitMs = lastWaitMs(runner);
    runner.clock.advance(longestWaitMs);
    return waitMs;
  };
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) waits.push(breaks(0));
  assert.deepEqual(waits, [100, 200, 400, 799, 1_598, 3_197, 6_394, 9_990, 9_990]);
  assert.equal(breaks(9_999), 9_990);
  assert.equal(breaks(longestWaitMs), 100);
});

Deno.test("a laptop that slept an hour dials again within two ping intervals, and carries on with its session", () => {
  const runner = new VirtualRunner();
  const link = runner.welcomed();
  runner.clock.advance(60_000);
  const { sessionId } = link.framesSent(frameTypes.hello)[0];
  // Nobody is at the other end any more: the gateway has given the link up long ago.
  link.answersPings = false;
  runner.clock.sleep(3_600_000);
  const wokeAtMs = runner.clock.monotonicMs();
  runner.clock.advance(2 * pingIntervalMs + firstWaitMs);
  assert.equal(link.ended, "destroyed");
  const afterMs = runner.dialledAtMs.at(-1)! - wokeAtMs;
  assert.equal(runner.dialledAtMs.length, 2, "dialled again");
  assert.ok(afterMs <= 2 * pingIntervalMs + firstWaitMs, `dialled after ${afterMs} ms`);
  const [hello] = runner.connects().framesSent(frameTypes.hello);
  assert.deepEqual(hello.sessionId, sessionId);
  assert.equal(hello.resumeGatewayId, 7);
});

Deno.test("a session that no link took up within the resume window is another one's from then on", () => {
  const runner = new VirtualRunner(() => 0);
  runner.welcomed({ resumeWindowMs: 5_000 }).destroy();
  const before = runner.core.id;
  runner.clock.advance(4_999);
  assert.equal(runner.core.id, before);
  runner.clock.advance(1);
  assert.notEqual(runner.core.id, before);
  const [hello] = runner.connects().framesSent(frameTypes.hello);
  assert.equal(hello.resumeGatewayId, 0);
});

Deno.test("where sessions do not outlive their links each link has one of its own, by the name of the last", () => {
  const runner = new VirtualRunner(() => 0);
  const [first] = runner.welcomed({ resumeWindowMs: 0 }).framesSent(frameTypes.hello);
  runner.core.dropLink();
  runner.clock.advance(1);
  const [hello] = runner.connects().framesSent(frameTypes.hello);
  assert.equal(hello.resumeGatewayId, 0);
  // By another name, a gateway that has not seen the link go would serve clients over it until its ping timeout.
  assert.deepEqual(hello.sessionId, first.sessionId);
});

function lastWaitMs(runner: VirtualRunner): number {
  const last = runner.states.at(-1);
  assert.equal(last?.state, "disconnected");
  return last.retryInMs;
}

for (
  const [when, isWelcomed] of [["is welcomed by another", true], [
    "has said hello to another",
    false,
  ]] as const
) {
  Deno.test(`a gateway that says go-away again when its runner ${when} does not part it from its new session`, () => {
    const runner = new VirtualRunner();
    const leaving = runner.welcomed();
    const goAway = { type: frameTypes.goAway, drainMs: 10_000, reason: "shutting down" } as const;
    leaving.receive(goAway);
    runner.clock.advance(firstWaitMs);
    const link = isWelcomed ? runner.welcomed({ gatewayId: 8 }) : runner.connects();
    leaving.receive(goAway);
    if (!isWelcomed) link.receive(...welcome({ gatewayId: 8 }));
    const [hello] = link.framesSent(frameTypes.hello);
    assert.equal(runner.core.connected, true);
    assert.equal(runner.core.id, hello.sessionId.toHex());

    link.destroy();
    runner.clock.advance(firstWaitMs);
    const [again] = runner.connects().framesSent(frameTypes.hello);
    assert.deepEqual(again.sessionId, hello.sessionId);
    assert.equal(again.resumeGatewayId, 8);
  });
}

Deno.test("a link that a gateway parts with is told of by the name of its own session, not of the next", () => {
  const runner = new VirtualRunner();
  const leaving = runner.welcomed();
  const first = runner.core.id;
  leaving.receive({ type: frameTypes.goAway, drainMs: 10_000, reason: "shutting down" });
  runner.clock.advance(firstWaitMs);
  const link = runner.welcomed({ gatewayId: 8 });
  const second = runner.core.id;
  assert.notEqual(first, second);

  link.answersPings = false;
  // Answers that were on their way have come.
  runner.clock.advance(10);
  runner.measured.clear();
  runner.clock.advance(2 * pingIntervalMs);
  assert.deepEqual([...runner.measured], [first], "the leaving link alone is answered");
  leaving.destroy();
  runner.clock.advance(1);
  const dropped = runner.linkEvents.filter(({ kind }) => kind === "dropped");
  assert.deepEqual(dropped.map((event) => event.link), [first]);
});
