import assert from "node:assert/strict";
import fc from "fast-check";
import type { Stream } from "../../../lib/session/mod.ts";
import { TurnQueue } from "../../../lib/session/turn_queue.ts";

/** All that a queue looks at of a stream. */
const streams = Array.from({ length: 5_000 }, () => ({ queued: false }) as Stream);

Deno.test("streams take turns in the order they came, each in the queue once at most", () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(streams.length - 1) }),
    fc.record({ addMany: fc.integer({ min: 1, max: streams.length }) }),
    fc.record({ take: fc.integer({ min: 1, max: 3_000 }) }),
    fc.constant({ clear: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new TurnQueue();
      let expected: Stream[] = [];
      for (const stream of streams) stream.queued = false;
      const add = (stream: Stream) => {
        queue.add(stream);
        if (!expected.includes(stream)) expected.push(stream);
      };
      for (const step of steps) {
        if ("add" in step) add(streams[step.add]);
        else if ("addMany" in step) { for (const stream of streams.slice(0, step.addMany)) add(stream); }
        else if ("clear" in step) {
          queue.clear();
          expected = [];
        } else {
          for (let i = 0; i < step.take && expected.length > 0; i++) {
            assert.equal(queue.take(), expected.shift());
          }
        }
        assert.equal(queue.isEmpty, expected.length === 0);
        const queued = new Set(expected);
        assert.ok(streams.every((stream) => stream.queued === queued.has(stream)));
      }
    }),
    { numRuns: 60 },
  );
});
