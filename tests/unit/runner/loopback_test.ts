import assert from "node:assert/strict";
import type { Backend } from "../../../lib/runner/backend.ts";
import { askBackend } from "../../../lib/runner/loopback.ts";
import { frameTypes, keepPayload, payloadBytes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import { bodyEnd, bytePool, type Stream, type StreamHandler } from "../../../lib/session/mod.ts";

bytePool.beStrict();

/** A backend that keeps what it is sent, as one does that dials its origin meanwhile, and answers when all is there. */
function keeping(kept: Uint8Array[]): Backend {
  const unused = () => assert.fail();
  return {
    ...{ websocket: unused, probe: unused, close: unused },
    http: (stream: Stream): StreamHandler => ({
      frame: (frame: SequencedFrame) => {
        if (frame.type === frameTypes.bodyChunk) kept.push(keepPayload(frame).bytes);
        stream.delivered(1, payloadBytes(frame));
        if (frame.type !== frameTypes.bodyEnd) return;
        const ids = { gatewayId: 0, requestId: 0, index: 0 };
        stream.push({ type: frameTypes.responseStart, ...ids, status: 200, reason: "", headers: [] });
        stream.push(bodyEnd());
        stream.release();
      },
      writable: () => {},
      reset: unused,
    }),
  };
}

Deno.test("what a backend keeps of a request that is sent again stays as it was, and is nobody else's", async () => {
  const kept: Uint8Array[] = [];
  const body = new Uint8Array(32 * 1024).fill(7);
  const answer = await askBackend(keeping(kept), { method: "POST", target: "/", headers: [], body }, {
    maxBodyBytes: 0,
    signal: new AbortController().signal,
  });
  assert.equal(answer.kind, "answer");
  const taken = bytePool.take(32 * 1024).fill(9);
  assert.equal(taken.length, 32 * 1024);
  assert.deepEqual(kept.map(({ length }) => length), [body.length]);
  // Byte by byte in one look: the difference of two such lists would take minutes to print.
  assert.ok(kept[0].every((byte) => byte === 7), "it was overwritten");
});
