import assert from "node:assert/strict";
import {
  encodeFrame,
  maskInPlace,
  opcodes,
  readMaskKey,
  writeFrameHeader,
} from "../../../lib/websocket/mod.ts";
import { ascii, concat, hex, pattern } from "./bytes.ts";
import { part, read } from "./recording_sink.ts";

const fromServer = { expectMasked: false };
const fromClient = { expectMasked: true };
const hello = ascii("Hello");

/** A masked frame whose key is chosen, as in the RFC. */
function encodeMaskedWith(key: Uint8Array, opcode: number, payload: Uint8Array): Uint8Array {
  const maskKey = readMaskKey(key, 0);
  const frame = new Uint8Array(6 + payload.length);
  const at = writeFrameHeader(frame, 0, { opcode, final: true, payloadBytes: payload.length, maskKey });
  frame.set(payload, at);
  maskInPlace(frame, at, frame.length, maskKey);
  return frame;
}

Deno.test("RFC 6455 5.7: a single-frame unmasked text message", () => {
  const frame = hex("81 05 48 65 6c 6c 6f");
  assert.deepEqual(encodeFrame(opcodes.text, true, hello, false), frame);
  assert.deepEqual(read(frame, fromServer), [part(false, hello, true)]);
});

Deno.test("RFC 6455 5.7: a single-frame masked text message", () => {
  const frame = hex("81 85 37 fa 21 3d 7f 9f 4d 51 58");
  assert.deepEqual(encodeMaskedWith(hex("37 fa 21 3d"), opcodes.text, hello), frame);
  assert.deepEqual(read(frame, fromClient), [part(false, hello, true)]);
});

Deno.test("RFC 6455 5.7: a fragmented unmasked text message", () => {
  const first = hex("01 03 48 65 6c");
  const second = hex("80 02 6c 6f");
  assert.deepEqual(encodeFrame(opcodes.text, false, ascii("Hel"), false), first);
  assert.deepEqual(encodeFrame(opcodes.continuation, true, ascii("lo"), false), second);
  assert.deepEqual(read(concat(first, second), fromServer), [
    part(false, ascii("Hel"), false),
    part(false, ascii("lo"), true),
  ]);
});

Deno.test("RFC 6455 5.7: an unmasked ping and its masked pong", () => {
  const ping = hex("89 05 48 65 6c 6c 6f");
  const pong = hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58");
  assert.deepEqual(encodeFrame(opcodes.ping, true, hello, false), ping);
  assert.deepEqual(encodeMaskedWith(hex("37 fa 21 3d"), opcodes.pong, hello), pong);
  assert.deepEqual(read(ping, fromServer), [{ type: "ping", bytes: hello }]);
  assert.deepEqual(read(pong, fromClient), [{ type: "pong", bytes: hello }]);
});

Deno.test("RFC 6455 5.7: 256 bytes of binary take a 16-bit length", () => {
  const payload = pattern(256);
  const frame = concat(hex("82 7e 01 00"), payload);
  assert.deepEqual(encodeFrame(opcodes.binary, true, payload, false), frame);
  assert.deepEqual(read(frame, fromServer), [part(true, payload, true)]);
});

Deno.test("RFC 6455 5.7: 64 KiB of binary take a 64-bit length", () => {
  const payload = pattern(65536);
  const frame = concat(hex("82 7f 00 00 00 00 00 01 00 00"), payload);
  assert.deepEqual(encodeFrame(opcodes.binary, true, payload, false), frame);
  assert.deepEqual(read(frame, fromServer), [part(true, payload, true)]);
});
