/** Heads of CBOR items (RFC 8949, 3): numbers of 0, 1, 2, 4 and 8 bytes, at the bounds of each. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CborReader, CborWriter, ProtocolError } from "../../../lib/protocol/mod.ts";
import { concat, pattern } from "../websocket/bytes.ts";
import { hex, toHex } from "./codec.ts";

const max = Number.MAX_SAFE_INTEGER;

/** Numbers on both sides of where a head grows, and of where a signed 32-bit integer ends, with their one encoding. */
const encodings: readonly [number, string][] = [
  [0, "00"],
  [1, "01"],
  [23, "17"],
  [24, "1818"],
  [127, "187f"],
  [128, "1880"],
  [255, "18ff"],
  [256, "190100"],
  [32_767, "197fff"],
  [32_768, "198000"],
  [65_535, "19ffff"],
  [65_536, "1a00010000"],
  [0x1234_5678, "1a12345678"],
  [2 ** 31 - 1, "1a7fffffff"],
  [2 ** 31, "1a80000000"],
  [0x89ab_cdef, "1a89abcdef"],
  [2 ** 32 - 1, "1affffffff"],
  [2 ** 32, "1b0000000100000000"],
  [2 ** 32 + 2 ** 31, "1b0000000180000000"],
  [0x1_2345_6789_abcd, "1b000123456789abcd"],
  [2 ** 52, "1b0010000000000000"],
  [2 ** 53 - 1, "1b001fffffffffffff"],
];

/** Not in their shortest form: each by the longest head that does not fit it, and by the largest number of its size. */
const tooLong: readonly [number, string][] = [
  [0, "1800"],
  [23, "1817"],
  [0, "190000"],
  [24, "190018"],
  [255, "1900ff"],
  [0, "1a00000000"],
  [256, "1a00000100"],
  [65_535, "1a0000ffff"],
  [0, "1b0000000000000000"],
  [65_536, "1b0000000000010000"],
  [2 ** 31, "1b0000000080000000"],
  [2 ** 32 - 1, "1b00000000ffffffff"],
];

/** Above 2^53 - 1: the first, those whose nearest number is 2^53, and the last. */
const tooLarge = ["1b0020000000000000", "1b0020000000000001", "1b8000000000000000", "1bffffffffffffffff"];

function refuses(run: () => void, why: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof ProtocolError, `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

/** `text`, which is an item, with bytes around it that are none of its own. */
function amid(text: string): { reader: CborReader; end: number } {
  const item = hex(text);
  const reader = new CborReader(concat(hex("f5"), item, hex("ffffffffffffffffff")));
  reader.bool("what is before it");
  return { reader, end: 1 + item.length };
}

/** As a length's head: of a byte string (2), a text string (3) or an array (4). */
function withMajor(text: string, major: number): Uint8Array<ArrayBuffer> {
  const bytes = hex(text);
  bytes[0] |= major << 5;
  return bytes;
}

for (const [value, text] of encodings) {
  Deno.test(`${value} is ${text}, and nothing around it counts`, () => {
    const { reader, end } = amid(text);
    assert.equal(reader.uint("a number", max), value);
    assert.equal(reader.offset, end);
    const writer = new CborWriter({ initialBytes: 1 });
    writer.uint(value);
    assert.equal(toHex(writer.view()), text);
  });
}

Deno.test("several numbers are read as each alone is, with the same bounds and the same forms", () => {
  const one = fc.oneof(
    fc.constantFrom(...encodings, ...tooLong).map(([, text]) => text),
    fc.constantFrom(...tooLarge, "20", "40", "f5", "18", "19"),
    fc.nat(255).map((byte) => `18${byte.toString(16).padStart(2, "0")}`),
  );
  const bound = fc.constantFrom(0, 23, 24, 100, 255, 256, 65_536, max);
  const outcome = (read: () => number[], reader: CborReader) => {
    try {
      return { values: read(), offset: reader.offset };
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `${error}`);
      return error.message;
    }
  };
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), bound, fc.nat(7), (texts, most, count) => {
      const [together, alone] = [0, 1].map(() => new CborReader(hex(texts.join(""))));
      assert.deepEqual(
        outcome(() => together.uints(count, "a number", most), together),
        outcome(() => Array.from({ length: count }, () => alone.uint("a number", most)), alone),
      );
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("a number is accepted up to the bound, and refused above it", () => {
  for (const [value, text] of encodings) {
    assert.equal(new CborReader(hex(text)).uint("a number", value), value);
    if (value === 0) continue;
    refuses(
      () => new CborReader(hex(text)).uint("a number", value - 1),
      new RegExp(`^a number is ${value}, at most ${value - 1} is accepted`),
    );
  }
});

Deno.test("a number that is not in its shortest form is refused, however small the bound", () => {
  for (const [value, text] of tooLong) {
    for (const bound of [value, max]) {
      refuses(() => amid(text).reader.uint("a number", bound), /^a number is not in its shortest form/);
    }
  }
});

Deno.test("a number above 2^53 - 1 is refused", () => {
  for (const text of tooLarge) {
    refuses(() => amid(text).reader.uint("a number", max), /^a number is \d+, at most 9007199254740991 /);
  }
});

Deno.test("a number that is cut short is refused at each place", () => {
  for (const [, text] of [...encodings, ...tooLong]) {
    const bytes = hex(text);
    for (let length = 0; length < bytes.length; length++) {
      const why = length === 0 ? /^a number is missing/ : /^a number is cut short/;
      refuses(() => new CborReader(bytes.subarray(0, length)).uint("a number", max), why);
      // What lies behind the view in its buffer is none of it.
      refuses(() => new CborReader(concat(bytes, bytes).subarray(0, length)).uint("a number", max), why);
    }
  }
});

Deno.test("a head whose number has no size of its own is refused", () => {
  for (const first of [0x1c, 0x1d, 0x1e, 0x1f]) {
    const bytes = new Uint8Array(20).fill(first);
    refuses(() => new CborReader(bytes).uint("a number", max), /^a number has no definite length/);
  }
});

Deno.test("the reader stands where it stood when a number was refused", () => {
  for (const text of ["1800", "1b0020000000000000", "20", "1c"]) {
    const { reader } = amid(text);
    assert.throws(() => reader.uint("a number", max), ProtocolError);
    assert.equal(reader.offset, 1);
  }
});

Deno.test("any number is read as it was written", () => {
  const near = fc.tuple(
    fc.constantFrom(...encodings.map(([value]) => value)),
    fc.integer({ min: -2, max: 2 }),
  )
    .map(([value, step]) => Math.min(max, Math.max(0, value + step)));
  fc.assert(fc.property(fc.array(fc.oneof(near, fc.maxSafeNat()), { maxLength: 20 }), (values) => {
    const writer = new CborWriter({ initialBytes: 1 });
    for (const value of values) writer.uint(value);
    const reader = new CborReader(writer.view());
    assert.deepEqual(values.map(() => reader.uint("a number", max)), values);
    assert.equal(reader.atEnd, true);
  }));
});

Deno.test("lengths of strings and arrays are read as numbers are", () => {
  for (const [length, text] of encodings.filter(([value]) => value <= 65_536)) {
    const ascii = pattern(length).map((byte) => byte & 0x7f);
    const string = new CborReader(concat(withMajor(text, 2), ascii, hex("f4")));
    assert.deepEqual(string.bytes("bytes", 65_536), ascii);
    assert.equal(string.bool("what is behind it"), false);
    const spoken = new CborReader(concat(withMajor(text, 3), ascii, hex("f4")));
    assert.equal(spoken.text("a text", 65_536), new TextDecoder().decode(ascii));
    assert.equal(spoken.bool("what is behind it"), false);
    assert.equal(new CborReader(withMajor(text, 4)).array("an array", 65_536), length);
  }
  for (const [, text] of tooLong) {
    for (const [major, read] of [[2, "bytes"], [3, "text"], [4, "array"]] as const) {
      const reader = new CborReader(concat(withMajor(text, major), new Uint8Array(70_000)));
      refuses(() => reader[read]("a length", max), /^a length is not in its shortest form/);
    }
  }
});

Deno.test("a string that is longer than what is left is refused, whatever length it says", () => {
  for (const [length, text] of encodings.filter(([value]) => value > 0)) {
    const left = new Uint8Array(Math.min(length - 1, 70_000));
    for (const [major, read] of [[2, "bytes"], [3, "text"]] as const) {
      const reader = new CborReader(concat(withMajor(text, major), left));
      refuses(() => reader[read]("a string", max), /^a string is cut short/);
    }
  }
});

Deno.test("what is no whole number from 0 to 2^53 - 1 is not written", () => {
  for (const value of [-1, -(2 ** 40), 2 ** 53, Infinity, NaN]) {
    const writer = new CborWriter({ initialBytes: 16 });
    assert.throws(() => writer.uint(value), RangeError);
    assert.equal(writer.length, 0);
  }
});
