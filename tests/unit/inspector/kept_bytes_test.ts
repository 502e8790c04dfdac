import assert from "node:assert/strict";
import fc from "fast-check";
import { KeptBytes } from "../../../lib/inspector/kept_bytes.ts";

const anyParts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 50 });

Deno.test("the beginning of a body is kept byte for byte, and the length of all of it", () => {
  fc.assert(fc.property(anyParts, fc.integer({ min: 1, max: 5_000 }), (parts, maxBytes) => {
    const kept = new KeptBytes(maxBytes);
    for (const part of parts) kept.add(part);
    const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
    assert.deepEqual(kept.bytes(), whole.slice(0, maxBytes));
    assert.equal(kept.keptBytes, Math.min(whole.length, maxBytes));
    assert.equal(kept.totalBytes, whole.length);
    assert.equal(kept.whole, whole.length <= maxBytes);
  }));
});

Deno.test("however small the pieces are, no more memory is taken than twice of what is kept, nor than the bound", () => {
  fc.assert(fc.property(anyParts, fc.integer({ min: 1, max: 5_000 }), (parts, maxBytes) => {
    const kept = new KeptBytes(maxBytes);
    for (const part of parts) {
      kept.add(part);
      assert.ok(kept.size <= maxBytes, `${kept.size} of ${maxBytes} bytes`);
      assert.ok(kept.size <= 2 * kept.keptBytes, `${kept.size} bytes for ${kept.keptBytes}`);
    }
  }));
});

Deno.test("what is kept is a copy: the bytes may be used for something else afterwards", () => {
  const kept = new KeptBytes(10);
  const bytes = new Uint8Array([1, 2, 3]);
  kept.add(bytes);
  bytes.fill(9);
  const out = kept.bytes();
  assert.deepEqual(out, new Uint8Array([1, 2, 3]));
  out.fill(8);
  assert.deepEqual(kept.bytes(), new Uint8Array([1, 2, 3]));
});

Deno.test("what is dropped takes no memory, and its length is counted on", () => {
  const kept = new KeptBytes(100);
  kept.add(new Uint8Array(60));
  kept.drop();
  kept.add(new Uint8Array(60));
  kept.skip(5);
  assert.deepEqual([kept.size, kept.keptBytes, kept.totalBytes, kept.whole], [0, 0, 125, false]);
});

Deno.test("what begins anew has nothing of what it held, and no buffer but a small one", () => {
  fc.assert(fc.property(anyParts, anyParts, (before, parts) => {
    const [kept, fresh] = [new KeptBytes(1_000), new KeptBytes(1_000)];
    for (const part of before) kept.add(part);
    kept.restart();
    assert.deepEqual([kept.keptBytes, kept.totalBytes, kept.whole, kept.bytes()], [
      0,
      0,
      true,
      new Uint8Array(0),
    ]);
    assert.ok(kept.size <= 256, `${kept.size} bytes`);
    for (const part of parts) for (const each of [kept, fresh]) each.add(part);
    assert.deepEqual(
      [kept.keptBytes, kept.totalBytes, kept.whole, kept.bytes()],
      [fresh.keptBytes, fresh.totalBytes, fresh.whole, fresh.bytes()],
    );
  }));
});
