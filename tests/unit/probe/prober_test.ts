import assert from "node:assert/strict";
import { type ProbeLink, Prober } from "../../../lib/probe/mod.ts";
import { frameTypes } from "../../../lib/protocol/mod.ts";

/** A prober's connection that says of itself what it is told to. */
class StubLink {
  events: ProbeLink["events"] = null;
  closes = 0;
  readonly welcome = { type: frameTypes.probeReady, agent: "", sessionId: "", sessions: [] };

  constructor(readonly open: boolean) {}

  send(): void {}

  close(): void {
    this.closes++;
  }

  destroy(): void {}
}

Deno.test("a connection that was ending when it was given, and then ends, is replaced once", async () => {
  const ending = new StubLink(false);
  const next = new StubLink(true);
  let redials = 0;
  const prober = new Prober({
    link: ending as unknown as ProbeLink,
    redial: () => {
      redials++;
      return Promise.resolve(next as unknown as ProbeLink);
    },
    ...{ startMs: 0, intervalMs: 60_000, count: 10, timeoutMs: 60_000, sizeBytes: 8, origin: false },
  });
  while (next.events === null) await Promise.resolve();
  ending.events?.closed("the connection broke off", false);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assert.equal(redials, 1);
  prober.stop();
  assert.equal(next.closes, 1, "the one that replaced it is still the prober's");
});
