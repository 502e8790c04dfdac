import assert from "node:assert/strict";
import fc from "fast-check";
import { asPayload, copyBytes } from "../../../lib/net/mod.ts";
import { keptPayloadBytes } from "../../../lib/session/mod.ts";

/** On both sides of what is copied byte by byte, shares a slab, and is kept by a stream. */
const length = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 129, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 8_191, 8_192, 8_193, 70_000),
  fc.nat(3_000),
);
const pieces = fc.array(fc.tuple(length, fc.oneof(fc.constant(0), fc.nat(300))), {
  minLength: 1,
  maxLength: 20,
});

/** A view into a larger buffer, behind `from` bytes that are not meant. */
function viewOf(length: number, from: number, n: number): Uint8Array {
  const view = new Uint8Array(length + from + 32).subarray(16, 16 + length + from);
  for (let i = 0; i < length; i++) view[from + i] = (i + n * 13) % 251;
  return view;
}

Deno.test("copies from any place on are right, and stay so when their source and one another are overwritten", () => {
  fc.assert(fc.property(pieces, (pieces) => {
    const copies = pieces.map(([length, from], n) => {
      const view = viewOf(length, from, n);
      const copy = copyBytes(view, from);
      const expected = view.slice(from);
      view.fill(0xff);
      return { copy, expected };
    });
    for (const { copy, expected } of copies) {
      assert.deepEqual(copy, expected);
      copy.fill(0xff);
    }
  }));
});

Deno.test("a payload from any place on is all of it: a copy when it is small, a view that its stream copies when it is large", () => {
  fc.assert(fc.property(length, fc.nat(300), (length, from) => {
    const view = viewOf(length, from, 1);
    const expected = view.slice(from);
    const payload = asPayload(view, from);
    assert.deepEqual(payload, expected);
    if (length <= keptPayloadBytes) {
      view.fill(0xff);
      assert.deepEqual(payload, expected);
    } else {
      assert.equal(payload.buffer, view.buffer);
    }
  }));
});
