import assert from "node:assert/strict";
import fc from "fast-check";
import { ProbeBook, type ProbeEvent } from "../../../lib/probe/probe_book.ts";
import { resultOf } from "./results.ts";

const timeoutMs = 100;

function bookOf(sent: number): ProbeBook {
  const book = new ProbeBook({ timeoutMs, origin: false });
  for (let sequence = 0; sequence < sent; sequence++) book.sent(sequence, sequence * 10);
  return book;
}

function kinds(events: (ProbeEvent | null)[]): (string | undefined)[] {
  return events.map((event) => event?.kind);
}

Deno.test("an answer is timed from the departure of its own probe", () => {
  const book = bookOf(3);
  const event = book.answered(resultOf(1), 32.5);
  assert.ok(event?.kind === "answered");
  assert.equal(event.sample.rttMs, 22.5);
  assert.deepEqual(book.counts, {
    sent: 3,
    received: 1,
    lost: 0,
    late: 0,
    failed: 0,
    duplicated: 0,
    outOfOrder: 0,
    pending: 2,
  });
});

Deno.test("a probe without an answer is lost at its timeout and not before", () => {
  const book = bookOf(2);
  assert.equal(book.deadline, 100);
  assert.deepEqual(book.expire(99.9), []);
  assert.deepEqual(book.expire(100), [{ kind: "lost", sequence: 0, afterMs: 100 }]);
  assert.equal(book.deadline, 110);
  assert.deepEqual(kinds(book.expire(500)), ["lost"]);
  assert.equal(book.deadline, Infinity);
});

Deno.test("an answer to a lost probe is late: it is measured, and the probe stays lost", () => {
  const book = bookOf(1);
  book.expire(100);
  const event = book.answered(resultOf(0), 300);
  assert.ok(event?.kind === "answered" && event.late);
  assert.equal(event.sample.rttMs, 300);
  const { received, lost, late } = book.counts;
  assert.deepEqual({ received, lost, late }, { received: 0, lost: 1, late: 1 });
});

Deno.test("a second answer is counted as a duplicate and not measured", () => {
  const book = bookOf(1);
  assert.deepEqual(
    kinds([book.answered(resultOf(0), 5), book.answered(resultOf(0), 6), book.answered(resultOf(0), 7)]),
    ["answered", "duplicated", "duplicated"],
  );
  assert.equal(book.counts.duplicated, 2);
  assert.equal(book.counts.received, 1);
});

Deno.test("an answer behind that of a later probe is out of order, and received all the same", () => {
  const book = bookOf(4);
  const order = [0, 2, 1, 3].map((sequence) => book.answered(resultOf(sequence), 50));
  assert.deepEqual(
    order.map((event) => event?.kind === "answered" && event.outOfOrder),
    [false, false, true, false],
  );
  assert.equal(book.counts.outOfOrder, 1);
  assert.equal(book.counts.received, 4);
});

Deno.test("an answer that says what went wrong makes its probe a failed one", () => {
  const book = bookOf(1);
  assert.deepEqual(book.answered(resultOf(0, { problem: "the link to the runner is down" }), 4), {
    kind: "failed",
    sequence: 0,
    afterMs: 4,
    problem: "the link to the runner is down",
  });
  assert.equal(book.counts.failed, 1);
});

Deno.test("an answer to a probe that was never sent is no event", () => {
  const book = bookOf(1);
  assert.equal(book.answered(resultOf(77), 5), null);
  assert.equal(book.counts.received, 0);
});

Deno.test("when the connection breaks, what is under way fails and what has ended stays as it is", () => {
  const book = bookOf(3);
  book.answered(resultOf(0), 20);
  assert.deepEqual(kinds(book.failAll("gone", 25)), ["failed", "failed"]);
  assert.equal(book.fail(0, "gone", 25), null);
  const { received, failed, pending } = book.counts;
  assert.deepEqual({ received, failed, pending }, { received: 1, failed: 2, pending: 0 });
});

Deno.test("every probe that was sent is received, lost, failed or under way, whatever happens", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("sent" as const) }),
    fc.record({ kind: fc.constant("answer" as const), id: fc.nat(30), bad: fc.boolean() }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(150) }),
    fc.record({ kind: fc.constant("break" as const) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const book = new ProbeBook({ timeoutMs, origin: false });
    let now = 0;
    let next = 0;
    for (const event of steps) {
      if (event.kind === "sent") book.sent(next++, now);
      else if (event.kind === "answer") {
        book.answered(resultOf(event.id, { problem: event.bad ? "no" : "" }), now);
      } else if (event.kind === "break") book.failAll("gone", now);
      else book.expire(now += event.ms);
      const { sent, received, lost, failed, pending, late, outOfOrder } = book.counts;
      assert.equal(sent, next);
      assert.equal(sent, received + lost + failed + pending);
      assert.ok(late <= lost);
      assert.ok(outOfOrder <= received + late);
    }
    assert.ok(book.deadline === Infinity || book.deadline > now - 1);
  }));
});
