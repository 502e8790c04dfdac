import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, opcodes, WebSocketError } from "../../../lib/websocket/mod.ts";
import { ascii, concat, pattern } from "./bytes.ts";
import { JoiningSink, part, readChunks, type SinkEvent } from "./recording_sink.ts";

interface Told {
  events: SinkEvent[];
  joined: number[];
}

/** What is told of frames that are read in one piece. */
function read(frames: readonly Uint8Array[], options: { masked: boolean; maxMessageBytes?: number }): Told {
  const sink = new JoiningSink();
  const { masked: expectMasked, maxMessageBytes } = options;
  readChunks([concat(...frames)], { expectMasked, maxMessageBytes }, sink);
  return sink;
}

for (const masked of [false, true]) {
  const side = masked ? "a client's" : "a server's";
  const frame = (opcode: number, payload: Uint8Array, final = true) =>
    encodeFrame(opcode, final, payload, masked);
  const binary = (length: number) => frame(opcodes.binary, pattern(length));
  const lengths = (told: Told) =>
    told.events.map((event) => event.type === "part" ? event.bytes.length : event.type);

  Deno.test(`${side} small messages of one read are handed out together`, () => {
    for (const sizes of [[3, 125], [64, 64, 64], [126, 1, 1024, 127], new Array<number>(200).fill(70)]) {
      const told = read(sizes.map(binary), { masked });
      assert.deepEqual(told.joined, [sizes.length]);
      assert.deepEqual(told.events, sizes.map((size) => part(true, pattern(size), true)));
    }
  });

  Deno.test(`${side} message that is alone, empty, large or a fragment is handed out by itself`, () => {
    const alone: [Uint8Array[], (number | string)[]][] = [
      [[binary(64)], [64]],
      [[binary(64), binary(1025)], [64, 1025]],
      [[binary(64), binary(0), binary(64)], [64, 0, 64]],
      [[binary(64), frame(opcodes.ping, ascii("x")), binary(64)], [64, "ping", 64]],
      [[binary(64), frame(opcodes.text, ascii("x"))], [64, 1]],
      [[frame(opcodes.binary, ascii("a"), false), frame(opcodes.continuation, ascii("bc"))], [1, 2]],
      [[binary(64), binary(64).subarray(0, 40)], [64]],
    ];
    for (const [frames, expected] of alone) {
      const told = read(frames, { masked });
      assert.deepEqual(told.joined, []);
      assert.deepEqual(lengths(told), expected);
    }
  });

  Deno.test(`${side} messages of one kind are together up to the next thing that is something else`, () => {
    const frames = [
      ...[binary(10), binary(20), frame(opcodes.text, ascii("abc")), frame(opcodes.text, ascii("d"))],
      ...[frame(opcodes.pong, ascii("")), binary(30), binary(40), binary(2000)],
      ...[
        frame(opcodes.text, ascii("e"), false),
        frame(opcodes.ping, ascii("")),
        frame(opcodes.continuation, ascii("f")),
      ],
      ...[frame(opcodes.text, ascii("g")), frame(opcodes.text, ascii("h"))],
    ];
    const told = read(frames, { masked });
    assert.deepEqual(told.joined, [2, 2, 2, 2]);
    assert.deepEqual(lengths(told), [10, 20, 3, 1, "pong", 30, 40, 2000, 1, "ping", 1, 1, 1]);
  });

  Deno.test(`${side} messages are together up to 64 KiB and 1024 of them`, () => {
    assert.deepEqual(read(new Array(66).fill(binary(1000)), { masked }).joined, [65]);
    assert.deepEqual(read(new Array(2100).fill(binary(1)), { masked }).joined, [1024, 1024, 52]);
  });

  Deno.test(`${side} message above the limit is refused behind others as it is alone`, () => {
    const sink = new JoiningSink();
    const chunks = [concat(binary(50), binary(50), binary(51))];
    assert.throws(
      () => readChunks(chunks, { expectMasked: masked, maxMessageBytes: 50 }, sink),
      (error) => error instanceof WebSocketError && error.closeCode === 1009,
    );
    assert.deepEqual(sink.joined, [2]);
  });

  Deno.test(`what breaks RFC 6455 in the midst of ${side} messages is refused, and those before it are handed out`, () => {
    const breaches = [
      [0xc2, "a reserved bit"],
      [0x80, "a continuation of nothing"],
      [0x83, "an opcode that is not defined"],
    ] as const;
    for (const [flags, what] of breaches) {
      const third = binary(64);
      third[0] = flags;
      const sink = new JoiningSink();
      assert.throws(
        () => readChunks([concat(binary(64), binary(64), third)], { expectMasked: masked }, sink),
        (error) => error instanceof WebSocketError && error.closeCode === 1002,
        what,
      );
      assert.deepEqual(sink.joined, [2]);
    }
    const other = encodeFrame(opcodes.binary, true, pattern(64), !masked);
    const sink = new JoiningSink();
    assert.throws(
      () => readChunks([concat(binary(64), binary(64), other)], { expectMasked: masked }, sink),
      WebSocketError,
    );
    assert.deepEqual(sink.joined, [2]);
  });
}

Deno.test("a length that is not in its shortest form is refused among small messages too", () => {
  const small = encodeFrame(opcodes.binary, true, pattern(9), false);
  const long = Uint8Array.from([0x82, 126, 0, 9, ...pattern(9)]);
  const sink = new JoiningSink();
  assert.throws(
    () => readChunks([concat(small, small, long, small)], { expectMasked: false }, sink),
    (error) => error instanceof WebSocketError && /encoded in 2 bytes/.test(error.message),
  );
  assert.deepEqual(sink.joined, [2]);
});

Deno.test("how reads are cut changes how many messages are together, and nothing else", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 1100 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5000 }), fc.boolean(), (sizes, chunkBytes, masked) => {
      const all = concat(...sizes.map((size) => encodeFrame(opcodes.text, true, pattern(size), masked)));
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += chunkBytes) chunks.push(all.subarray(at, at + chunkBytes));
      const events = readChunks(chunks, { expectMasked: masked }, new JoiningSink());
      assert.deepEqual(events, sizes.map((size) => part(false, pattern(size), true)));
    }),
  );
});
