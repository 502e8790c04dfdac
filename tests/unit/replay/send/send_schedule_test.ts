import assert from "node:assert/strict";
import fc from "fast-check";
import { SendSchedule, type Spans } from "../../../../lib/replay/send/send_schedule.ts";

function spansOf(rows: [startUs: number, endUs: number, skipped?: boolean][]): Spans {
  return {
    startUs: Float64Array.from(rows, (row) => row[0]),
    endUs: Float64Array.from(rows, (row) => row[1]),
    skipped: Uint8Array.from(rows, (row) => row[2] === true ? 1 : 0),
  };
}

/** Runs a schedule in virtual time, with answers that take as long as `durationUs` says. */
function run(spans: Spans, speed: number, durationUs: (index: number) => number) {
  const schedule = new SendSchedule(spans, speed);
  const started: { index: number; atUs: number; endUs: number }[] = [];
  const running: { index: number; endUs: number }[] = [];
  let nowUs = 0;
  while (true) {
    const step = schedule.next(nowUs);
    if (step.kind === "done") return started;
    if (step.kind === "start") {
      const endUs = nowUs + durationUs(step.index);
      started.push({ index: step.index, atUs: nowUs, endUs });
      if (spans.skipped[step.index] === 1) schedule.ended(step.index);
      else running.push({ index: step.index, endUs });
      continue;
    }
    running.sort((a, b) => a.endUs - b.endUs);
    const next = running.at(0);
    if (step.kind === "wait" && (next === undefined || step.untilUs <= next.endUs)) {
      nowUs = step.untilUs;
      continue;
    }
    assert.ok(next !== undefined, "it waits for what is under way");
    running.shift();
    nowUs = Math.max(nowUs, next.endUs);
    schedule.ended(next.index);
  }
}

Deno.test("requests leave at their recorded times, counted from the first that is sent", () => {
  const spans = spansOf([[500, 600, true], [1000, 1500], [1200, 1300], [9000, 9100]]);
  const started = run(spans, 1, () => 10);
  assert.deepEqual(started.map(({ index, atUs }) => [index, atUs]), [[0, 0], [1, 0], [2, 200], [3, 8000]]);
});

Deno.test("at ten times the speed they leave in a tenth of the time", () => {
  const spans = spansOf([[1000, 1500], [2000, 2500], [11_000, 11_100]]);
  assert.deepEqual(run(spans, 10, () => 1).map(({ atUs }) => atUs), [0, 100, 1000]);
});

Deno.test("at full speed a request waits for the answers its client had, and for nothing else", () => {
  // 0 and 1 overlap; 2 began after both, 3 while 2 was under way.
  const spans = spansOf([[0, 100], [50, 200], [300, 900], [400, 500]]);
  const started = run(spans, Infinity, (index) => [70, 30, 1000, 5][index]);
  assert.deepEqual(started.map(({ index, atUs }) => [index, atUs]), [[0, 0], [1, 0], [2, 70], [3, 70]]);
});

Deno.test("a slow origin holds back what followed from its answers, at any speed", () => {
  const spans = spansOf([[0, 10], [20, 30], [21, 40]]);
  assert.deepEqual(run(spans, 1, () => 1000).map(({ atUs }) => atUs), [0, 1000, 1000]);
});

Deno.test("what is skipped holds nothing up and waits for nothing", () => {
  const spans = spansOf([[0, 100, true], [200, 300], [50_000_000, 60_000_000, true]]);
  assert.deepEqual(run(spans, 1, () => 5).map(({ atUs }) => atUs), [0, 0, 0]);
});

Deno.test("whatever was recorded, order, times and what followed from what are kept", () => {
  const rows = fc.array(
    fc.record({ gap: fc.nat(50), length: fc.nat(200), skipped: fc.boolean(), takes: fc.nat(300) }),
    { maxLength: 40 },
  );
  fc.assert(fc.property(rows, fc.constantFrom(0.5, 1, 10, Infinity), (rows, speed) => {
    let at = 0;
    const spans = spansOf(rows.map(({ gap, length, skipped }) => {
      at += gap;
      return [at, at + length, skipped];
    }));
    const started = run(spans, speed, (index) => spans.skipped[index] === 1 ? 0 : rows[index].takes);
    assert.deepEqual(started.map(({ index }) => index), rows.map((_, i) => i), "all, in order");
    const first = spans.skipped.indexOf(0);
    for (const { index, atUs } of started) {
      if (spans.skipped[index] === 1) continue;
      const dueUs = (spans.startUs[index] - spans.startUs[first]) / speed;
      const causes = started.filter((other) =>
        spans.skipped[other.index] === 0 && spans.endUs[other.index] < spans.startUs[index]
      );
      const freeUs = Math.max(0, ...causes.map(({ endUs }) => endUs));
      assert.ok(atUs >= dueUs && atUs >= freeUs, "not before its time, nor before what it followed from");
      const earlier = Math.max(0, ...started.slice(0, index).map((other) => other.atUs));
      assert.equal(atUs, Math.max(dueUs, freeUs, earlier), "and not later than it must");
    }
  }));
});
