/** Which of several runners of a name takes a new stream, in virtual time. */
import assert from "node:assert/strict";
import { Registry } from "../../../lib/gateway/registry.ts";
import { RequestIds, RunnerSession } from "../../../lib/gateway/runner_session.ts";
import { initialWindowBytes, resetCodes } from "../../../lib/protocol/mod.ts";
import { requestStart } from "../session/frames.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

class Runners {
  readonly clock = new VirtualClock();
  readonly registry = new Registry();
  readonly #requestIds = new RequestIds();

  add(id: string): RunnerSession {
    const session = new RunnerSession({
      ...{ id, name: "default", agent: "", address: "", gatewayId: 7, peerWindow: initialWindowBytes },
      ...{ requestIds: this.#requestIds, clock: this.clock, events: { collected() {} } },
    });
    this.registry.add(session);
    return session;
  }

  /** Ids of those that a hundred streams would be given to. */
  get picked(): string[] {
    const ids = Array.from({ length: 100 }, () => this.registry.pick("default")!.id);
    return [...new Set(ids)].sort();
  }
}

/** The runner says of one stream that it ended so. */
function fail(session: RunnerSession, code: number): void {
  const stream = session.open("http", {
    frame() {},
    writable() {},
    reset: () => stream.release(),
  });
  stream.push(requestStart());
  stream.resetByPeer(code, "");
}

Deno.test("a runner whose origin cannot be reached is passed over for five seconds where there is another", () => {
  const runners = new Runners();
  const [a, b] = [runners.add("a"), runners.add("b")];
  assert.deepEqual(runners.picked, ["a", "b"]);
  fail(a, resetCodes.originUnreachable);
  assert.deepEqual(runners.picked, ["b"]);
  runners.clock.advance(4_999);
  assert.deepEqual(runners.picked, ["b"]);
  runners.clock.advance(1);
  assert.deepEqual(runners.picked, ["a", "b"]);
  // Nobody is left out for long for the sake of one that is no better.
  fail(a, resetCodes.originUnreachable);
  fail(b, resetCodes.originUnreachable);
  assert.deepEqual(runners.picked, ["a", "b"]);
});

Deno.test("a request that failed otherwise says nothing of whether its runner's origin can be reached", () => {
  for (const [name, code] of Object.entries(resetCodes)) {
    if (code === resetCodes.originUnreachable) continue;
    const runners = new Runners();
    const a = runners.add("a");
    runners.add("b");
    fail(a, code);
    assert.deepEqual(runners.picked, ["a", "b"], name);
  }
});
