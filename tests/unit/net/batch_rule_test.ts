import assert from "node:assert/strict";
import fc from "fast-check";
import { BatchRule } from "../../../lib/net/native/batch_rule.ts";

/** Looks, after each of which so many messages had come together as its number says. @returns how often it was told to change */
function look(rule: BatchRule, counts: readonly number[]): number {
  let changes = 0;
  for (const count of counts) {
    for (let i = 0; i < count; i++) rule.together();
    if (rule.looked()) changes++;
  }
  return changes;
}

/** Looks of one window, of which the first so many found messages together. */
function window(found: number): number[] {
  return Array.from({ length: 64 }, (_, i) => i < found ? 1 : 0);
}

Deno.test("a thread whose every fourth look finds messages together becomes a batch task, and remains one on one in sixteen", () => {
  const rule = new BatchRule();
  assert.equal(look(rule, window(15)), 0);
  assert.equal(rule.isBatch, false);
  assert.equal(look(rule, window(16)), 1);
  assert.equal(rule.isBatch, true);
  assert.equal(look(rule, window(4)), 0);
  assert.equal(rule.isBatch, true);
  assert.equal(look(rule, window(3)), 1);
  assert.equal(rule.isBatch, false);
});

Deno.test("however many messages come together at one look, it is one look", () => {
  const rule = new BatchRule();
  assert.equal(look(rule, [32, ...new Array(63).fill(0)]), 0);
  assert.equal(look(rule, window(15).map((count) => 100 * count)), 0);
  assert.equal(look(rule, window(16).map((count) => 100 * count)), 1);
});

Deno.test("silence ends it at once, and what was counted before counts no more", () => {
  const rule = new BatchRule();
  look(rule, window(64));
  assert.equal(rule.quiet(), true);
  assert.equal(rule.isBatch, false);
  assert.equal(rule.quiet(), false);
  look(rule, new Array(63).fill(9));
  rule.together();
  assert.equal(rule.quiet(), false);
  assert.equal(look(rule, [0, ...window(15).slice(0, 63)]), 0);
  assert.equal(rule.isBatch, false);
});

Deno.test("where each message is waited for it never becomes a batch task, and it is told of every change", () => {
  assert.equal(look(new BatchRule(), new Array(10_000).fill(0)), 0);
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 1000 }), (counts) => {
      const rule = new BatchRule();
      let known = false;
      for (const count of counts) {
        if (look(rule, [count]) > 0) known = !known;
        assert.equal(rule.isBatch, known);
      }
    }),
  );
});
