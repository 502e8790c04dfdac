import assert from "node:assert/strict";
import { CaptureQueue, type QueuedItem } from "../../../lib/capture/capture_queue.ts";

function takeAll(queue: CaptureQueue): QueuedItem[] {
  const items: QueuedItem[] = [];
  for (let item = queue.take(); item !== null; item = queue.take()) items.push(item);
  return items;
}

Deno.test("items come out in the order they were seen, with a copy of their bytes", () => {
  const queue = new CaptureQueue(10_000);
  const bytes = new Uint8Array([1, 2]);
  queue.message(1, 5, "sent", bytes);
  queue.event(2, 5, { name: "dropped", reason: "x" });
  bytes.fill(9);
  assert.deepEqual(takeAll(queue), [
    { kind: "message", timeUs: 1, link: 5, direction: "sent", bytes: new Uint8Array([1, 2]) },
    { kind: "event", timeUs: 2, link: 5, event: { name: "dropped", reason: "x" } },
  ]);
  assert.equal(queue.bytes, 0);
});

Deno.test("a full queue drops and counts, in one gap where the first was dropped, until half is free", () => {
  const queue = new CaptureQueue(4_000);
  const message = (timeUs: number) => queue.message(timeUs, 1, "sent", new Uint8Array(872));
  for (let i = 1; i <= 6; i++) message(i);
  queue.event(7, 1, { name: "dropped", reason: "x" });
  assert.equal(queue.take()?.timeUs, 1);
  message(8);
  while (queue.bytes > 2_000) queue.take();
  message(9);
  const rest = takeAll(queue);
  const gap = rest.find((item) => item.kind === "gap");
  assert.deepEqual(gap, { kind: "gap", timeUs: 5, messages: 3, bytes: 3 * 872, events: 1 });
  assert.deepEqual(rest.at(-1)?.timeUs, 9);
  assert.equal(queue.isEmpty, true);
});

Deno.test("memory stays within the bound however much is offered", () => {
  const queue = new CaptureQueue(100_000);
  for (let i = 0; i < 10_000; i++) queue.message(i, 1, "received", new Uint8Array(1000));
  assert.ok(queue.bytes <= 100_000 + 128, `${queue.bytes} bytes are held`);
  const items = takeAll(queue);
  const kept = items.filter((item) => item.kind === "message").length;
  const gap = items.at(-1);
  assert.equal(gap?.kind === "gap" && gap.messages + kept, 10_000);
});

Deno.test("after a gap was taken a new one begins", () => {
  const queue = new CaptureQueue(1_000);
  for (let round = 0; round < 2; round++) {
    queue.message(round, 1, "sent", new Uint8Array(800));
    queue.message(round, 1, "sent", new Uint8Array(800));
    assert.deepEqual(takeAll(queue).map((item) => item.kind), ["message", "gap"]);
  }
});
