import assert from "node:assert/strict";
import fc from "fast-check";
import { IdTable } from "../../../lib/session/id_table.ts";

const maxId = 0xffff_ffff;
const fewestSlots = 64;

type Step = { kind: "set" | "delete" | "get"; id: number };

/** Ids that follow one another, that are hardly apart, at both ends of the range, and any. */
const id = fc.oneof(
  fc.nat(40),
  fc.integer({ min: maxId - 20, max: maxId }),
  fc.integer({ min: 0x7fff_fff8, max: 0x8000_0008 }),
  fc.nat(60).map((n) => n * 128),
  fc.nat(maxId),
);

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("set" as const, "set" as const, "delete" as const, "get" as const),
  id,
});

/** Goes through `steps` in a table and in a `Map`, which have to agree after each. */
function checkAgainstMap(steps: readonly Step[]): void {
  const table = new IdTable<{ n: number }>();
  const model = new Map<number, { n: number }>();
  let most = 0;
  for (const [n, { kind, id }] of steps.entries()) {
    if (kind === "set") {
      const value = { n };
      table.set(id, value);
      model.set(id, value);
    } else if (kind === "delete") {
      table.delete(id);
      model.delete(id);
    }
    assert.equal(table.get(id), model.get(id));
    assert.equal(table.has(id), model.has(id));
    assert.equal(table.size, model.size);
    most = Math.max(most, table.size);
    checkSlots(table, most);
  }
  for (const [id, value] of model) assert.equal(table.get(id), value);
  assert.deepEqual(table.values(), ascending(model));
}

function ascending<T>(model: Map<number, T>): T[] {
  return [...model].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** @param most what it has held at once */
function checkSlots(table: IdTable<object>, most: number): void {
  assert.ok(table.slots >= fewestSlots, `${table.slots} slots for ${table.size}`);
  assert.ok(table.slots >= 2 * table.size, `${table.slots} slots for ${table.size}`);
  assert.ok(table.slots <= Math.max(fewestSlots, 4 * most), `${table.slots} slots, at most ${most} held`);
}

/** Lets `count` come and go, one after the other, with ids from `first` on. */
function pass(table: IdTable<object>, first: number, count: number): void {
  for (let id = first; id < first + count; id++) {
    table.set(id, {});
    table.delete(id);
  }
}

Deno.test("a table holds what a Map would, whatever comes and goes", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 400, size: "max" }), checkAgainstMap));
});

Deno.test("entries whose search begins at the same slot are told apart when one of them goes", () => {
  // Multiples of 2^25 agree in all the bits that choose among 64 slots.
  const id = fc.nat(100).map((n) => (n * 2 ** 25) % 2 ** 32);
  const colliding: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom("set", "delete"), id });
  fc.assert(fc.property(fc.array(colliding, { maxLength: 200, size: "max" }), checkAgainstMap));
});

Deno.test("ids that count up and wrap, with a window of them alive, are found as long as they live", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: maxId - 3000, max: maxId }),
      fc.integer({ min: 1, max: 300 }),
      (first, alive) => {
        const table = new IdTable<{ id: number }>();
        const at = (n: number) => (first + n) % 2 ** 32;
        for (let n = 0; n < 3000; n++) {
          table.set(at(n), { id: at(n) });
          if (n < alive) continue;
          assert.deepEqual(table.get(at(n - alive)), { id: at(n - alive) });
          table.delete(at(n - alive));
          assert.equal(table.has(at(n - alive)), false);
          assert.equal(table.size, alive);
          checkSlots(table, alive + 1);
        }
        const ids = Array.from({ length: alive }, (_, i) => at(3000 - alive + i)).sort((a, b) => a - b);
        assert.deepEqual(table.values().map((value) => value.id), ids);
      },
    ),
    { numRuns: 10 },
  );
});

Deno.test("a table that fills and empties in waves keeps its slots", () => {
  const table = new IdTable<object>();
  const slots = new Set<number>();
  for (let wave = 0; wave < 50; wave++) {
    for (let id = 0; id < 300; id++) table.set(wave * 300 + id, {});
    for (let id = 0; id < 300; id++) table.delete(wave * 300 + id);
    slots.add(table.slots);
  }
  assert.deepEqual([...slots], [1024]);
});

Deno.test("a table that has held little for a while gives its slots back", () => {
  const table = new IdTable<object>();
  for (let id = 0; id < 5000; id++) table.set(id, {});
  for (let id = 0; id < 5000; id++) table.delete(id);
  assert.equal(table.slots, 16384);
  // A sixteenth of 16,384, of 4096, of 1024 and of 256 entries, and one more each.
  pass(table, 5000, 1024 + 256 + 64 + 16 + 4);
  assert.equal(table.slots, fewestSlots);
});

Deno.test("slots are given back when a sixteenth of them went while it held less than a sixteenth, and not one sooner", () => {
  for (const kept of [0, 1, 62]) {
    const table = new IdTable<object>();
    for (let id = 0; id < 300; id++) table.set(id, {});
    // Down to 64 of 1024 slots: as many as it may hold without being sparse.
    for (let id = 299; id >= 64; id--) table.delete(id);
    for (let id = 63; id >= kept; id--) table.delete(id);
    const gone = 64 - kept;
    assert.equal(table.slots, 1024);
    pass(table, 1000, 64 - gone);
    assert.equal(table.slots, 1024, `${kept} kept`);
    pass(table, 2000, 1);
    assert.equal(table.slots, 256, `${kept} kept`);
    for (let id = 0; id < kept; id++) assert.equal(table.has(id), true);
    // What went before counts no more: it is a sixteenth again, if what is left is still too little.
    pass(table, 3000, 16);
    assert.equal(table.slots, 256, `${kept} kept`);
    pass(table, 4000, 1);
    assert.equal(table.slots, kept < 16 ? fewestSlots : 256, `${kept} kept`);
  }
});

Deno.test("a table never has fewer slots than at first", () => {
  const table = new IdTable<object>();
  for (let id = 0; id < 40; id++) table.set(id, {});
  assert.equal(table.slots, 2 * fewestSlots);
  for (let id = 0; id < 40; id++) table.delete(id);
  pass(table, 1000, 200);
  assert.equal(table.slots, fewestSlots);
});

Deno.test("slots that are needed again in the meantime are not given back", () => {
  const table = new IdTable<object>();
  for (let id = 0; id < 300; id++) table.set(id, {});
  for (let id = 299; id >= 10; id--) table.delete(id);
  for (let round = 0; round < 5; round++) {
    pass(table, 1000, 8);
    // One that goes while there are enough ends what had gone in a row.
    for (let id = 10; id < 70; id++) table.set(id, {});
    for (let id = 69; id >= 10; id--) table.delete(id);
    assert.equal(table.slots, 1024, `round ${round}`);
  }
  // From 63 to 10 it has gone down while there were too many: 54 of the 65 that it takes.
  pass(table, 1000, 10);
  assert.equal(table.slots, 1024);
  pass(table, 1000, 1);
  assert.equal(table.slots, 256);
});

Deno.test("slots are bounded by what is held once some have come and gone, however much it was before", () => {
  const wave = fc.record({ most: fc.integer({ min: 0, max: 3000 }), few: fc.nat(200) });
  fc.assert(
    fc.property(fc.array(wave, { minLength: 1, maxLength: 4 }), (waves) => {
      const table = new IdTable<object>();
      let next = 0;
      const alive: number[] = [];
      for (const { most, few } of waves) {
        while (alive.length < most) table.set(alive[alive.push(next++) - 1], {});
        while (alive.length > few) table.delete(alive.pop()!);
        const { length } = alive;
        // A sixteenth of the slots for each quartering: an eighth is enough for all of them.
        pass(table, 2 ** 31, Math.ceil(table.slots / 8));
        assert.ok(table.slots <= Math.max(fewestSlots, 16 * (length + 1)), `${table.slots} for ${length}`);
        for (const id of alive) assert.equal(table.has(id), true);
      }
    }),
    { numRuns: 20 },
  );
});

Deno.test("a table of thousands finds those that stay while the others go", () => {
  const spread = fc.record({
    count: fc.integer({ min: 1, max: 5000 }),
    first: fc.nat(maxId),
    half: fc.nat(),
  });
  fc.assert(
    fc.property(spread, ({ count, first, half }) => {
      // An odd step makes no id come twice.
      const ids = Array.from({ length: count }, (_, n) => (first + Math.imul(n, 2 * half + 1)) >>> 0);
      const table = new IdTable<{ id: number }>();
      for (const id of ids) {
        table.set(id, { id });
        checkSlots(table, table.size);
      }
      assert.equal(table.size, count);
      const last = ids[count - 1];
      for (const [n, id] of ids.entries()) {
        assert.equal(table.get(id)?.id, id);
        assert.equal(table.get(last)?.id, last);
        table.delete(id);
        assert.equal(table.size, count - n - 1);
        checkSlots(table, count);
      }
      assert.deepEqual(table.values(), []);
    }),
    { numRuns: 20 },
  );
});

Deno.test("to delete an id that is not there changes nothing", () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 60, size: "max" }), fc.array(id), (there, unknown) => {
      const table = new IdTable<{ id: number }>();
      for (const id of there) table.set(id, { id });
      const before = table.values();
      const { slots } = table;
      for (const id of unknown) if (!there.includes(id)) table.delete(id);
      assert.deepEqual(table.values(), before);
      assert.equal(table.size, there.length);
      assert.equal(table.slots, slots);
      for (const id of there) assert.equal(table.get(id)?.id, id);
    }),
  );
});

Deno.test("a value set again takes the place of the one before", () => {
  const table = new IdTable<{ n: number }>();
  for (const id of [0, 1, maxId]) {
    table.set(id, { n: 1 });
    table.set(id, { n: 2 });
    assert.deepEqual(table.get(id), { n: 2 });
  }
  assert.equal(table.size, 3);
});
