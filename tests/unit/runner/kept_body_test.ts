import assert from "node:assert/strict";
import { frameTypes, payloadBytes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import { KeptBody } from "../../../lib/runner/kept_body.ts";
import { bodyEnd } from "../../../lib/session/mod.ts";

const maxKeptBytes = 64 * 1024;

function chunk(bytes: Uint8Array): SequencedFrame {
  return { type: frameTypes.bodyChunk, gatewayId: 1, requestId: 2, index: 3, bytes };
}

Deno.test("a body of 64 KiB that comes byte by byte is kept in one piece", () => {
  const kept = new KeptBody();
  // As on a link, where the next frame is read into the same memory.
  const byte = new Uint8Array(1);
  for (let i = 0; i < maxKeptBytes; i++) {
    byte[0] = i % 251;
    assert.equal(kept.add(chunk(byte)), true);
  }
  assert.equal(kept.add(bodyEnd({ trailers: ["x-sum", "1"] })), true);
  const [whole, end, ...more] = kept.frames();
  assert.deepEqual(whole, {
    ...{ type: frameTypes.bodyChunk, gatewayId: 0, requestId: 0, index: 0 },
    bytes: Uint8Array.from({ length: maxKeptBytes }, (_, i) => i % 251),
  });
  assert.deepEqual(end, bodyEnd({ trailers: ["x-sum", "1"] }));
  assert.deepEqual(more, []);
});

Deno.test("a body of more than 64 KiB is not kept", () => {
  const kept = new KeptBody();
  assert.equal(kept.add(chunk(new Uint8Array(maxKeptBytes - 1))), true);
  assert.equal(kept.add(chunk(new Uint8Array(2))), false);
});

Deno.test("what is kept of a body has no end before the end has come, and no piece without bytes", () => {
  const kept = new KeptBody();
  assert.deepEqual(kept.frames(), []);
  kept.add(chunk(new Uint8Array(0)));
  assert.deepEqual(kept.frames(), []);
  kept.add(chunk(new Uint8Array(3)));
  kept.add(chunk(new Uint8Array(4)));
  assert.deepEqual(kept.frames().map(payloadBytes), [7]);
});
