import assert from "node:assert/strict";
import fc from "fast-check";
import { Utf8Validator } from "../../../lib/websocket/mod.ts";
import { ascii, concat, hex } from "./bytes.ts";

const strict = new TextDecoder("utf-8", { fatal: true });

function decodes(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function validates(bytes: Uint8Array, cutAt: readonly number[]): boolean {
  const validator = new Utf8Validator();
  let from = 0;
  for (const at of [...cutAt.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    validator.push(bytes.subarray(from, at));
    from = at;
  }
  return validator.finish();
}

const cuts = fc.array(fc.nat(), { maxLength: 5 });

Deno.test("text in any language is UTF-8 wherever it is cut", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), cuts, (text, cutAt) => {
    assert.equal(validates(ascii(text), cutAt), true);
  }));
});

Deno.test("corrupted text is judged as TextDecoder does, wherever it is cut", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 }).map(ascii);
  const edge = fc.constantFrom(0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff);
  const hits = fc.array(fc.record({ at: fc.nat(), byte: edge }), { maxLength: 3 });
  fc.assert(
    fc.property(text, hits, cuts, (bytes, hits, cutAt) => {
      for (const { at, byte } of hits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      assert.equal(validates(bytes, cutAt), decodes(bytes));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("every lead byte and second byte is judged as TextDecoder does, alone and behind long text", () => {
  const long = ascii("x".repeat(100));
  for (let first = 0x80; first <= 0xff; first++) {
    for (let second = 0x7f; second <= 0xc0; second++) {
      for (const tail of [[], [0x80], [0x80, 0xbf]]) {
        const bytes = Uint8Array.of(first, second, ...tail);
        const expected = decodes(bytes);
        assert.equal(validates(bytes, [1, 2]), expected, bytes.toHex());
        assert.equal(validates(concat(long, bytes), []), expected, `long text and ${bytes.toHex()}`);
      }
    }
  }
});

Deno.test("push fails at the first byte that no text could have", () => {
  for (const prefix of ["c1", "e0 9f", "ed a0", "f0 8f", "f4 90", "e2 82 41", "80"]) {
    const validator = new Utf8Validator();
    assert.equal(validator.push(hex(prefix)), false, prefix);
    assert.equal(validator.push(ascii("fine again")), false, "and does not recover");
    assert.equal(validator.finish(), false);
  }
});

Deno.test("a character cut short by the end of the message is found by finish", () => {
  const validator = new Utf8Validator();
  assert.equal(validator.push(hex("e2 82")), true);
  assert.equal(validator.finish(), false);
});

Deno.test("after finish, good or bad, the next message starts clean", () => {
  const validator = new Utf8Validator();
  for (const bad of ["ff", "e0", "f4"]) {
    validator.push(hex(bad));
    assert.equal(validator.finish(), false);
    assert.equal(validator.push(hex("c2 80")), true);
    assert.equal(validator.finish(), true);
  }
});
