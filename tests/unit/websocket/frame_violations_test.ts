import assert from "node:assert/strict";
import { memoryUsage } from "node:process";
import { encodeFrame, FrameParser, opcodes, WebSocketError } from "../../../lib/websocket/mod.ts";
import { ascii, concat, hex, pattern } from "./bytes.ts";
import { part, RecordingSink } from "./recording_sink.ts";

interface Violation {
  what: string;
  bytes: Uint8Array;
  closeCode: number;
  message: RegExp;
  expectMasked?: boolean;
  maxMessageBytes?: number;
}

function close(body: string): Uint8Array {
  return encodeFrame(opcodes.close, true, hex(body), false);
}

function binary(final: boolean, bytes: number): Uint8Array {
  return encodeFrame(opcodes.binary, final, pattern(bytes), false);
}

function continuation(final: boolean, bytes: number): Uint8Array {
  return encodeFrame(opcodes.continuation, final, pattern(bytes), false);
}

const text = encodeFrame(opcodes.text, true, ascii("a"), false);

const violations: Violation[] = [
  ...["c1", "a1", "91", "f1"].map((flags) => ({
    what: `reserved bits in ${flags}`,
    bytes: hex(`${flags} 00`),
    closeCode: 1002,
    message: /reserved bit/,
  })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    what: `opcode ${opcode}`,
    bytes: Uint8Array.of(0x80 | opcode, 0),
    closeCode: 1002,
    message: new RegExp(`opcode ${opcode} is not defined`),
  })),
  ...[opcodes.close, opcodes.ping, opcodes.pong].flatMap((opcode) => [
    {
      what: `a fragmented control frame, opcode ${opcode}`,
      bytes: Uint8Array.of(opcode, 0),
      closeCode: 1002,
      message: /control frame is fragmented/,
    },
    {
      what: `a control frame of 126 bytes, opcode ${opcode}`,
      bytes: concat(Uint8Array.of(0x80 | opcode), hex("7e 00 7e")),
      closeCode: 1002,
      message: /control frame is 126 bytes, at most 125/,
    },
  ]),
  {
    what: "a continuation of nothing",
    bytes: continuation(true, 1),
    closeCode: 1002,
    message: /no message to continue/,
  },
  {
    what: "a continuation after the message has ended",
    bytes: concat(binary(false, 1), continuation(true, 1), continuation(true, 1)),
    closeCode: 1002,
    message: /no message to continue/,
  },
  {
    what: "a message inside a fragmented message",
    bytes: concat(binary(false, 0), text),
    closeCode: 1002,
    message: /inside another/,
  },
  {
    what: "a 64-bit length with the top bit set",
    bytes: hex("82 7f 80 00 00 00 00 00 00 00"),
    closeCode: 1002,
    message: /top bit/,
  },
  {
    what: "a 64-bit length of 2^53",
    bytes: hex("82 7f 00 20 00 00 00 00 00 00"),
    closeCode: 1002,
    message: /above 2\^53/,
  },
  {
    what: "a length of 125 in 2 bytes",
    bytes: hex("82 7e 00 7d"),
    closeCode: 1002,
    message: /length 125 is encoded in 2/,
  },
  {
    what: "a length of 65535 in 8 bytes",
    bytes: hex("82 7f 00 00 00 00 00 00 ff ff"),
    closeCode: 1002,
    message: /length 65535 is encoded in 8/,
  },
  {
    what: "an unmasked frame from a client",
    bytes: text,
    expectMasked: true,
    closeCode: 1002,
    message: /client's frame is not masked/,
  },
  {
    what: "a masked frame from a server",
    bytes: encodeFrame(opcodes.text, true, ascii("a"), true),
    closeCode: 1002,
    message: /server's frame is masked/,
  },
  { what: "a close body of 1 byte", bytes: close("03"), closeCode: 1002, message: /close body is 1 byte/ },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535].map((code) => ({
    what: `close code ${code}`,
    bytes: close(code.toString(16).padStart(4, "0")),
    closeCode: 1002,
    message: new RegExp(`close code ${code} may not be sent`),
  })),
  {
    what: "a close reason that is not UTF-8",
    bytes: close("03e8 61 ff"),
    closeCode: 1007,
    message: /reason of close code 1000 is not UTF-8/,
  },
  {
    what: "a close reason cut inside a character",
    bytes: close("03e8 e2 82"),
    closeCode: 1007,
    message: /is not UTF-8/,
  },
  {
    what: "a message of one byte too many",
    bytes: binary(true, 1001),
    maxMessageBytes: 1000,
    closeCode: 1009,
    message: /message is 1001 bytes, at most 1000/,
  },
  {
    what: "fragments of one byte too many together",
    bytes: concat(binary(false, 600), continuation(false, 400), continuation(true, 1)),
    maxMessageBytes: 1000,
    closeCode: 1009,
    message: /message is 1001 bytes, at most 1000/,
  },
  {
    what: "a length of 2^53 - 1",
    bytes: hex("82 7f 00 1f ff ff ff ff ff ff"),
    closeCode: 1009,
    message: /at most 16777216/,
  },
];

for (const { what, bytes, closeCode, message, expectMasked = false, maxMessageBytes } of violations) {
  Deno.test(`violation: ${what} is ${closeCode}, however it is cut`, () => {
    for (const chunkBytes of [bytes.length, 1]) {
      const parser = new FrameParser({ expectMasked, maxMessageBytes }, new RecordingSink());
      assert.throws(() => {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          parser.push(bytes.subarray(at, at + chunkBytes));
        }
      }, (error) => {
        assert(error instanceof WebSocketError);
        assert.equal(error.closeCode, closeCode);
        assert.match(error.message, message);
        return true;
      });
      assert.throws(() => parser.push(text), { name: "WebSocketError", closeCode }, "the parser is dead");
    }
  });
}

Deno.test("what came before a violation in the same read is handed out", () => {
  const sink = new RecordingSink();
  const parser = new FrameParser({ expectMasked: false }, sink);
  assert.throws(() => parser.push(concat(text, hex("83 00"))), WebSocketError);
  assert.deepEqual(sink.events, [part(false, ascii("a"), true)]);
});

Deno.test("a message's size is counted anew for each message, without its pings", () => {
  const sink = new RecordingSink();
  const parser = new FrameParser({ expectMasked: false, maxMessageBytes: 1000 }, sink);
  const ping = encodeFrame(opcodes.ping, true, pattern(100), false);
  for (let i = 0; i < 3; i++) parser.push(concat(binary(false, 500), ping, continuation(true, 500)));
  assert.equal(sink.events.length, 9);
});

Deno.test("an announced payload takes no memory before it comes, and then at most a part", () => {
  const header = hex("82 7f 00 00 00 00 01 00 00 00");
  const before = memoryUsage().arrayBuffers;
  const parsers = Array.from(
    { length: 200 },
    () => new FrameParser({ expectMasked: false }, new RecordingSink()),
  );
  for (const parser of parsers) parser.push(header);
  const announced = memoryUsage().arrayBuffers;
  assert(announced - before < 2 ** 20, `${announced - before} bytes for 200 headers`);
  for (const parser of parsers) parser.push(Uint8Array.of(1));
  const begun = memoryUsage().arrayBuffers;
  assert(begun - announced < 201 * 2 ** 16, `${begun - announced} bytes for 200 first bytes`);
});
