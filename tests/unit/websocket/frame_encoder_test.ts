import assert from "node:assert/strict";
import {
  encodeClose,
  encodeFrame,
  frameHeaderBytes,
  opcodes,
  readMaskKey,
  writeFrameHeader,
} from "../../../lib/websocket/mod.ts";
import { concat, hex, pattern } from "./bytes.ts";
import { read } from "./recording_sink.ts";

const maskKey = readMaskKey(hex("01 02 03 04"), 0);

Deno.test("a header takes the shortest length encoding", () => {
  const cases: [payloadBytes: number, headerBytes: number, header: string][] = [
    [0, 2, "82 00"],
    [125, 2, "82 7d"],
    [126, 4, "82 7e 00 7e"],
    [65535, 4, "82 7e ff ff"],
    [65536, 10, "82 7f 00 00 00 00 00 01 00 00"],
    [2 ** 32 + 5, 10, "82 7f 00 00 00 01 00 00 00 05"],
    [Number.MAX_SAFE_INTEGER, 10, "82 7f 00 1f ff ff ff ff ff ff"],
  ];
  for (const [payloadBytes, headerBytes, header] of cases) {
    assert.equal(frameHeaderBytes(payloadBytes, false), headerBytes);
    assert.equal(frameHeaderBytes(payloadBytes, true), headerBytes + 4);
    const target = new Uint8Array(headerBytes);
    const end = writeFrameHeader(target, 0, {
      opcode: opcodes.binary,
      final: true,
      payloadBytes,
      maskKey: null,
    });
    assert.equal(end, headerBytes);
    assert.deepEqual(target, hex(header));
  }
});

Deno.test("a header is written at its offset and touches nothing around it", () => {
  const target = new Uint8Array(12).fill(0xee);
  const end = writeFrameHeader(target, 3, { opcode: opcodes.text, final: false, payloadBytes: 5, maskKey });
  assert.equal(end, 9);
  assert.deepEqual(target, hex("eeeeee 01 85 01020304 eeeeee"));
});

Deno.test("a masked frame leaves the caller's payload as it is", () => {
  const payload = pattern(1000);
  encodeFrame(opcodes.binary, true, payload, true);
  assert.deepEqual(payload, pattern(1000));
});

Deno.test("two masked frames of one payload have different keys", () => {
  const [one, two] = [1, 2].map(() => encodeFrame(opcodes.ping, true, new Uint8Array(0), true));
  assert.notDeepEqual(one, two);
});

Deno.test("a control frame that is fragmented or above 125 bytes is refused", () => {
  for (const opcode of [opcodes.close, opcodes.ping, opcodes.pong]) {
    assert.throws(() => encodeFrame(opcode, false, new Uint8Array(0), false), RangeError);
    assert.throws(() => encodeFrame(opcode, true, new Uint8Array(126), false), RangeError);
    assert.equal(encodeFrame(opcode, true, new Uint8Array(125), false).length, 127);
  }
});

Deno.test("a close frame carries its code and reason", () => {
  assert.deepEqual(encodeClose(1000, "bye", false), hex("88 05 03e8 627965"));
  assert.deepEqual(encodeClose(null, "", false), hex("88 00"));
});

Deno.test("a reason without a code is left out", () => {
  assert.deepEqual(encodeClose(null, "bye", false), hex("88 00"));
});

Deno.test("a long reason is cut to 123 bytes, never inside a character", () => {
  const cases: [reason: string, kept: string][] = [
    ["x".repeat(123), "x".repeat(123)],
    ["x".repeat(124), "x".repeat(123)],
    ["x".repeat(122) + "é", "x".repeat(122)],
    ["x".repeat(121) + "éé", "x".repeat(121) + "é"],
    ["€".repeat(100), "€".repeat(41)],
    ["x".repeat(120) + "🦕", "x".repeat(120)],
  ];
  for (const [reason, kept] of cases) {
    assert.deepEqual(read(encodeClose(1011, reason, false), { expectMasked: false }), [
      { type: "close", code: 1011, reason: kept },
    ]);
  }
});

Deno.test("a lone surrogate in a reason becomes the replacement character", () => {
  assert.deepEqual(encodeClose(1000, "\ud800", false), hex("88 05 03e8 efbfbd"));
});

Deno.test("a close code that may not be sent is refused", () => {
  for (const code of [-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 66536, 1000.5, NaN]) {
    assert.throws(() => encodeClose(code, "", false), RangeError);
  }
});

Deno.test("frames written one after the other into one buffer are read as they are", () => {
  const target = new Uint8Array(100);
  let end = 0;
  for (const byte of [1, 2, 3]) {
    end = writeFrameHeader(target, end, {
      opcode: opcodes.binary,
      final: true,
      payloadBytes: 1,
      maskKey: null,
    });
    target[end++] = byte;
  }
  const expected = [1, 2, 3].map((byte) => encodeFrame(opcodes.binary, true, Uint8Array.of(byte), false));
  assert.deepEqual(target.subarray(0, end), concat(...expected));
});
