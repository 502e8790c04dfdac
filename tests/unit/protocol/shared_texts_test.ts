import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CborWriter,
  decodeFrames,
  encodeFrame,
  type Frame,
  FrameReader,
  frameTypes,
  ProtocolError,
} from "../../../lib/protocol/mod.ts";
import { Derived } from "../../../lib/repeats/mod.ts";
import { concat } from "../websocket/bytes.ts";
import { encoded, plain } from "./codec.ts";
import { anyFrame, frameArbitraries } from "./frame_arbitraries.ts";

const times = [1, 2, 3, 4];

type ResponseStart = Extract<Frame, { type: typeof frameTypes.responseStart }>;

const withTexts = fc.oneof(
  frameArbitraries.requestStart,
  frameArbitraries.responseStart,
  frameArbitraries.response,
  frameArbitraries.bodyEnd,
  frameArbitraries.wsOpen,
  frameArbitraries.wsAccept,
  frameArbitraries.probeReady,
  anyFrame,
);
const frames = fc.array(withTexts, { minLength: 1, maxLength: 4 });

function responseStart(headers: readonly string[], requestId = 1): ResponseStart {
  return {
    type: frameTypes.responseStart,
    gatewayId: 1,
    requestId,
    index: 0,
    status: 200,
    reason: "",
    headers,
  };
}

/** The headers of the one response-start that `bytes` are. */
function headersIn(bytes: Uint8Array): readonly string[] {
  const [frame] = decodeFrames(bytes);
  assert.ok(frame.type === frameTypes.responseStart);
  return frame.headers;
}

/** As `frame`, but with lists that nobody else has. */
function withOwnLists(frame: Frame): Frame {
  const entries = Object.entries(frame).map(([key, value]) => [
    key,
    Array.isArray(value) ? [...value] : value,
  ]);
  return Object.fromEntries(entries) as Frame;
}

Deno.test("frames that come again and again are read as the first time, by whichever reader", () => {
  fc.assert(fc.property(frames, (frames) => {
    const expected = frames.map(plain);
    const messages = frames.map((frame) => encoded(frame));
    const kept = new FrameReader(new Uint8Array(0));
    for (const _ of times) {
      for (const [i, message] of messages.entries()) {
        kept.restart(message);
        assert.deepEqual(plain(kept.next()!), expected[i]);
        assert.deepEqual(decodeFrames(message).map(plain), [expected[i]]);
      }
      assert.deepEqual(decodeFrames(encoded(...frames)).map(plain), expected);
    }
  }));
});

Deno.test("frames with shared lists are written as those with lists of their own are", () => {
  fc.assert(fc.property(frames, (frames) => {
    const message = encoded(...frames);
    for (const _ of times) {
      const read = decodeFrames(message);
      assert.deepEqual(encoded(...read.map(withOwnLists)), message);
      assert.deepEqual(encoded(...read), message);
      assert.deepEqual(encoded(...read, ...read), concat(message, message));
    }
  }));
});

Deno.test("a list that comes again is read once for all readers", () => {
  const headers = ["x-once", "for all", "x-wide", "é\u{1f600}"];
  const lists = times.map((requestId) => headersIn(encoded(responseStart(headers, requestId))));
  assert.deepEqual(lists, times.map(() => headers));
  assert.equal(lists[2], lists[1]);
  assert.equal(lists[3], lists[1]);
  assert.deepEqual(lists.map((list) => new Derived<string>().keeps(list)), [false, true, true, true]);
});

Deno.test("a list stays as it was read when the message's buffer is used again", () => {
  const [a, b] = ["a", "b"].map((letter) => encoded(responseStart(["x-buffer", letter.repeat(9)])));
  const buffer = a.slice();
  const lists = times.map(() => headersIn(buffer));
  buffer.set(b);
  for (const _ of times) assert.deepEqual(headersIn(buffer), ["x-buffer", "bbbbbbbbb"]);
  assert.deepEqual(lists, times.map(() => ["x-buffer", "aaaaaaaaa"]));
  assert.deepEqual(headersIn(a), ["x-buffer", "aaaaaaaaa"]);
});

Deno.test("what was written of a shared list stays right when the writer's buffer is used again", () => {
  const message = encoded(responseStart(["x-writer", "w".repeat(200)]));
  const writer = new CborWriter({ initialBytes: 16 });
  for (const _ of times) {
    const frame = decodeFrames(message)[0];
    writer.reset();
    encodeFrame(frame, writer);
    assert.deepEqual(writer.view(), message);
    writer.view().fill(0);
  }
});

Deno.test("three strings that are sessions to a probe are no headers, however often they came", () => {
  const sessions = ["x-three", "2", "3"];
  const probe = encoded({ type: frameTypes.probeReady, agent: "", sessionId: "", sessions });
  const start = encoded(responseStart(sessions));
  for (const _ of times) {
    const [read] = decodeFrames(probe);
    assert.deepEqual(read.type === frameTypes.probeReady && read.sessions, sessions);
    assert.throws(() => decodeFrames(start), ProtocolError);
  }
});

Deno.test("text that is not UTF-8 is refused every time", () => {
  const message = encoded(responseStart(["x-bad", "abcdef"]));
  message[message.length - 2] = 0xff;
  for (const _ of times) assert.throws(() => decodeFrames(message), /not UTF-8/);
});

Deno.test("a reader that makes no lists takes none from those that do, and gives them none", () => {
  const headers = ["x-unmade", "1"];
  const message = encoded(responseStart(headers));
  for (const _ of times) {
    for (const made of ["none", "alone"] as const) {
      const frame = new FrameReader(message, made).next();
      assert.deepEqual(frame?.type === frameTypes.responseStart && frame.headers, ["", ""]);
    }
    assert.deepEqual(headersIn(message), headers);
  }
});
