/**
 * Methods, targets, reasons and lists of headers that come again and again are recognised instead of read. Here they come
 * from small alphabets, chosen to be taken for one another, so that nearly everything is recognised.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CborReader,
  CborWriter,
  type Frame,
  FrameReader,
  frameTypes,
  ProtocolError,
  type TextsMade,
} from "../../../lib/protocol/mod.ts";
import { encoded, plain } from "./codec.ts";

const ids = { gatewayId: fc.constant(1), requestId: fc.nat(2), index: fc.constant(0) };

/** Beginnings of one another, without end marks; of as many bytes as are kept and of one more; not ASCII. */
const method = fc.constantFrom("", "G", "GE", "GET", "GÉT", "M".repeat(16), "M".repeat(17), "É".repeat(9));
const target = fc.constantFrom(
  ...["", "/", "/a", "/é", "/\u{1f600}", "/a?b", "GET", `/${"t".repeat(255)}`, `/${"t".repeat(256)}`],
);
const reason = fc.constantFrom(
  ...["", "O", "OK", "Schön", "GET", "r".repeat(64), "r".repeat(65), "ö".repeat(32), "ö".repeat(33)],
);

/** Lists that begin with one another, or are of the same texts in another order, or hold what looks like a head. */
const headers: fc.Arbitrary<readonly string[]> = fc.constantFrom<string[][]>(
  [],
  ["", ""],
  ["", "", "", ""],
  ["a", "1"],
  ["a", "1", "a", "1"],
  ["a", "1", "", ""],
  ["a", "1", "b", "2"],
  ["a", "1", "b", "2", "c", "3"],
  ["b", "2", "a", "1"],
  ["a", "a1"],
  ["aa", "1"],
  ["a", ""],
  ["", "a"],
  ["é", "ü"],
  ["é", "ü", "a", "1"],
  ["a", "1", "é", "ü"],
  ["\u{1f600}", "é"],
  ["", "x".repeat(30)],
  ["a", "l".repeat(2_000), "b", "l".repeat(38)],
  ["a", "l".repeat(2_000), "b", "l".repeat(39)],
  ["a", "l".repeat(2_000), "b", "l".repeat(40)],
);
const threes = fc.constantFrom<string[][]>(
  [],
  ["a", "1", "b"],
  ["a", "1", "b", "2", "c", "3"],
  ["", "", ""],
  ["é", "ü", "a"],
);

const frameKinds: readonly fc.Arbitrary<unknown>[] = [
  fc.record({
    type: fc.constant(frameTypes.requestStart),
    ...ids,
    method,
    target,
    headers,
    hasBody: fc.boolean(),
  }),
  fc.record({
    type: fc.constant(frameTypes.responseStart),
    ...ids,
    status: fc.constantFrom(200, 404),
    reason,
    headers,
  }),
  fc.record({
    type: fc.constant(frameTypes.response),
    ...ids,
    status: fc.constantFrom(200, 404),
    reason,
    headers,
    bytes: fc.constantFrom(new Uint8Array(0), Uint8Array.of(0x61, 0x61)),
  }),
  fc.record({
    type: fc.constant(frameTypes.bodyEnd),
    ...ids,
    cut: fc.boolean(),
    stop: fc.boolean(),
    trailers: headers,
  }),
  fc.record({
    type: fc.constant(frameTypes.wsOpen),
    ...ids,
    target,
    headers,
    resumed: fc.boolean(),
    subprotocol: reason,
  }),
  fc.record({ type: fc.constant(frameTypes.wsAccept), ...ids, headers, together: fc.boolean() }),
  fc.record({
    type: fc.constant(frameTypes.probeReady),
    agent: fc.constant(""),
    sessionId: reason,
    sessions: threes,
  }),
];
const frame = fc.oneof(...frameKinds).map((frame) => ({ ...frame as object }) as Frame);
const message = fc.record({
  frames: fc.array(frame, { minLength: 1, maxLength: 4 }),
  texts: fc.constantFrom<TextsMade>("all", "all", "all", "alone", "none"),
});

/** What a reader that makes those texts makes of `frame`. */
function asMade(frame: Frame, texts: TextsMade): Frame {
  const entries = Object.entries(plain(frame)).map(([key, value]) => {
    if (Array.isArray(value)) return [key, texts === "all" ? value : value.map(() => "")];
    return [key, typeof value === "string" && texts === "none" ? "" : value];
  });
  return Object.fromEntries(entries) as Frame;
}

function read(reader: FrameReader): Frame[] {
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(plain(frame));
  return frames;
}

Deno.test("whatever comes again in whichever order, frames are read as they were written, by every reader", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 12, size: "max" }), (messages) => {
      const kept = new FrameReader(new Uint8Array(0));
      for (const { frames, texts } of messages) {
        const bytes = encoded(...frames);
        assert.deepEqual(read(new FrameReader(bytes, texts)), frames.map((frame) => asMade(frame, texts)));
        kept.restart(bytes);
        assert.deepEqual(read(kept), frames.map(plain));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a list is not taken for one that it begins, nor for one that begins with it, whichever came before", () => {
  const lists = [["p", "1"], ["p", "1", "p", "1"], ["p", "1", "p", "1", "p", "1"]];
  const all = lists.map((headers) => {
    const frame: Frame = {
      type: frameTypes.wsAccept,
      gatewayId: 1,
      requestId: 1,
      index: 0,
      headers,
      together: false,
    };
    return { frame, bytes: encoded(frame) };
  });
  for (const before of all) {
    for (const after of all) {
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(read(new FrameReader(before.bytes)), [before.frame]);
        assert.deepEqual(read(new FrameReader(after.bytes)), [after.frame]);
      }
    }
  }
});

Deno.test("texts of a list that comes again are held to the bound of whoever reads it", () => {
  const writer = new CborWriter({ initialBytes: 64 });
  writer.texts(["x-bound", "123456"]);
  const read = (maxItems: number, maxBytes: number) =>
    new CborReader(writer.view()).texts("texts", maxItems, maxBytes);
  for (let i = 0; i < 3; i++) assert.deepEqual(read(2, 7), ["x-bound", "123456"]);
  for (const [maxItems, maxBytes] of [[2, 6], [2, 0], [1, 7]]) {
    assert.throws(() => read(maxItems, maxBytes), ProtocolError);
    assert.deepEqual(read(2, 7), ["x-bound", "123456"]);
  }
});
