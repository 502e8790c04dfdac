import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExchangeObserver } from "../../../lib/telemetry/mod.ts";
import type { ExchangeRecord } from "../../../lib/inspector/exchange_record.ts";
import { end, historyAt, start } from "./exchanges.ts";

const ids = (records: Iterable<ExchangeRecord>) => Array.from(records, ({ id }) => id);

Deno.test("the newest are kept, newest first, and those that go on rather than those that have ended", () => {
  const { history } = historyAt({ maxRecords: 3 });
  const first = history.record(start());
  history.record(start()).done(end);
  const third = history.record(start());
  assert.deepEqual(ids(history.newest()), [3, 2, 1]);
  history.record(start());
  assert.deepEqual(ids(history.newest()), [4, 3, 1], "the one that has ended went");
  history.record(start());
  assert.deepEqual(ids(history.newest()), [5, 4, 3], "when all go on, the oldest");
  assert.equal(history.get(first.id), undefined);
  assert.equal(history.get(third.id), third);
});

/** What may happen in a history, by the number of the exchange that it happens to. */
const anyStep = fc.oneof(
  fc.record({
    step: fc.constant("begin" as const),
    kind: fc.constantFrom("http" as const, "websocket" as const),
  }),
  fc.record({ step: fc.constant("request" as const), of: fc.nat(30), bytes: fc.nat(9_000) }),
  fc.record({ step: fc.constant("response" as const), of: fc.nat(30), bytes: fc.nat(9_000) }),
  fc.record({
    step: fc.constant("message" as const),
    of: fc.nat(30),
    bytes: fc.nat(9_000),
    final: fc.boolean(),
    direction: fc.constantFrom("sent" as const, "received" as const),
  }),
  fc.record({
    step: fc.constant("messages" as const),
    of: fc.nat(30),
    sizes: fc.array(fc.integer({ min: 1, max: 1024 }), { minLength: 2, maxLength: 20 }),
    direction: fc.constantFrom("sent" as const, "received" as const),
  }),
  fc.record({ step: fc.constant("done" as const), of: fc.nat(30) }),
);

Deno.test("whatever goes by, a history takes no more records and no more memory than it may, and adds up right", () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 200 }),
      fc.integer({ min: 0, max: 8 }),
      (steps, maxRecords) => {
        const maxBytes = 40_000;
        const { history } = historyAt({ maxRecords, maxBytes });
        const begun: ExchangeObserver[] = [];
        for (const step of steps) {
          if (step.step === "begin") {
            begun.push(history.record(start({ kind: step.kind, headers: ["Host", "h".repeat(500)] })));
          } else {
            const exchange = begun[step.of];
            if (exchange === undefined) continue;
            if (step.step === "request") exchange.requestBody(new Uint8Array(step.bytes));
            else if (step.step === "response") exchange.responseBody(new Uint8Array(step.bytes));
            else if (step.step === "done") exchange.done(end);
            else if (step.step === "messages") {
              const { sizes, direction } = step;
              const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size));
              exchange.messagesTogether(direction, { binary: true, sizes, bytes });
            } else {
              const { bytes, final, direction } = step;
              exchange.message(direction, { binary: true, bytes: new Uint8Array(bytes), final });
            }
          }
          const records = [...history.newest()];
          assert.ok(records.length <= maxRecords);
          assert.ok(history.bytes <= maxBytes, `${history.bytes} bytes`);
          assert.equal(history.bytes, records.reduce((sum, { size }) => sum + size, 0));
          for (const record of records) {
            const kept = [
              record.requestBytes,
              record.responseBytes,
              ...record.messages.map(({ bytes }) => bytes),
            ];
            assert.ok(
              record.size >= kept.reduce((sum, { size }) => sum + size, 0),
              "a record is as large as its bytes",
            );
          }
        }
        // Those nobody can ask for hold nothing, though they may go on.
        for (const exchange of begun as ExchangeRecord[]) {
          if (history.get(exchange.id) !== undefined) continue;
          assert.equal(
            exchange.requestBytes.size + exchange.responseBytes.size + exchange.messages.length,
            0,
          );
        }
      },
    ),
  );
});

Deno.test("of what comes faster than anybody looks only so many are recorded, and the rest is counted", () => {
  const { history, at } = historyAt({ maxRecords: 5 });
  const recorded = (count: number) =>
    Array.from({ length: count }, () => history.began(start())).filter((observer) => observer !== null)
      .length;
  assert.equal(recorded(1_000), 5);
  assert.equal(history.unrecorded, 995);
  at(10);
  assert.equal(recorded(1_000), 1);
  const watcher = { exchange: () => {}, link: () => {}, rtt: () => {} };
  history.watch(watcher);
  at(12);
  assert.equal(recorded(1_000), 4, "while somebody looks, more is");
  history.watch(null);
});

Deno.test("a history of no records records nothing", () => {
  const { history } = historyAt({ maxRecords: 0 });
  assert.equal(history.began(start()), null);
  history.record(start());
  assert.deepEqual([ids(history.newest()), history.bytes], [[], 0]);
});

Deno.test("link events are kept newest last, no more than two hundred of them", () => {
  const { history, at } = historyAt();
  for (let i = 0; i < 250; i++) {
    at(i);
    history.linkEvent({ link: "a", runner: "r", kind: "late", detail: String(i) });
  }
  const events = history.linkEvents();
  assert.deepEqual([events.length, events[0].detail, events.at(-1)!.detail], [200, "50", "249"]);
  assert.equal(events.at(-1)!.at, 1e12 + 249);
});

Deno.test("a watcher is told of each change while it watches, and of none afterwards", () => {
  const { history } = historyAt();
  const told: string[] = [];
  history.watch({
    exchange: ({ id }) => told.push(`exchange ${id}`),
    link: ({ kind }) => told.push(`link ${kind}`),
    rtt: (link, _at, rttMs) => told.push(`rtt ${link} ${rttMs}`),
  });
  const record = history.record(start());
  record.opened("9f3ac01b-1");
  record.responded(200, []);
  record.requestBody(new Uint8Array(1));
  record.done(end);
  history.linkEvent({ link: "a", runner: "r", kind: "opened", detail: "" });
  history.rtt("a", 1.5);
  history.watch(null);
  record.linkChanged("dropped", "gone");
  assert.deepEqual(told, ["exchange 1", "exchange 1", "exchange 1", "link opened", "rtt a 1.5"]);
});
