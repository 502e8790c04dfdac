import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExchangeSummary } from "../../../lib/inspector/api_shapes.ts";
import { RequestStore } from "../../../lib/inspector/page/model/request_store.js";

const summary = (id: number, status = 0) => ({ id, status }) as ExchangeSummary;
const everything = () => true;
const ids = (store: RequestStore) => store.newest(everything).map(({ id }) => id);

Deno.test("the newest requests stay, in order, however many come", () => {
  fc.assert(fc.property(fc.array(fc.array(fc.nat(500))), fc.integer({ min: 1, max: 30 }), (batches, max) => {
    const store = new RequestStore(max);
    for (const batch of batches) store.add(batch.map((id) => summary(id)));
    const kept = ids(store);
    assert.ok(kept.length <= max);
    assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => b - a));
    const newest = Math.max(-1, ...batches.flat());
    if (newest >= 0) assert.equal(kept[0], newest);
  }));
});

Deno.test("a request that changed takes its own place", () => {
  const store = new RequestStore(10);
  store.add([summary(1), summary(2)]);
  store.add([summary(1, 200)]);
  assert.deepEqual(ids(store), [2, 1]);
  assert.equal(store.get(1)?.status, 200);
});

Deno.test("a smaller bound drops the oldest at once, and a new list takes the place of the old", () => {
  const store = new RequestStore(10);
  store.add([1, 2, 3, 4].map((id) => summary(id)));
  store.max = 2;
  assert.deepEqual(ids(store), [4, 3]);
  store.replaceAll([summary(9)]);
  assert.deepEqual(ids(store), [9]);
});

Deno.test("what goes on stays while there is something that has ended, as the server keeps it", () => {
  const at = (id: number, state: "open" | "done") => ({ id, state }) as ExchangeSummary;
  const store = new RequestStore(3);
  store.add([at(1, "open"), at(2, "done"), at(3, "done")]);
  store.add([at(4, "done"), at(5, "done")]);
  assert.deepEqual(ids(store), [5, 4, 1]);
  store.add([at(6, "open"), at(7, "open")]);
  assert.deepEqual(ids(store), [7, 6, 1]);
  // When all go on the oldest goes; the newest never does.
  store.add([at(8, "done")]);
  assert.deepEqual(ids(store), [8, 7, 6]);
});
