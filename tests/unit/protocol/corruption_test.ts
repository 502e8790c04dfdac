/** Messages that were cut or changed on their way: read as frames, or told to be none, and nothing else. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeFrames, type Frame, ProtocolError } from "../../../lib/protocol/mod.ts";
import { encoded } from "./codec.ts";
import { anyFrame, frameArbitraries } from "./frame_arbitraries.ts";

/** The frames of a message, or `null` when it breaks the protocol; whatever else is thrown fails the test. */
function framesOf(message: Uint8Array): Frame[] | null {
  try {
    return decodeFrames(message);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** Sequences of up to three frames, small enough that each place in them is worth a look. */
const message = fc.array(anyFrame, { minLength: 1, maxLength: 3 }).map((frames) => encoded(...frames))
  .filter(({ length }) => length <= 4_096);

for (const [kind, arbitrary] of Object.entries(frameArbitraries)) {
  Deno.test(`a ${kind} frame cut anywhere breaks the protocol`, () => {
    fc.assert(
      fc.property(
        arbitrary.map((frame) => encoded(frame)).filter(({ length }) => length <= 1_024),
        (bytes) => {
          for (let length = 1; length < bytes.length; length++) {
            assert.equal(framesOf(bytes.subarray(0, length)), null, `cut after ${length} bytes`);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
}

Deno.test("a message cut between two frames is read as far as it goes", () => {
  fc.assert(
    fc.property(anyFrame, anyFrame, (first, second) => {
      const length = encoded(first).length;
      assert.equal(framesOf(encoded(first, second).subarray(0, length))?.length, 1);
    }),
    { numRuns: 100 },
  );
});

Deno.test("bytes that were changed make other frames or break the protocol", () => {
  const change = fc.record({ at: fc.nat(4_095), to: fc.nat(255) });
  let broken = 0;
  fc.assert(
    fc.property(message, fc.array(change, { minLength: 1, maxLength: 4 }), (bytes, changes) => {
      const changed = bytes.slice();
      for (const { at, to } of changes) changed[at % changed.length] = to;
      if (framesOf(changed) === null) broken++;
    }),
    { numRuns: 3_000 },
  );
  assert.ok(broken > 100, `${broken} of 3000 were refused`);
});

Deno.test("each bit of a message that flips makes other frames or breaks the protocol", () => {
  fc.assert(
    fc.property(message.filter(({ length }) => length <= 200), (bytes) => {
      const unchanged = bytes.toHex();
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] ^= 1 << (bit & 7);
        const frames = framesOf(flipped);
        // A frame has one encoding: other bytes are other frames. Those of a later version are stepped over.
        if (frames !== null && frames.length > 0) assert.notEqual(encoded(...frames).toHex(), unchanged);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("random bytes are never anything but frames or a broken protocol", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
      framesOf(bytes);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("a length that promises more than there is costs no memory", () => {
  // Bytes, text, array and map heads of 8 bytes, each alone and as an item of frames that have such a field.
  const before = Deno.memoryUsage().rss;
  for (const head of ["5b", "7b", "9b", "bb"]) {
    for (const length of ["7fffffffffffffff", "00000000ffffffff", "0000000040000000"]) {
      for (
        const start of ["", "8518220101 00", "851822010100", "8308f5", "871826010100190200" + "60", "82181f"]
      ) {
        const bytes = Uint8Array.fromHex(`${start}${head}${length}`.replaceAll(" ", ""));
        assert.equal(framesOf(bytes), null);
      }
    }
  }
  assert.ok(Deno.memoryUsage().rss - before < 64 * 1024 * 1024);
});
