/** What is written into a buffer that others write into as well: all that was claimed, and nothing else. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  EncodeError,
  encodeRequestHead,
  encodeResponseHead,
  type HeadSink,
  type RawHeaders,
  writeChunkHeader,
  writeLastChunk,
  writeRequestHead,
  writeResponseHead,
} from "../../../lib/http1/mod.ts";
import { share } from "../../../lib/repeats/mod.ts";
import { encodeChunkHeader, encodeLastChunk, text } from "./bytes.ts";
import { fields, target, token, value } from "./messages.ts";
import { fieldLines } from "./shared_fields.ts";

const untouched = 0xee;

/** Hands out one buffer, piece after piece, and looks after what is not handed out. */
class BufferSink implements HeadSink {
  claimedAt = 0;
  /** Sizes of the claims so far, and of those that were taken back. */
  readonly claims: number[] = [];
  readonly unclaims: number[] = [];
  readonly #buffer: Uint8Array;
  readonly #from: number;
  #used: number;
  /** How far pieces were ever handed out. */
  #reached: number;

  constructor(bytes: number, from: number) {
    this.#buffer = new Uint8Array(from + bytes + 64).fill(untouched);
    this.#from = from;
    this.#used = from;
    this.#reached = from;
  }

  claim(count: number): Uint8Array {
    assert.ok(this.#used + count + 64 <= this.#buffer.length, "the test made room for less");
    this.claims.push(count);
    this.claimedAt = this.#used;
    this.#used += count;
    this.#reached = Math.max(this.#reached, this.#used);
    return this.#buffer;
  }

  unclaim(count: number): void {
    this.unclaims.push(count);
    this.#used -= count;
  }

  /** The buffer is somebody else's now: what is known of a list must not lie in it. */
  useAgain(): void {
    this.#buffer.fill(0xdd);
  }

  /** All that was written and not taken back. */
  get text(): string {
    assert.ok(this.#buffer.subarray(0, this.#from).every((byte) => byte === untouched), "before its claims");
    assert.ok(this.#buffer.subarray(this.#reached).every((byte) => byte === untouched), "behind its claims");
    return text(this.#buffer.subarray(this.#from, this.#used));
  }
}

interface Write {
  to: (sink: HeadSink) => void;
  encode: () => Uint8Array;
  /** What is to be written, or `null` when it must not be. */
  wire: string | null;
}

const bad = fc.constantFrom("\r", "\n", "\r\nX: y", "\0", "\x7f", "\u0141", "\u010d\u010a");

/** `good` texts, and `null` in their place where one has a character that none of them may have. */
function spoilt(good: fc.Arbitrary<string>): fc.Arbitrary<{ value: string; isGood: boolean }> {
  return fc.oneof(
    { weight: 12, arbitrary: good.map((value) => ({ value, isGood: true })) },
    {
      weight: 1,
      arbitrary: fc.tuple(good, bad, good).map(([before, bad, behind]) => ({
        ...{ value: `${before}${bad}${behind}`, isGood: false },
      })),
    },
  );
}

/** Lists of which some come again, and some cannot be written because of a name or a value. */
const list = fc.tuple(fields, fc.boolean(), fc.option(fc.tuple(bad, fc.nat(), fc.boolean()), { freq: 6 }))
  .map(([fields, isShared, spoil]) => {
    let headers: RawHeaders = fields;
    const isGood = spoil === null || fields.length === 0;
    if (!isGood) {
      const [bad, n, inValue] = spoil;
      const at = n % (fields.length / 2) * 2 + (inValue ? 1 : 0);
      headers = fields.map((text, i) => i === at ? text + bad : text);
    }
    if (isShared) share(headers);
    return { headers, isGood };
  });

const request = fc.tuple(spoilt(token), spoilt(target), list).map(([method, target, list]): Write => ({
  to: (sink) => writeRequestHead(sink, method.value, target.value, list.headers),
  encode: () => encodeRequestHead(method.value, target.value, list.headers),
  wire: method.isGood && target.isGood && list.isGood
    ? `${method.value} ${target.value} HTTP/1.1\r\n${fieldLines(list.headers)}\r\n`
    : null,
}));

const status = fc.integer({ min: 100, max: 999 });
const response = fc.tuple(status, spoilt(value), list).map(([status, reason, list]): Write => ({
  to: (sink) => writeResponseHead(sink, status, reason.value, list.headers),
  encode: () => encodeResponseHead(status, reason.value, list.headers),
  wire: reason.isGood && list.isGood
    ? `HTTP/1.1 ${status} ${reason.value}\r\n${fieldLines(list.headers)}\r\n`
    : null,
}));

const chunkBytes = fc.oneof(
  fc.constantFrom(1, 9, 10, 15, 16, 255, 256, 65_535, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat().filter((bytes) => bytes > 0),
);
const chunkHeader = chunkBytes.map((bytes): Write => ({
  to: (sink) => writeChunkHeader(sink, bytes),
  encode: () => encodeChunkHeader(bytes),
  wire: `${bytes.toString(16)}\r\n`,
}));

/** Trailers that name fields of the message are left out, which is for the tests of trailers. */
const lastChunk = list.map(({ headers, isGood }): Write => {
  const trailers = headers.map((text, i) => i % 2 === 0 ? `X-${text}` : text);
  return {
    to: (sink) => writeLastChunk(sink, trailers),
    encode: () => encodeLastChunk(trailers),
    wire: isGood ? `0\r\n${fieldLines(trailers)}\r\n` : null,
  };
});

const write = fc.oneof(request, response, chunkHeader, lastChunk);

Deno.test("whatever is written one behind the other is all there, what cannot be is not, and nothing around it is touched", () => {
  const writes = fc.array(write, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(writes, fc.nat(40), (writes, from) => {
      // Lists that are shared are written from what is known of them, from the second time on.
      for (const _ of [1, 2, 3]) {
        const sink = new BufferSink(8 * 1024, from);
        let expected = "";
        for (const { to, wire } of writes) {
          const [claims, unclaims] = [sink.claims.length, sink.unclaims.length];
          if (wire === null) {
            assert.throws(() => to(sink), EncodeError);
            assert.deepEqual(sink.unclaims.slice(unclaims), sink.claims.slice(claims), "all is taken back");
          } else {
            to(sink);
            expected += wire;
            assert.deepEqual(sink.claims.slice(claims), [wire.length], "one claim for all of it");
            assert.equal(sink.unclaims.length, unclaims);
          }
          assert.equal(sink.text, expected);
        }
        sink.useAgain();
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("what is encoded is what is written", () => {
  fc.assert(
    fc.property(write, ({ encode, wire }) => {
      for (const _ of [1, 2, 3]) {
        if (wire === null) assert.throws(encode, EncodeError);
        else assert.equal(text(encode()), wire);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a bad method, target, reason, status, size, name, value or trailer leaves a sink as it was", () => {
  const known = ["X-Known", "1"];
  share(known);
  const cases: [string, (sink: HeadSink) => void][] = [
    ["no method", (sink) => writeRequestHead(sink, "", "/", known)],
    ["a method of two words", (sink) => writeRequestHead(sink, "GE T", "/", known)],
    ["no target", (sink) => writeRequestHead(sink, "GET", "", known)],
    ["a target with a space", (sink) => writeRequestHead(sink, "GET", "/a b", known)],
    ["a line end in a reason", (sink) => writeResponseHead(sink, 200, "O\nK", known)],
    ["a status below 100", (sink) => writeResponseHead(sink, 99, "OK", known)],
    ["a status above 999", (sink) => writeResponseHead(sink, 1000, "OK", known)],
    ["no name", (sink) => writeRequestHead(sink, "GET", "/", ["X", "1", "", "2"])],
    ["a colon in a name", (sink) => writeResponseHead(sink, 200, "OK", ["X:", "1"])],
    ["a line end in a value", (sink) => writeResponseHead(sink, 200, "OK", ["X", "1", "Y", "a\r\nb"])],
    ["a chunk of nothing", (sink) => writeChunkHeader(sink, 0)],
    ["a line end in a trailer", (sink) => writeLastChunk(sink, ["X", "1", "Y", "a\nb"])],
    ["a trailer without a name", (sink) => writeLastChunk(sink, ["", "1"])],
  ];
  for (const [what, write] of cases) {
    const sink = new BufferSink(1024, 8);
    writeResponseHead(sink, 100, "", []);
    const before = sink.text;
    assert.throws(() => write(sink), EncodeError, what);
    assert.equal(sink.text, before, what);
    writeRequestHead(sink, "GET", "/next", known);
    writeLastChunk(sink, []);
    assert.equal(sink.text, `${before}GET /next HTTP/1.1\r\nX-Known: 1\r\n\r\n0\r\n\r\n`, what);
  }
});

Deno.test("a sink that takes nothing any more gets nothing, and nothing fails", () => {
  let claims = 0;
  const closed: HeadSink = {
    claimedAt: 0,
    claim() {
      claims++;
      return null;
    },
    unclaim: () => assert.fail("nothing was claimed"),
  };
  fc.assert(fc.property(write, ({ to }) => {
    claims = 0;
    to(closed);
    assert.equal(claims, 1);
  }));
});
