import assert from "node:assert/strict";
import fc from "fast-check";
import { copyMasked, maskInPlace, nextMaskKey, readMaskKey } from "../../../lib/websocket/mod.ts";
import { hex, pattern } from "./bytes.ts";

const key = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Around the length from which words are used, and any alignment of either side. */
const length = fc.oneof(fc.nat(64), fc.nat(5000));
const offset = fc.nat(9);
const phase = fc.nat(70000);

/** RFC 6455, 5.3, to the letter. */
function maskByByte(bytes: Uint8Array, key: Uint8Array, phase: number): Uint8Array {
  return bytes.map((byte, i) => byte ^ key[(phase + i) % 4]);
}

Deno.test("masking in place is the RFC's byte by byte rule at any alignment, and touches nothing around it", () => {
  fc.assert(
    fc.property(key, length, offset, offset, phase, (key, length, viewOffset, from, phase) => {
      const bytes = pattern(viewOffset + from + length + 7).subarray(viewOffset);
      const expected = bytes.slice();
      expected.set(maskByByte(bytes.subarray(from, from + length), key, phase), from);
      maskInPlace(bytes, from, from + length, readMaskKey(key, 0), phase);
      assert.deepEqual(bytes, expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a masked copy is the RFC's byte by byte rule at any alignment, and leaves its source alone", () => {
  fc.assert(
    fc.property(key, length, offset, offset, phase, (key, length, sourceFrom, targetOffset, phase) => {
      const source = pattern(sourceFrom + length + 3);
      const target = new Uint8Array(targetOffset + length + 5).fill(0xee);
      const expected = target.slice();
      expected.set(maskByByte(source.subarray(sourceFrom, sourceFrom + length), key, phase), targetOffset);
      copyMasked(source, sourceFrom, sourceFrom + length, target, targetOffset, readMaskKey(key, 0), phase);
      assert.deepEqual(target, expected);
      assert.deepEqual(source, pattern(source.length));
    }),
    { numRuns: 500 },
  );
});

Deno.test("masking twice gives the bytes back", () => {
  const bytes = pattern(70001);
  maskInPlace(bytes, 1, 70000, readMaskKey(hex("de ad be ef"), 0));
  assert.notDeepEqual(bytes, pattern(70001));
  maskInPlace(bytes, 1, 70000, readMaskKey(hex("de ad be ef"), 0));
  assert.deepEqual(bytes, pattern(70001));
});

Deno.test("mask keys use all of their 32 bits and do not repeat", () => {
  const keys = Array.from({ length: 3000 }, nextMaskKey);
  // Three thousand draws of 32 bits meet once in a thousand runs; ten meetings never come by chance.
  assert(new Set(keys).size > 2990);
  for (let bit = 0; bit < 32; bit++) {
    const ones = keys.filter((key) => (key >>> bit & 1) === 1).length;
    assert(ones > 1000 && ones < 2000, `bit ${bit} is set in ${ones} of 3000 keys`);
  }
});
