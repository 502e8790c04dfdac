import assert from "node:assert/strict";
import {
  encodeClose,
  encodeFrame,
  FrameParser,
  opcodes,
  WebSocketError,
} from "../../../lib/websocket/mod.ts";
import { ascii, concat, hex, pattern } from "./bytes.ts";
import { part, read, readChunks, RecordingSink } from "./recording_sink.ts";

const nothing = new Uint8Array(0);

function masked(opcode: number, final: boolean, payload: Uint8Array): Uint8Array {
  return encodeFrame(opcode, final, payload, true);
}

function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

Deno.test("a frame of exactly maxPartBytes is one part, handed out when its last byte is here", () => {
  const payload = pattern(200);
  const frame = masked(opcodes.binary, true, payload);
  const sink = new RecordingSink();
  const parser = new FrameParser({ expectMasked: true, maxPartBytes: 200 }, sink);
  parser.push(frame.subarray(0, frame.length - 1));
  assert.deepEqual(sink.events, []);
  parser.push(frame.subarray(frame.length - 1));
  assert.deepEqual(sink.events, [part(true, payload, true)]);
});

Deno.test("a frame above maxPartBytes comes in parts of exactly that, the last one shorter", () => {
  const payload = pattern(500);
  for (const maxPartBytes of [125, 126, 127, 249, 250, 499]) {
    const expected = [];
    for (let from = 0; from < 500; from += maxPartBytes) {
      const to = Math.min(from + maxPartBytes, 500);
      expected.push(part(true, payload.subarray(from, to), to === 500));
    }
    const frame = masked(opcodes.binary, true, payload);
    assert.deepEqual(read(frame, { expectMasked: true, maxPartBytes }), expected);
    assert.deepEqual(readChunks(bytewise(frame), { expectMasked: true, maxPartBytes }), expected);
  }
});

Deno.test("only the last part of the final fragment is final, and each part knows the message's kind", () => {
  const long = pattern(300);
  const bytes = concat(
    masked(opcodes.text, false, long),
    masked(opcodes.continuation, false, ascii("b")),
    masked(opcodes.continuation, true, long),
    masked(opcodes.binary, true, ascii("c")),
  );
  assert.deepEqual(read(bytes, { expectMasked: true, maxPartBytes: 200 }), [
    part(false, long.subarray(0, 200), false),
    part(false, long.subarray(200), false),
    part(false, ascii("b"), false),
    part(false, long.subarray(0, 200), false),
    part(false, long.subarray(200), true),
    part(true, ascii("c"), true),
  ]);
});

Deno.test("an empty message is one empty final part", () => {
  const bytes = concat(masked(opcodes.text, true, nothing), masked(opcodes.binary, true, nothing));
  const expected = [part(false, nothing, true), part(true, nothing, true)];
  assert.deepEqual(read(bytes, { expectMasked: true }), expected);
  assert.deepEqual(readChunks(bytewise(bytes), { expectMasked: true }), expected);
});

Deno.test("an empty fragment is left out, but for the one that ends its message", () => {
  const bytes = concat(
    masked(opcodes.binary, false, nothing),
    masked(opcodes.continuation, false, ascii("a")),
    masked(opcodes.continuation, false, nothing),
    masked(opcodes.continuation, true, nothing),
  );
  assert.deepEqual(read(bytes, { expectMasked: true }), [
    part(true, ascii("a"), false),
    part(true, nothing, true),
  ]);
});

Deno.test("control frames between fragments are handed out at once", () => {
  const sink = new RecordingSink();
  const parser = new FrameParser({ expectMasked: false }, sink);
  parser.push(encodeFrame(opcodes.text, false, ascii("a"), false));
  parser.push(encodeFrame(opcodes.ping, true, pattern(125), false));
  parser.push(encodeFrame(opcodes.pong, true, nothing, false));
  assert.deepEqual(sink.events, [
    part(false, ascii("a"), false),
    { type: "ping", bytes: pattern(125) },
    { type: "pong", bytes: nothing },
  ]);
  parser.push(encodeFrame(opcodes.continuation, true, ascii("b"), false));
  assert.deepEqual(sink.events.at(-1), part(false, ascii("b"), true));
});

Deno.test("a close frame gives its code and reason, and what follows is ignored", () => {
  const bytes = concat(encodeClose(4000, "genug für heute", true), hex("ff ff ff"), new Uint8Array(100));
  assert.deepEqual(read(bytes, { expectMasked: true }), [
    { type: "close", code: 4000, reason: "genug für heute" },
  ]);
});

Deno.test("a close frame without a body has no code", () => {
  assert.deepEqual(read(encodeClose(null, "", false), { expectMasked: false }), [
    { type: "close", code: null, reason: "" },
  ]);
});

Deno.test("every close code that may be on the wire is taken", () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
    const frame = encodeClose(code, "", false);
    assert.deepEqual(read(frame, { expectMasked: false }), [{ type: "close", code, reason: "" }]);
  }
});

Deno.test("a byte order mark in a close reason is kept", () => {
  assert.deepEqual(read(encodeClose(1000, "\ufeffx", false), { expectMasked: false }), [
    { type: "close", code: 1000, reason: "\ufeffx" },
  ]);
});

Deno.test("text that is not UTF-8 is passed on as it came", () => {
  const bytes = hex("ff fe 80");
  assert.deepEqual(read(masked(opcodes.text, true, bytes), { expectMasked: true }), [
    part(false, bytes, true),
  ]);
});

Deno.test("the parser is idle only between messages", () => {
  const parser = new FrameParser({ expectMasked: true }, new RecordingSink());
  const idleAfter = (bytes: Uint8Array) => {
    parser.push(bytes);
    return parser.idle;
  };
  assert.equal(parser.idle, true);
  const frame = masked(opcodes.text, true, ascii("ab"));
  assert.equal(idleAfter(frame.subarray(0, 1)), false, "half a header");
  assert.equal(idleAfter(frame.subarray(1, 6)), false, "a header without its payload");
  assert.equal(idleAfter(frame.subarray(6, 7)), false, "half a payload");
  assert.equal(idleAfter(frame.subarray(7)), true, "a whole message");
  assert.equal(idleAfter(masked(opcodes.text, false, nothing)), false, "a message to be continued");
  assert.equal(idleAfter(masked(opcodes.ping, true, nothing)), false, "a ping inside it");
  assert.equal(idleAfter(masked(opcodes.continuation, true, nothing)), true, "its end");
});

Deno.test("the parts of one read can be kept and changed without touching each other", () => {
  const payloads = Array.from({ length: 300 }, (_, i) => pattern(i));
  const bytes = concat(...payloads.map((payload) => masked(opcodes.binary, true, payload)));
  const events = read(bytes, { expectMasked: true });
  assert.equal(events.length, payloads.length);
  for (const [i, event] of events.entries()) {
    assert.deepEqual(event, part(true, payloads[i], true));
    if (event.type === "part") event.bytes.fill(0xff);
  }
});

Deno.test("small parts share buffers of 4 KiB, and no part touches another's bytes", () => {
  const frame = masked(opcodes.binary, true, pattern(64));
  const batch = concat(...Array.from({ length: 1000 }, () => frame));
  const sink = new RecordingSink();
  const parser = new FrameParser({ expectMasked: true }, sink);
  const partsOf = (bytes: Uint8Array) => {
    sink.events.length = 0;
    parser.push(bytes);
    return sink.events.map((event) => event.type === "part" ? event.bytes : null);
  };
  const parts = [...partsOf(frame), ...partsOf(batch), ...partsOf(batch)];
  assert.equal(parts.length, 2001);
  const taken = new Set<string>();
  const numbers = new Map<ArrayBufferLike, number>();
  for (const part of parts) {
    assert(part !== null && part.buffer.byteLength === 4096 && part.length === 64);
    if (!numbers.has(part.buffer)) numbers.set(part.buffer, numbers.size);
    taken.add(`${numbers.get(part.buffer)}:${part.byteOffset}`);
  }
  assert.equal(taken.size, parts.length);
  assert(numbers.size <= 2001 * 64 / 4096 + 2, `${numbers.size} buffers`);
});

Deno.test("an error thrown by the sink goes to the caller of push and ends the parser", () => {
  const problem = new Error("the other side is gone");
  const sink = new RecordingSink();
  sink.part = () => {
    throw problem;
  };
  const parser = new FrameParser({ expectMasked: true }, sink);
  const frame = masked(opcodes.text, true, ascii("a"));
  assert.throws(() => parser.push(frame), problem);
  assert.throws(() => parser.push(frame), problem);
});

Deno.test("sizes out of range are refused when a parser is made", () => {
  const sink = new RecordingSink();
  for (const maxPartBytes of [0, 124, 200.5, NaN, Infinity]) {
    assert.throws(() => new FrameParser({ expectMasked: true, maxPartBytes }, sink), RangeError);
  }
  for (const maxMessageBytes of [-1, 1.5, NaN, Infinity]) {
    assert.throws(() => new FrameParser({ expectMasked: true, maxMessageBytes }, sink), RangeError);
  }
});

Deno.test("a WebSocketError names itself and keeps its cause", () => {
  const cause = new Error("why");
  const error = new WebSocketError(1007, "what", { cause });
  assert.deepEqual([error.name, error.message, error.closeCode, error.cause], [
    "WebSocketError",
    "what",
    1007,
    cause,
  ]);
});
