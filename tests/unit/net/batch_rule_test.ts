import assert from "node:assert/strict";
import fc from "fast-check";
import { BatchRule } from "../../../lib/net/native/batch_rule.ts";

/** What one look found. */
interface Look {
  /** Sockets that had something. */
  events: number;
  /** Messages that went by in company, those of each company by themselves. */
  together: number[];
}

/** @returns how often the rule told of a change */
function look(rule: BatchRule, looks: readonly Look[]): number {
  let changes = 0;
  for (const { events, together } of looks) {
    for (const messages of together) rule.together(messages);
    if (rule.looked(events)) changes++;
  }
  return changes;
}

/** Looks of one window that found one socket each, the first of them so many messages together as well. */
function window(together: number): Look[] {
  return Array.from(
    { length: 64 },
    (_, i) => ({ events: 1, together: i === 0 && together > 0 ? [together] : [] }),
  );
}

Deno.test("a thread by which as many messages go in company as sockets have something becomes a batch task, and remains one on a quarter", () => {
  const rule = new BatchRule();
  assert.equal(look(rule, window(63)), 0);
  assert.equal(rule.isBatch, false);
  assert.equal(look(rule, window(64)), 1);
  assert.equal(rule.isBatch, true);
  assert.equal(look(rule, window(16)), 0);
  assert.equal(rule.isBatch, true);
  assert.equal(look(rule, window(15)), 1);
  assert.equal(rule.isBatch, false);
});

Deno.test("a thread that is too quick for a burst's answers, and finds them one by one, knows by the burst itself", () => {
  const rule = new BatchRule();
  // A burst of sixteen to an origin, and sixteen answers.
  const burst = [
    { events: 1, together: [16] },
    ...Array.from({ length: 15 }, () => ({ events: 1, together: [] })),
  ];
  assert.equal(look(rule, [...burst, ...burst, ...burst, ...burst]), 1);
  assert.equal(rule.isBatch, true);
});

Deno.test("a few bursts among many that are waited for do not make a batch task", () => {
  const rule = new BatchRule();
  const busy = Array.from({ length: 64 }, (_, i) => ({ events: 30, together: i % 8 === 0 ? [16, 16] : [] }));
  assert.equal(look(rule, busy), 0);
});

Deno.test("silence ends it at once, and what was counted before counts no more", () => {
  const rule = new BatchRule();
  look(rule, window(64));
  assert.equal(rule.quiet(), true);
  assert.equal(rule.isBatch, false);
  assert.equal(rule.quiet(), false);
  look(rule, window(64).slice(0, 63));
  rule.together(100);
  assert.equal(rule.quiet(), false);
  assert.equal(look(rule, window(63)), 0);
  assert.equal(rule.isBatch, false);
});

Deno.test("where each message is waited for it never becomes a batch task, and it is told of every change", () => {
  const alone = { events: 1, together: [] };
  assert.equal(look(new BatchRule(), new Array(10_000).fill(alone)), 0);
  const anyLook = fc.record({
    events: fc.integer({ min: 1, max: 8 }),
    together: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(anyLook, { maxLength: 1000 }), (looks) => {
      const rule = new BatchRule();
      let known = false;
      for (const each of looks) {
        if (look(rule, [each]) > 0) known = !known;
        assert.equal(rule.isBatch, known);
      }
    }),
  );
});
