import assert from "node:assert/strict";
import fc from "fast-check";
import { StartOrder } from "../../../lib/replay/timeline/start_order.ts";

interface Span {
  startUs: number;
  endUs: number;
}

/** Ends `spans` in the order of their ends; gives what comes out, and the most that waited. */
function ordered(spans: Span[]): { out: Span[]; mostWaiting: number } {
  const out: Span[] = [];
  const order = new StartOrder<Span>(({ startUs }) => startUs, (span) => out.push(span));
  let mostWaiting = 0;
  for (const span of spans.toSorted((a, b) => a.endUs - b.endUs)) {
    const live = spans.filter(({ startUs, endUs }) => startUs <= span.endUs && endUs > span.endUs);
    order.add(span, Math.min(...live.map(({ startUs }) => startUs)));
    mostWaiting = Math.max(mostWaiting, order.waitingCount);
  }
  order.finish();
  return { out, mostWaiting };
}

const spans = fc.uniqueArray(fc.tuple(fc.nat(1000), fc.nat(500)), {
  maxLength: 150,
  selector: ([start]) => start,
})
  .map((pairs) => pairs.map(([startUs, lasts], i) => ({ startUs, endUs: startUs + lasts + i / 1000 })));

Deno.test("streams come out in the order of their starts, each once", () => {
  fc.assert(
    fc.property(spans, (spans) => {
      assert.deepEqual(ordered(spans).out, spans.toSorted((a, b) => a.startUs - b.startUs));
    }),
    { numRuns: 300 },
  );
});

Deno.test("nothing waits for streams that began later", () => {
  const apart = Array.from({ length: 50 }, (_, i) => ({ startUs: i * 10, endUs: i * 10 + 5 }));
  assert.equal(ordered(apart).mostWaiting, 0);
});

Deno.test("behind a stream that lasts very long no more than two hundred wait, and none is lost", () => {
  const short = Array.from({ length: 1000 }, (_, i) => ({ startUs: i + 1, endUs: i + 2 }));
  const { out, mostWaiting } = ordered([{ startUs: 0, endUs: 10_000 }, ...short]);
  assert.ok(mostWaiting <= 200, `${mostWaiting} waited`);
  assert.equal(out.length, 1001);
  assert.deepEqual(out.filter(({ startUs }) => startUs > 0), short);
});
