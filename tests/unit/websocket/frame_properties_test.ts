import assert from "node:assert/strict";
import fc from "fast-check";
import {
  encodeClose,
  encodeFrame,
  FrameParser,
  type FrameParserOptions,
  opcodes,
  WebSocketError,
} from "../../../lib/websocket/mod.ts";
import { concat, pattern } from "./bytes.ts";
import {
  JoiningSink,
  part,
  PassingSink,
  readChunks,
  RecordingSink,
  type SinkEvent,
} from "./recording_sink.ts";

type Control = { type: "ping" | "pong"; bytes: Uint8Array };
/** The payload is a {@link pattern} of so many bytes, which keeps a counterexample readable. */
type Fragment = { payloadBytes: number; controlsBefore: Control[] };
type Message = { binary: boolean; fragments: Fragment[] };

const payloadBytes = fc.oneof(
  fc.nat(140),
  fc.nat(2000),
  fc.constantFrom(0, 47, 48, 125, 126, 65535, 65536, 70000),
);
const control: fc.Arbitrary<Control> = fc.record(
  { type: fc.constantFrom("ping", "pong"), bytes: fc.uint8Array({ maxLength: 125 }) },
  { noNullPrototype: true },
);
const fragment: fc.Arbitrary<Fragment> = fc.record({
  payloadBytes,
  controlsBefore: fc.array(control, { maxLength: 2 }),
});
const message: fc.Arbitrary<Message> = fc.record({
  binary: fc.boolean(),
  fragments: fc.array(fragment, { minLength: 1, maxLength: 4 }),
});
const conversation = fc.record({
  masked: fc.boolean(),
  maxPartBytes: fc.oneof(fc.integer({ min: 125, max: 2000 }), fc.constant(65536)),
  messages: fc.array(message, { maxLength: 8 }),
});
/** Sizes of reads, used round and round. */
const readSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70000 })), {
  minLength: 1,
  maxLength: 10,
});

function encode(messages: readonly Message[], masked: boolean): Uint8Array {
  const frames: Uint8Array[] = [];
  for (const { binary, fragments } of messages) {
    for (const [i, { payloadBytes, controlsBefore }] of fragments.entries()) {
      for (const { type, bytes } of controlsBefore) {
        frames.push(encodeFrame(opcodes[type], true, bytes, masked));
      }
      const opcode = i > 0 ? opcodes.continuation : binary ? opcodes.binary : opcodes.text;
      frames.push(encodeFrame(opcode, i === fragments.length - 1, pattern(payloadBytes), masked));
    }
  }
  return concat(...frames);
}

/** The part rule, said once more without a parser. */
function expectedEvents(messages: readonly Message[], maxPartBytes: number): SinkEvent[] {
  const events: SinkEvent[] = [];
  for (const { binary, fragments } of messages) {
    for (const [i, { payloadBytes, controlsBefore }] of fragments.entries()) {
      events.push(...controlsBefore);
      const payload = pattern(payloadBytes);
      const isLast = i === fragments.length - 1;
      if (payload.length === 0 && isLast) events.push(part(binary, payload, true));
      for (let from = 0; from < payload.length; from += maxPartBytes) {
        const to = Math.min(from + maxPartBytes, payload.length);
        events.push(part(binary, payload.subarray(from, to), isLast && to === payload.length));
      }
    }
  }
  return events;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + sizes[i % sizes.length];
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

Deno.test("any messages, cut anywhere, give the same parts", () => {
  fc.assert(
    fc.property(conversation, readSizes, ({ masked, maxPartBytes, messages }, sizes) => {
      const chunks = cut(encode(messages, masked), sizes);
      const expected = expectedEvents(messages, maxPartBytes);
      for (const sink of [new RecordingSink(), new JoiningSink()]) {
        assert.deepEqual(readChunks(chunks, { expectMasked: masked, maxPartBytes }, sink), expected);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a receiver that keeps no parts is told of the same ones", () => {
  fc.assert(
    fc.property(conversation, readSizes, ({ masked, maxPartBytes, messages }, sizes) => {
      const chunks = cut(encode(messages, masked), sizes);
      const options = { expectMasked: masked, maxPartBytes, keepsSmallParts: false };
      assert.deepEqual(
        readChunks(chunks, options, new PassingSink()),
        expectedEvents(messages, maxPartBytes),
      );
    }),
    { numRuns: 300 },
  );
});

for (const masked of [false, true]) {
  const said = masked ? "masked" : "unmasked";
  Deno.test(`for a receiver that keeps no parts small ${said} messages are not copied from where they were read`, () => {
    const bytes = concat(
      ...[1, 64, 125, 126, 1024].map((count) => encodeFrame(opcodes.binary, true, pattern(count), masked)),
    );
    const sink = new PassingSink();
    const parser = new FrameParser({ expectMasked: masked, keepsSmallParts: false }, sink);
    parser.push(bytes);
    assert.deepEqual(sink.events.map((event) => "bytes" in event && event.bytes.length), [
      1,
      64,
      125,
      126,
      1024,
    ]);
    assert.deepEqual([...sink.buffers], [bytes.buffer]);
  });
}

Deno.test("corrupted frames give a WebSocketError or a valid reading, and never more than came", () => {
  const corruption = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(conversation, readSizes, corruption, ({ masked, maxPartBytes, messages }, sizes, hits) => {
      const bytes = concat(encode(messages, masked), encodeClose(1000, "done", masked));
      // Headers are few among payloads: half of the hits go to the beginning, where one surely is.
      for (const [i, { at, byte }] of hits.entries()) bytes[at % (i % 2 === 0 ? bytes.length : 14)] = byte;
      assertReadsOrRefuses(cut(bytes, sizes), masked, maxPartBytes);
    }),
    { numRuns: 500 },
  );
});

Deno.test("random bytes give a WebSocketError or a valid reading, and never more than came", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, readSizes, fc.boolean(), (bytes, sizes, masked) => {
      assertReadsOrRefuses(cut(bytes, sizes), masked, 125);
    }),
    { numRuns: 2000 },
  );
});

function assertReadsOrRefuses(
  chunks: readonly Uint8Array[],
  expectMasked: boolean,
  maxPartBytes: number,
): void {
  const sink = new RecordingSink();
  const problem = readsOrRefuses(chunks, { expectMasked, maxPartBytes }, sink);
  const joining = new JoiningSink();
  assert.equal(readsOrRefuses(chunks, { expectMasked, maxPartBytes }, joining), problem);
  assert.deepEqual(joining.events, sink.events);
  const pushed = chunks.reduce((sum, { length }) => sum + length, 0);
  let handedOut = 0;
  for (const event of sink.events) {
    if (event.type === "close") continue;
    handedOut += event.bytes.length;
    assert(event.bytes.length <= maxPartBytes);
  }
  assert(handedOut <= pushed);
}

/** @returns why the bytes were refused, or `null`. They are left as they were */
function readsOrRefuses(
  chunks: readonly Uint8Array[],
  options: FrameParserOptions,
  sink: RecordingSink,
): string | null {
  try {
    readChunks(chunks, options, sink);
    return null;
  } catch (error) {
    assert(error instanceof WebSocketError, `${error}`);
    assert([1002, 1007, 1009].includes(error.closeCode));
    return error.message;
  }
}
