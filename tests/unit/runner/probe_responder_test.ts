import assert from "node:assert/strict";
import type { Link } from "../../../lib/link/mod.ts";
import { type Frame, frameTypes, maxReasonLength, type ProbeReplyFrame } from "../../../lib/protocol/mod.ts";
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
