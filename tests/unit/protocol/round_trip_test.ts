import assert from "node:assert/strict";
import fc from "fast-check";
import { CborWriter, decodeFrames, encodeFrame, FrameReader, frameTypes } from "../../../lib/protocol/mod.ts";
import { encoded, plain } from "./codec.ts";
import { anyFrame, frameArbitraries } from "./frame_arbitraries.ts";

for (const [kind, arbitrary] of Object.entries(frameArbitraries)) {
  Deno.test(`any ${kind} frame is read as it was written`, () => {
    fc.assert(
      fc.property(arbitrary, (frame) => {
        const [read, ...rest] = decodeFrames(encoded(frame));
        assert.deepEqual(rest, []);
        assert.deepEqual(plain(read), plain(frame));
      }),
      { numRuns: 150 },
    );
  });
}

Deno.test("there is an arbitrary for every frame type", () => {
  assert.deepEqual(Object.keys(frameArbitraries).sort(), Object.keys(frameTypes).sort());
});

Deno.test("a frame has one encoding: what is read is written as the same bytes", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const bytes = encoded(frame);
      assert.deepEqual(encoded(...decodeFrames(bytes)), bytes);
    }),
    { numRuns: 300 },
  );
});

Deno.test("frames back to back in one message are read one after another", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), (frames) => {
      const writer = new CborWriter({ initialBytes: 16 });
      const ends: number[] = [];
      for (const frame of frames) {
        encodeFrame(frame, writer);
        ends.push(writer.length);
      }
      const reader = new FrameReader(writer.view());
      for (const [i, frame] of frames.entries()) {
        const read = reader.next();
        assert.ok(read !== null);
        assert.deepEqual(plain(read), plain(frame));
        assert.equal(reader.offset, ends[i]);
      }
      assert.equal(reader.next(), null);
    }),
    { numRuns: 100 },
  );
});
