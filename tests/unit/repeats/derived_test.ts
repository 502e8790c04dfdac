import assert from "node:assert/strict";
import fc from "fast-check";
import { Derived, share } from "../../../lib/repeats/mod.ts";

Deno.test("what is derived is kept for lists that are shared, and for them alone", () => {
  const derived = new Derived<number>();
  const own = ["a", "1"];
  const common = ["a", "1"];
  share(common);
  assert.deepEqual([own, common].map((list) => derived.keeps(list)), [false, true]);
  derived.set(own, 1);
  derived.set(common, 2);
  assert.deepEqual([own, common].map((list) => derived.get(list)), [undefined, 2]);
  assert.equal(derived.get([...common]), undefined);
  derived.set(common, 3);
  assert.equal(derived.get(common), 3);
});

Deno.test("two that derive from one list keep their own", () => {
  const [lengths, names] = [new Derived<number>(), new Derived<string>()];
  const list = ["a", "1"];
  share(list);
  lengths.set(list, 2);
  names.set(list, "a");
  assert.deepEqual([lengths.get(list), names.get(list)], [2, "a"]);
});

Deno.test("what is set for the list that was asked for last takes the place of what was", () => {
  const derived = new Derived<number>();
  const list = ["a", "1"];
  share(list);
  derived.set(list, 1);
  assert.equal(derived.get(list), 1);
  derived.set(list, 2);
  assert.equal(derived.get(list), 2);
});

Deno.test("a list that nothing was derived from has nothing when it is asked for again, and gets what is set then", () => {
  const derived = new Derived<number>();
  const [asked, other] = [["a", "1"], ["a", "1"]];
  share(asked);
  share(other);
  derived.set(other, 1);
  const first = [derived.get(asked), derived.get(other), derived.get(asked), derived.get(asked)];
  assert.deepEqual(first, [undefined, 1, undefined, undefined]);
  derived.set(asked, 2);
  assert.deepEqual([derived.get(other), derived.get(asked)], [1, 2]);
});

Deno.test("each list has what was set for it last since it was shared, and never another's, as in a Map", () => {
  const turn = fc.record({
    kind: fc.constantFrom("get", "get", "set", "set", "share"),
    list: fc.nat(3),
    of: fc.nat(1),
  });
  fc.assert(fc.property(fc.array(turn, { maxLength: 60, size: "max" }), (turns) => {
    // Equal lists: it is the one that counts, not what it says.
    const lists = Array.from({ length: 4 }, () => ["a", "1"]);
    const both = [new Derived<number>(), new Derived<number>()];
    const shared = new Set<readonly string[]>();
    const models = both.map(() => new Map<readonly string[], number>());
    for (const [value, turn] of turns.entries()) {
      const list = lists[turn.list];
      if (turn.kind === "share") {
        share(list);
        shared.add(list);
      } else if (turn.kind === "set") {
        both[turn.of].set(list, value);
        if (shared.has(list)) models[turn.of].set(list, value);
      } else {
        assert.equal(both[turn.of].get(list), models[turn.of].get(list));
      }
      assert.equal(both[turn.of].keeps(list), shared.has(list));
    }
    for (const list of lists) {
      for (const which of [0, 1]) assert.equal(both[which].get(list), models[which].get(list));
    }
  }));
});
