import assert from "node:assert/strict";
import fc from "fast-check";
import { CaptureError, CaptureReader } from "../../../lib/capture/mod.ts";
import { CaptureCheck } from "../../../lib/replay/check/capture_check.ts";
import { checkCapture, type Violation } from "../../../lib/replay/mod.ts";
import { sourceOf } from "../capture/capture_bytes.ts";
import { chunk, end, get, message, ok, open, post, RecordedSession, window } from "./recorded_session.ts";

const recorded = new RecordedSession().connect()
  .up(1, 0, get).down(1, 0, { ...ok, headers: ["Server", "x".repeat(200)] }).down(1, 1, chunk(200)).down(
    1,
    2,
    end,
  )
  .ackDown(1, 1).ackUp(1, 3, window + 200).collected(1)
  .up(2, 0, post).up(2, 1, chunk(3000)).up(2, 2, end).ackDown(2, 3, window + 3000)
  .down(2, 0, ok).down(2, 1, end).collected(2).ackUp(2, 2)
  .up(3, 0, open).up(3, 1, message(40)).down(3, 5, message(0, false)).bytes();

/** The verdict when every frame is read from bytes of its own, by the reader that says what is wrong. */
function withCare(bytes: Uint8Array) {
  const violations: Violation[] = [];
  const reader = new CaptureReader(sourceOf(bytes));
  const check = new CaptureCheck(reader.header, (violation) => violations.push(violation));
  let damage: string | null = null;
  try {
    for (let record = reader.next(); record !== null; record = reader.next()) {
      check.add(record.kind === "frame" ? { ...record, bytes: record.bytes.slice() } : record);
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error.message;
  }
  return { counts: check.counts, violations, records: reader.number, damage };
}

Deno.test("the verdict is the one that reading every frame with care gives, whatever was changed in the file", async () => {
  const headerBytes = new RecordedSession().bytes().length;
  const change = fc.record({ at: fc.nat(recorded.length), value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
      const bytes = recorded.slice();
      for (const { at, value } of changes) bytes[headerBytes + at % (bytes.length - headerBytes)] = value;
      const { counts, violations, records, damage } = await checkCapture(new CaptureReader(sourceOf(bytes)));
      assert.deepEqual(
        { counts, violations, records, damage: damage?.message ?? null },
        withCare(bytes),
      );
    }),
    { numRuns: 500 },
  );
});
