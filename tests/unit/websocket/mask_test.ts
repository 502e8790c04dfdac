import assert from "node:assert/strict";
import fc from "fast-check";
import { copyMasked, maskInPlace, nextMaskKey } from "../../../lib/websocket/mod.ts";
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
      maskInPlace(bytes, from, from + length, key, phase);
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
      copyMasked(source, sourceFrom, sourceFrom + length, target, targetOffset, key, phase);
      assert.deepEqual(target, expected);
      assert.deepEqual(source, pattern(source.length));
    }),
    { numRuns: 500 },
  );
});

Deno.test("masking twice gives the bytes back", () => {
  const bytes = pattern(70001);
  maskInPlace(bytes, 1, 70000, hex("de ad be ef"));
  assert.notDeepEqual(bytes, pattern(70001));
  maskInPlace(bytes, 1, 70000, hex("de ad be ef"));
  assert.deepEqual(bytes, pattern(70001));
});

Deno.test("mask keys are 4 bytes, do not repeat, and stay as they were when the pool is refilled", () => {
  const keys = Array.from({ length: 3000 }, nextMaskKey);
  const seen = keys.map((key) => key.toHex());
  assert(keys.every((key) => key.length === 4));
  for (let i = 0; i < 3000; i++) nextMaskKey();
  assert.deepEqual(keys.map((key) => key.toHex()), seen);
  // Three thousand draws of 32 bits meet once in a thousand runs; ten meetings never come by chance.
  assert(new Set(seen).size > 2990);
});
