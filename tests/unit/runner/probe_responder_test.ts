import assert from "node:assert/strict";
import type { Link } from "../../../lib/link/mod.ts";
import { type Frame, frameTypes, maxReasonLength, type ProbeReplyFrame } from "../../../lib/protocol/mod.ts";
import { bounded } from "../../support/bounded.ts";
import { ProbeResponder } from "../../../lib/runner/probe_responder.ts";

/** The reply to a probe that goes to the origin. */
async function replyOf(probe: () => Promise<number>): Promise<ProbeReplyFrame> {
  const sent = Promise.withResolvers<Frame>();
  const link = { send: (frame: Frame) => sent.resolve(frame) } as Link;
  const unused = () => assert.fail();
  const probes = new ProbeResponder({
    backend: {
      ...{ http: unused, websocket: unused, close: unused },
      probe,
    },
    wallUs: () => 0,
  });
  probes.receive(link, {
    ...{ type: frameTypes.probe, probeId: 1, origin: true, payload: new Uint8Array(0) },
  });
  const reply = await sent.promise;
  assert.ok(reply.type === frameTypes.probeReply);
  return reply;
}

Deno.test("what is wrong with an origin is told at a length that every gateway accepts", async () => {
  const { problem } = await replyOf(() => Promise.reject(new Error("a".repeat(100_000))));
  assert.equal(problem, "a".repeat(maxReasonLength));
});

Deno.test("a status that no gateway accepts is told as what is wrong", async () => {
  for (const status of [-1, 1000, 200.5, NaN]) {
    const { originStatus, problem } = await replyOf(() => Promise.resolve(status));
    assert.equal(originStatus, 0);
    assert.match(problem, /status/);
  }
  assert.equal((await replyOf(() => Promise.resolve(999))).originStatus, 999);
});

Deno.test("an origin that answers no probe and heeds no signal holds up no later probe", async () => {
  const replies = new Map<number, ProbeReplyFrame>();
  const answered = Promise.withResolvers<void>();
  const link = {
    send: (frame: Frame) => {
      assert.ok(frame.type === frameTypes.probeReply);
      replies.set(frame.probeId, frame);
      if (frame.probeId === 17) answered.resolve();
    },
  } as Link;
  const unused = () => assert.fail();
  let asked = 0;
  const probes = new ProbeResponder({
    backend: {
      ...{ http: unused, websocket: unused, close: unused },
      // As many as may be under way at once never end.
      probe: () => ++asked <= 16 ? new Promise(() => {}) : Promise.resolve(204),
    },
    wallUs: () => 0,
    originWithinMs: 10,
  });
  for (let probeId = 1; probeId <= 17; probeId++) {
    probes.receive(link, { type: frameTypes.probe, probeId, origin: true, payload: new Uint8Array(0) });
  }
  await bounded(answered.promise, "the last probe's reply");
  assert.match(replies.get(1)!.problem, /did not answer within 10 ms/);
  assert.equal(replies.get(17)!.originStatus, 204);
});
