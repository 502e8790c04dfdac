import assert from "node:assert/strict";
import fc from "fast-check";
import { turnMs } from "../../../lib/net/mod.ts";
import {
  afterTurn,
  doPromisesFollow,
  promisesFollow,
  timesPutOff,
  turnBegins,
  turnEnd,
  turnEnds,
} from "../../../lib/net/turn.ts";
import { nextTurn } from "./loopback.ts";

/** Works until the clock has moved on. */
function work(): void {
  const began = performance.now();
  while (performance.now() <= began);
}

Deno.test("the time of a turn is the same throughout it, whatever its work takes, also in microtasks queued before", async () => {
  await nextTurn();
  const seen: number[] = [];
  void turnEnd.then(() => {
    work();
    seen.push(turnMs());
  });
  queueMicrotask(() => {
    work();
    seen.push(turnMs());
  });
  const asked = turnMs();
  work();
  seen.push(turnMs());
  work();
  seen.push(turnMs());
  await nextTurn();
  assert.deepEqual(seen, [asked, asked, asked, asked]);
});

Deno.test("the time moves on with the next turn, by all that the turn before took", async () => {
  await nextTurn();
  let before = turnMs();
  for (let turns = 0; turns < 20; turns++) {
    work();
    const ended = performance.now();
    await nextTurn();
    const now = turnMs();
    assert.ok(now >= ended && ended > before, `${before} … ${ended} … ${now}`);
    before = now;
  }
});

Deno.test("the time of a turn is when it was first asked for, not when the turn began", async () => {
  await nextTurn();
  work();
  const before = performance.now();
  assert.ok(turnMs() >= before);
});

Deno.test("the time never goes back, and is never ahead of the clock", async () => {
  const step = fc.constantFrom("ask" as const, "work" as const, "microtask" as const, "turn" as const);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let last = 0;
      const ask = () => {
        const asked = turnMs();
        assert.ok(asked >= last, `${asked} after ${last}`);
        assert.ok(asked <= performance.now());
        last = asked;
      };
      const asked: Promise<void>[] = [];
      for (const step of steps) {
        if (step === "ask") ask();
        else if (step === "work") work();
        else if (step === "microtask") asked.push(turnEnd.then(ask));
        else await nextTurn();
      }
      await Promise.all(asked);
    }),
    { numRuns: 40 },
  );
});

Deno.test("who begins a turn by itself says what time it is, until it ends", async () => {
  await nextTurn();
  const began = performance.now();
  work();
  turnBegins(began);
  assert.equal(turnMs(), began);
  await turnEnd;
  work();
  assert.equal(turnMs(), began, "and not before");
  turnEnds();
  const later = turnMs();
  assert.ok(later > began);
  await nextTurn();
  assert.ok(turnMs() >= later);
});

Deno.test("what is put off to the end of the turn is done in order, and what that puts off is seen", async () => {
  const done: string[] = [];
  const before = timesPutOff();
  afterTurn(() => {
    done.push("first");
    afterTurn(() => done.push("of the first"));
  });
  afterTurn(() => done.push("second"));
  assert.deepEqual([done, timesPutOff() - before], [[], 2]);
  await turnEnd;
  assert.deepEqual([done, timesPutOff() - before], [["first", "second"], 3], "there is more to wait for");
  await turnEnd;
  assert.deepEqual([done, timesPutOff() - before], [["first", "second", "of the first"], 3], "there is not");
});

Deno.test("promises are followed in the turn they were said to follow in, or from then on", () => {
  turnBegins(1);
  assert.equal(doPromisesFollow(), false);
  promisesFollow("in this turn");
  assert.equal(doPromisesFollow(), true);
  turnBegins(2);
  assert.equal(doPromisesFollow(), false);
  promisesFollow("always");
  promisesFollow("in this turn");
  turnBegins(3);
  assert.equal(doPromisesFollow(), true);
  turnEnds();
});
