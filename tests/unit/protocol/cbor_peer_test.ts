/** The codec against another CBOR library: what one writes the other reads, and both write the same bytes. */
import assert from "node:assert/strict";
import { Encoder } from "cbor-x";
import fc from "fast-check";
import { decodeFrames, type Frame, frameTypes } from "../../../lib/protocol/mod.ts";
import { encoded, plain, toHex } from "./codec.ts";
import { anyFrame, frameArbitraries } from "./frame_arbitraries.ts";

const peer = new Encoder({ useRecords: false, tagUint8Array: false });

/** A frame's items in the order they travel in: that of its fields. The last flag of a ws-accept is left out where it is false. */
function itemsOf(frame: Frame): unknown[] {
  const values = Object.values(frame);
  if (frame.type === frameTypes.wsAccept && !frame.together) values.pop();
  return values.map((value) =>
    Array.isArray(value)
      ? value.flatMap((item) => typeof item === "object" ? Object.values(item) : [item])
      : value
  );
}

/** cbor-x makes a float of a number above 32 bits unless it is a bigint. */
function wide(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wide);
  return typeof value === "number" && value > 0xffff_ffff ? BigInt(value) : value;
}

/** What cbor-x reads, with its buffers as plain arrays of bytes and its bigints as numbers. */
function narrow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(narrow);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  return typeof value === "bigint" ? Number(value) : value;
}

for (const [kind, arbitrary] of Object.entries(frameArbitraries)) {
  Deno.test(`any ${kind} frame is the same to another CBOR library, both ways and byte for byte`, () => {
    fc.assert(
      fc.property(arbitrary, (frame) => {
        const bytes = encoded(frame);
        assert.deepEqual(narrow(peer.decode(bytes)), narrow(itemsOf(frame)));
        const theirs = peer.encode(wide(itemsOf(frame)));
        assert.equal(toHex(theirs), toHex(bytes));
        assert.deepEqual(decodeFrames(theirs).map(plain), [plain(frame)]);
      }),
      { numRuns: 100 },
    );
  });
}

Deno.test("a message of many frames is the same CBOR sequence to another library", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 6 }), (frames) => {
      const read: unknown[] = [];
      peer.decodeMultiple(encoded(...frames), (item) => {
        read.push(narrow(item));
      });
      assert.deepEqual(read, frames.map((frame) => narrow(itemsOf(frame))));
    }),
    { numRuns: 100 },
  );
});
