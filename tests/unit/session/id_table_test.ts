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
    checkSlots(table);
  }
  for (const [id, value] of model) assert.equal(table.get(id), value);
  assert.deepEqual(table.values(), ascending(model));
}

function ascending<T>(model: Map<number, T>): T[] {
  return [...model].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function checkSlots(table: IdTable<object>): void {
  assert.ok(table.slots >= fewestSlots, `${table.slots} slots for ${table.size}`);
  assert.ok(table.slots >= 2 * table.size, `${table.slots} slots for ${table.size}`);
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
          checkSlots(table);
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
        checkSlots(table);
      }
      assert.equal(table.size, count);
      const last = ids[count - 1];
      for (const [n, id] of ids.entries()) {
        assert.equal(table.get(id)?.id, id);
        assert.equal(table.get(last)?.id, last);
        table.delete(id);
        assert.equal(table.size, count - n - 1);
        checkSlots(table);
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
