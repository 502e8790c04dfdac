import assert from "node:assert/strict";
import fc from "fast-check";
import { CborReader, CborWriter, ProtocolError } from "../../../lib/protocol/mod.ts";
import { type CaptureEvent, CaptureReader, type CaptureRecord } from "../../../lib/capture/mod.ts";
import { readRecord } from "../../../lib/capture/decode_record.ts";
import { encodeEventRecord, encodeHeader } from "../../../lib/capture/encode_record.ts";
import { sourceOf, testHeader } from "./capture_bytes.ts";

const reasons = ["finished", "reset", "reset-by-peer", "lost"] as const;
const event: fc.Arbitrary<CaptureEvent> = fc.oneof(
  fc.record({
    name: fc.constant("collected" as const),
    stream: fc.oneof(
      fc.constantFrom("abc00001-1", "ffffffff-4294967295", "", "x".repeat(30), "ä-1"),
      fc.string(),
    ),
    reason: fc.constantFrom(...reasons),
  }, { noNullPrototype: true }),
  fc.record({ name: fc.constant("lost" as const), reason: fc.string() }, { noNullPrototype: true }),
  fc.record({
    name: fc.constant("unknown" as const),
    event: fc.constantFrom("collected", "collect"),
    fields: fc.array(fc.constantFrom("abc00001-1", "finish", "finishedd", "lost"), { maxLength: 3 }),
  }, { noNullPrototype: true }),
);

/** A record and the one behind it as the reader has them, or `null` when it is damaged. */
function byReader(record: Uint8Array): CaptureRecord | null {
  const header = new CborWriter();
  encodeHeader(testHeader, header);
  try {
    const reader = new CaptureReader(sourceOf(new Uint8Array([...header.view(), ...record])));
    reader.next();
    return reader.next();
  } catch (error) {
    return error instanceof Error && error.name === "CaptureError" ? null : assert.fail(String(error));
  }
}

/** A record's fields: the reader makes a frame's of a class, which has its bytes when they are asked for. */
function fieldsOf(record: CaptureRecord | null) {
  if (record?.kind !== "frame") return record;
  const { kind, number, offset, timeUs, link, direction, bytes, omittedBytes } = record;
  return { kind, number, offset, timeUs, link, direction, bytes, omittedBytes };
}

Deno.test("ends of streams are read fast as they would be read with care, whatever stands in them", () => {
  const header = new CborWriter();
  encodeHeader(testHeader, header);
  const at = { number: 1, offset: header.length };
  fc.assert(
    fc.property(
      event,
      fc.maxSafeNat(),
      fc.nat(300),
      fc.nat(),
      fc.nat(255),
      (event, timeUs, link, place, byte) => {
        const writer = new CborWriter();
        encodeEventRecord({ timeUs, link }, event, writer);
        const whole = writer.view().slice();
        const changed = whole.slice();
        changed[place % changed.length] = byte;
        for (const bytes of [whole, changed, whole.subarray(0, place % whole.length)]) {
          if (bytes.length === 0) continue;
          let expected: CaptureRecord | null = null;
          try {
            expected = readRecord(new CborReader(bytes), at);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
          assert.deepEqual(fieldsOf(byReader(bytes)), fieldsOf(expected));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
