import assert from "node:assert/strict";
import { HeldFrames } from "../../../lib/gateway/held_frames.ts";
import { maxMessagesPerFrame, maxUnacknowledgedFrames, maxWindowBytes } from "../../../lib/protocol/mod.ts";
import { frameCostBytes } from "../../../lib/session/mod.ts";
import { wsMessage, wsMessages } from "../session/frames.ts";

Deno.test("what a client may send while nobody carries it is bounded in messages, also where a frame has many", () => {
  const held = new HeldFrames();
  while (!held.full) held.push(wsMessages(...Array<number>(maxMessagesPerFrame).fill(1)));
  assert.equal(held.frames, Math.ceil(maxUnacknowledgedFrames / maxMessagesPerFrame));
  assert.ok(held.bytes >= held.frames * (frameCostBytes + maxMessagesPerFrame));
});

Deno.test("messages without a byte in them take room, and are bounded, too", () => {
  const held = new HeldFrames();
  while (!held.full) held.push(wsMessage(0));
  assert.equal(held.frames, maxUnacknowledgedFrames);
  assert.equal(held.bytes, maxUnacknowledgedFrames * frameCostBytes);
  assert.equal(held.takeAll().length, maxUnacknowledgedFrames);
  assert.deepEqual([held.full, held.frames, held.bytes], [false, 0, 0]);
});

Deno.test("a client's payload is bounded as a stream's is, whatever its frames are reckoned to take", () => {
  const held = new HeldFrames();
  const part = 64 * 1024;
  for (let bytes = 0; bytes < maxWindowBytes; bytes += part) {
    assert.equal(held.full, false);
    held.push(wsMessage(part));
  }
  assert.equal(held.full, true);
});
