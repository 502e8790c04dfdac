import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamMap } from "../../../lib/capture/mod.ts";

const step = fc.record({
  gatewayId: fc.constantFrom(0, 7, 0xffff_ffff),
  requestId: fc.nat(5),
  value: fc.option(fc.nat(), { nil: null }),
});

Deno.test("a map of streams holds what was put in and not taken out, the oldest of each gateway in front", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const map = new StreamMap<number>();
    const model = new Map<number, Map<number, number>>();
    for (const { gatewayId, requestId, value } of steps) {
      const streams = model.get(gatewayId) ?? new Map<number, number>();
      model.set(gatewayId, streams);
      if (value === null) {
        map.delete(gatewayId, requestId);
        streams.delete(requestId);
      } else {
        map.set(gatewayId, requestId, value);
        streams.set(requestId, value);
      }
      assert.equal(map.get(gatewayId, requestId), value ?? undefined);
    }
    const lists = [...model.values()].map((streams) => [...streams.values()]);
    assert.deepEqual([...map.values()], lists.flat());
    assert.deepEqual([...map.oldest()], lists.filter((list) => list.length > 0).map((list) => list[0]));
    assert.equal(map.size, lists.flat().length);
    map.clear();
    assert.equal(map.size, 0);
  }));
});

Deno.test("streams that stay are there after thousands of others came and went", () => {
  const map = new StreamMap<string>();
  map.set(1, 1, "first");
  map.set(1, 2, "second");
  for (let id = 3; id < 10_000; id++) {
    map.set(1, id, "passing");
    map.delete(1, id);
  }
  assert.deepEqual([...map.values()], ["first", "second"]);
});
