import assert from "node:assert/strict";
import fc from "fast-check";
import { FinishedLog } from "../../../lib/session/finished_log.ts";

interface Entry {
  id: number;
  delivered: number;
  credit: number;
}

const maxId = 0xffff_ffff;
const maxCredit = Number.MAX_SAFE_INTEGER;

const id = fc.oneof(fc.nat(200), fc.integer({ min: maxId - 200, max: maxId }), fc.nat(maxId));
const entry: fc.Arbitrary<Entry> = fc.record({
  id,
  delivered: fc.nat(0xffff),
  credit: fc.oneof(fc.constantFrom(0, maxCredit), fc.maxSafeNat()),
});

function logOf(entries: readonly Entry[]): FinishedLog {
  const log = new FinishedLog();
  for (const { id, delivered, credit } of entries) log.add(id, delivered, credit);
  return log;
}

function finished({ delivered, credit }: Entry) {
  return { kind: "finished", delivered, credit } as const;
}

Deno.test("a log tells what a Map would, however asking and adding take turns", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: entry.map((entry) => ({ kind: "add" as const, entry })) },
    { weight: 2, arbitrary: id.map((id) => ({ kind: "get" as const, id })) },
    {
      weight: 1,
      arbitrary: fc.array(entry, { maxLength: 100 }).map((entries) => ({ kind: "all" as const, entries })),
    },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
    const log = new FinishedLog();
    const model = new Map<number, Entry>();
    let added = 0;
    for (const step of steps) {
      if (step.kind === "get") {
        const expected = model.get(step.id);
        assert.deepEqual(log.get(step.id), expected && finished(expected));
        continue;
      }
      const entries = step.kind === "add" ? [step.entry] : step.entries;
      if (step.kind === "all") log.addAll(logOf(entries));
      else log.add(step.entry.id, step.entry.delivered, step.entry.credit);
      for (const entry of entries) model.set(entry.id, entry);
      added += entries.length;
      assert.equal(log.size, added);
    }
    for (const [id, entry] of model) assert.deepEqual(log.get(id), finished(entry));
  }));
});

Deno.test("ids are found in whatever order they were added", () => {
  const unique = fc.uniqueArray(entry, { selector: (entry) => entry.id, maxLength: 300, size: "max" });
  fc.assert(fc.property(unique, (entries) => {
    const log = logOf(entries);
    for (const entry of entries) assert.deepEqual(log.get(entry.id), finished(entry));
  }));
});

Deno.test("ids that begin anew behind the largest are found, those before it too", () => {
  const ids = [maxId - 1, maxId, 0, 1, 2];
  const log = new FinishedLog();
  for (const [n, id] of ids.entries()) {
    log.add(id, n, n * 10);
    for (const [m, id] of ids.slice(0, n + 1).entries()) {
      assert.deepEqual(log.get(id), { kind: "finished", delivered: m, credit: m * 10 });
    }
    for (const id of ids.slice(n + 1)) assert.equal(log.get(id), undefined);
  }
});

Deno.test("an id above all that were added is not found until it is added", () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 80 }), (entries) => {
    const above = maxId + 1;
    const log = logOf(entries);
    assert.equal(log.get(above), undefined);
    const largest = Math.max(-1, ...entries.map((entry) => entry.id));
    assert.equal(log.get(largest + 1), undefined);
    log.add(largest + 1, 7, 9);
    assert.deepEqual(log.get(largest + 1), { kind: "finished", delivered: 7, credit: 9 });
  }));
});

Deno.test("an id between those that were added is not found", () => {
  const log = logOf([{ id: 1, delivered: 1, credit: 1 }, { id: 3, delivered: 3, credit: 3 }]);
  assert.equal(log.get(2), undefined);
  assert.equal(log.get(0), undefined);
});

Deno.test("an empty log finds nothing and adds nothing to another", () => {
  const empty = new FinishedLog();
  assert.equal(empty.get(0), undefined);
  const log = logOf([{ id: 5, delivered: 1, credit: 2 }]);
  log.addAll(empty);
  assert.equal(log.size, 1);
  empty.addAll(log);
  assert.deepEqual(empty.get(5), { kind: "finished", delivered: 1, credit: 2 });
});

Deno.test("what is added to a log from another is a copy: neither sees what the other gets later", () => {
  const [one, other] = [logOf([{ id: 1, delivered: 1, credit: 1 }]), logOf([])];
  other.addAll(one);
  one.add(2, 2, 2);
  other.add(3, 3, 3);
  assert.equal(other.get(2), undefined);
  assert.equal(one.get(3), undefined);
  assert.deepEqual([one.size, other.size], [2, 2]);
});
