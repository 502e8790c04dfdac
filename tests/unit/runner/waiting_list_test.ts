import assert from "node:assert/strict";
import fc from "fast-check";
import { type AwaitsOrigin, WaitingList } from "../../../lib/runner/waiting_list.ts";

/** Somebody waits, from now on or anew, until `inMs` from now; or no longer. */
type Change = { kind: "add"; who: number; inMs: number } | { kind: "remove"; who: number };
type Step = Change | { kind: "expire"; passedMs: number };

const people = 12;
const who = fc.nat(people - 1);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), who, inMs: fc.integer({ min: -5, max: 40 }) }),
  fc.record({ kind: fc.constant("remove" as const), who }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: change },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), passedMs: fc.nat(30) }) },
);

class Person implements AwaitsOrigin {
  waitingAt = -1;
  constructor(readonly timedOut: () => void) {}
}

/** A list beside a plain map of deadlines. Whoever is told does next what it is there to do. */
class World {
  readonly list = new WaitingList();
  readonly deadlines = new Map<number, number>();
  readonly told: number[] = [];
  #nowMs = 0;
  #reactions: Change[][];
  #addedMeanwhile = new Set<number>();
  #people = Array.from({ length: people }, (_, who) => new Person(() => this.#timedOut(who)));

  constructor(reactions: Change[][] = []) {
    this.#reactions = [...reactions];
  }

  apply(change: Change): void {
    const person = this.#people[change.who];
    if (change.kind === "remove") {
      this.list.remove(person);
      this.deadlines.delete(change.who);
    } else {
      this.list.add(person, this.#nowMs + change.inMs);
      this.deadlines.set(change.who, this.#nowMs + change.inMs);
      this.#addedMeanwhile.add(change.who);
    }
    assert.equal(this.list.size, this.deadlines.size);
  }

  expire(passedMs: number): void {
    this.#nowMs += passedMs;
    this.#addedMeanwhile.clear();
    this.list.expire(this.#nowMs);
    for (const [who, deadlineMs] of this.deadlines) {
      assert.ok(deadlineMs > this.#nowMs || this.#addedMeanwhile.has(who), `${who} has waited too long`);
    }
    this.check();
  }

  check(): void {
    assert.equal(this.list.size, this.deadlines.size);
    const places = this.#people.map((person) => person.waitingAt);
    for (const [who, at] of places.entries()) assert.equal(at !== -1, this.deadlines.has(who));
    assert.deepEqual(
      places.filter((at) => at !== -1).sort((a, b) => a - b),
      Array.from(this.deadlines, (_, at) => at),
    );
  }

  #timedOut(who: number): void {
    const deadlineMs = this.deadlines.get(who);
    assert.ok(deadlineMs !== undefined, `${who} waits no longer`);
    assert.ok(deadlineMs <= this.#nowMs, `${who} may wait for longer`);
    this.deadlines.delete(who);
    assert.equal(this.list.size, this.deadlines.size);
    this.told.push(who);
    for (const change of this.#reactions.shift() ?? []) this.apply(change);
  }
}

Deno.test("everyone whose deadline has come is told, once, and nobody else", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
    const world = new World();
    for (const step of steps) {
      if (step.kind === "expire") world.expire(step.passedMs);
      else world.apply(step);
      world.check();
    }
    world.expire(1000);
    assert.equal(world.list.size, 0);
  }));
});

Deno.test("whoever is told may add and remove others, and itself again", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 20 }),
      (steps, reactions) => {
        const world = new World(reactions);
        for (const step of steps) {
          if (step.kind === "expire") world.expire(step.passedMs);
          else world.apply(step);
        }
        world.check();
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("one that is late itself, but is removed by another that is told, is not told", () => {
  const world = new World([[{ kind: "remove", who: 1 }]]);
  for (const who of [0, 1, 2]) world.apply({ kind: "add", who, inMs: 10 });
  world.expire(10);
  assert.deepEqual(world.told.sort(), [0, 2]);
});

Deno.test("one that is late itself, but is given more time by another that is told, is told when that is over", () => {
  const world = new World([[{ kind: "add", who: 1, inMs: 5 }]]);
  for (const who of [0, 1]) world.apply({ kind: "add", who, inMs: 10 });
  world.expire(10);
  assert.deepEqual(world.told, [0]);
  world.expire(4);
  assert.deepEqual(world.told, [0]);
  world.expire(1);
  assert.deepEqual(world.told, [0, 1]);
});

Deno.test("one that is added again waits until the new deadline, be it later or sooner", () => {
  const world = new World();
  world.apply({ kind: "add", who: 0, inMs: 10 });
  world.apply({ kind: "add", who: 1, inMs: 10 });
  world.apply({ kind: "add", who: 0, inMs: 20 });
  world.apply({ kind: "add", who: 1, inMs: 5 });
  world.expire(5);
  assert.deepEqual(world.told, [1]);
  world.expire(14);
  assert.deepEqual(world.told, [1]);
  world.expire(1);
  assert.deepEqual(world.told, [1, 0]);
});

Deno.test("one that is told and waits again at once is not told twice in one turn", () => {
  const world = new World([[{ kind: "add", who: 0, inMs: -1 }]]);
  world.apply({ kind: "add", who: 0, inMs: 0 });
  world.expire(0);
  assert.deepEqual(world.told, [0]);
  world.expire(0);
  assert.deepEqual(world.told, [0, 0]);
});
