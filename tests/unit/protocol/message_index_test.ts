import assert from "node:assert/strict";
import fc from "fast-check";
import {
  indexAdd,
  indexDistance,
  indexSpace,
  isAfter,
  maxUnacknowledgedFrames,
} from "../../../lib/protocol/mod.ts";

const half = 0x8000;
const index = fc.nat(indexSpace - 1);

/** Offsets from any index, and whether what lies there comes after it (RFC 1982, 3.2). */
const offsets: [offset: number, after: boolean][] = [
  [0, false],
  [1, true],
  [2, true],
  [255, true],
  [256, true],
  [half - 2, true],
  [half - 1, true],
  [half, false],
  [half + 1, false],
  [half + 2, false],
  [0xff00, false],
  [0xfffe, false],
  [0xffff, false],
];

/** Collects instead of asserting each: 65,536 assertions would take longer than all that they assert. */
function indicesWhere(fails: (index: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < indexSpace; i++) if (fails(i)) found.push(i);
  return found;
}

for (const [offset, after] of offsets) {
  Deno.test(`the index ${offset} ahead is ${after ? "" : "not "}after, from all 65,536 places`, () => {
    assert.deepEqual(indicesWhere((from) => isAfter(indexAdd(from, offset), from) !== after), []);
  });

  Deno.test(`${offset} ahead is ${offset} away, and back again, from all 65,536 places`, () => {
    assert.deepEqual(indicesWhere((from) => indexDistance(from, indexAdd(from, offset)) !== offset), []);
    assert.deepEqual(indicesWhere((from) => indexAdd(indexAdd(from, offset), -offset) !== from), []);
    assert.deepEqual(indicesWhere((from) => indexAdd(from, offset) !== (from + offset) % indexSpace), []);
  });
}

Deno.test("from one index exactly 32,767 of all 65,536 come after it", () => {
  for (const from of [0, 1, 100, half - 1, half, half + 1, 0xfffe, 0xffff]) {
    assert.equal(indicesWhere((to) => isAfter(to, from)).length, maxUnacknowledgedFrames);
  }
});

Deno.test("the bound on frames under way is the largest distance that is told apart", () => {
  assert.equal(maxUnacknowledgedFrames, 2 ** 15 - 1);
  assert.ok(isAfter(maxUnacknowledgedFrames, 0));
  assert.ok(!isAfter(maxUnacknowledgedFrames + 1, 0));
});

Deno.test("the index behind 65,535 is 0", () => {
  assert.equal(indexAdd(0xffff, 1), 0);
  assert.equal(indexAdd(0, -1), 0xffff);
  assert.ok(isAfter(0, 0xffff));
  assert.ok(!isAfter(0xffff, 0));
});

Deno.test("half way round, neither of two indices comes after the other", () => {
  assert.deepEqual(indicesWhere((a) => isAfter(a, indexAdd(a, half)) || isAfter(indexAdd(a, half), a)), []);
});

Deno.test("of two different indices that are not half way apart, exactly one comes after the other", () => {
  fc.assert(fc.property(index, index, (a, b) => {
    fc.pre(indexDistance(a, b) !== half);
    assert.equal([isAfter(a, b), isAfter(b, a)].filter(Boolean).length, a === b ? 0 : 1);
  }));
});

Deno.test("what comes after stays after when both are moved round the circle", () => {
  fc.assert(fc.property(index, index, fc.integer({ min: -200_000, max: 200_000 }), (a, b, turn) => {
    assert.equal(isAfter(indexAdd(a, turn), indexAdd(b, turn)), isAfter(a, b));
    assert.equal(indexDistance(indexAdd(a, turn), indexAdd(b, turn)), indexDistance(a, b));
  }));
});

Deno.test("order is kept among all indices of one window", () => {
  const within = fc.nat(maxUnacknowledgedFrames);
  fc.assert(fc.property(index, within, within, (start, a, b) => {
    assert.equal(isAfter(indexAdd(start, a), indexAdd(start, b)), a > b);
  }));
});

Deno.test("steps add up, and distances to and fro make one turn", () => {
  const step = fc.integer({ min: -200_000, max: 200_000 });
  fc.assert(fc.property(index, step, step, (from, a, b) => {
    assert.equal(indexAdd(indexAdd(from, a), b), indexAdd(from, a + b));
    const to = indexAdd(from, a);
    const turns = indexDistance(from, to) + indexDistance(to, from);
    assert.equal(turns, from === to ? 0 : indexSpace);
  }));
});
