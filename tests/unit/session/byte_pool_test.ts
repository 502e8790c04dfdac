import assert from "node:assert/strict";
import fc from "fast-check";
import { BytePool } from "../../../lib/session/mod.ts";

Deno.test("a buffer holds as many bytes as asked for, whatever was taken and given back before", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(300_000), fc.boolean())), (steps) => {
    const pool = new BytePool();
    pool.beStrict();
    for (const [count, back] of steps) {
      const bytes = pool.take(count);
      assert.equal(bytes.length, count);
      if (back) pool.giveBack(bytes);
    }
  }));
});

Deno.test("no two that are in use share a byte", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.nat(5)), { maxLength: 60 }),
    (steps) => {
      const pool = new BytePool();
      const inUse: { bytes: Uint8Array; mark: number }[] = [];
      for (const [index, [count, given]] of steps.entries()) {
        const mark = index & 0xff;
        inUse.push({ bytes: pool.copy(new Uint8Array(count).fill(mark)), mark });
        if (given > 0 && inUse.length >= given) pool.giveBack(inUse.splice(given - 1, 1)[0].bytes);
        for (const { bytes, mark } of inUse) assert.ok(bytes.every((byte) => byte === mark));
      }
    },
  ));
});

Deno.test("what was given back is used again", () => {
  const pool = new BytePool();
  const { buffer } = pool.take(50_000);
  pool.giveBack(new Uint8Array(buffer, 0, 50_000));
  assert.equal(pool.take(60_000).buffer, buffer);
  assert.notEqual(pool.take(60_000).buffer, buffer);
});

Deno.test("no more than 4 MiB of a size are kept", () => {
  const pool = new BytePool();
  const taken = Array.from({ length: 100 }, () => pool.take(64 * 1024));
  for (const bytes of taken) pool.giveBack(bytes);
  const known = new Set(taken.map(({ buffer }) => buffer));
  const again = Array.from({ length: 100 }, () => pool.take(64 * 1024));
  assert.equal(again.filter(({ buffer }) => known.has(buffer)).length, 64);
});

Deno.test("a buffer too large for the pool is left to the garbage collector", () => {
  const pool = new BytePool();
  const large = pool.take(1_000_000);
  pool.giveBack(large);
  assert.notEqual(pool.take(1_000_000).buffer, large.buffer);
});

Deno.test("a strict pool spoils what was given back, and refuses it twice", () => {
  const pool = new BytePool();
  pool.beStrict();
  const bytes = pool.copy(new Uint8Array(3_000));
  pool.giveBack(bytes);
  assert.ok(bytes.every((byte) => byte === 0xee));
  assert.throws(() => pool.giveBack(bytes), /twice/);
});

Deno.test("a buffer that is not the pool's is not taken in, and a strict pool says so", () => {
  for (const size of [100, 3_000, 40_000]) {
    const pool = new BytePool();
    pool.giveBack(new Uint8Array(size));
    assert.equal(pool.take(64 * 1024).length, 64 * 1024);
    assert.equal(pool.take(size).length, size);
    assert.equal(pool.take(4_000).length, 4_000);
    pool.beStrict();
    assert.throws(() => pool.giveBack(new Uint8Array(size)), /not the pool's/);
  }
});
