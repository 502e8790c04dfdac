import assert from "node:assert/strict";
import { type Frame, frameTypes } from "../../../lib/protocol/mod.ts";
import { BodyBudget } from "../../../lib/capture/body_budget.ts";
import { decodeCapturedFrame } from "../../../lib/capture/mod.ts";
import { splitMessage } from "../../../lib/capture/message_splitter.ts";
import { Redaction } from "../../../lib/capture/redaction.ts";
import { encoded } from "./capture_bytes.ts";

const redaction = new Redaction({ names: [], secrets: [] });

function split(message: Uint8Array, options: { maxBody?: number; raw?: boolean } = {}) {
  const { maxBody = 1e9, raw = false } = options;
  const frames: { bytes: Uint8Array; omittedBytes: number }[] = [];
  const malformed: { length: number; message: string; bytes: Uint8Array }[] = [];
  const policy = { budget: new BodyBudget(maxBody), redaction: raw ? null : redaction };
  splitMessage(message, policy, {
    frame: ({ bytes, omittedBytes }) => frames.push({ bytes: bytes.slice(), omittedBytes }),
    malformed: ({ length, problem, bytes }) =>
      malformed.push({ length, message: problem.message, bytes: bytes.slice() }),
  });
  return { frames, malformed };
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const ping = encoded({ type: frameTypes.ping, sequence: 1, sentAtUs: 2 });
const secret: Frame = {
  type: frameTypes.wsAccept,
  gatewayId: 1,
  requestId: 2,
  index: 0,
  headers: ["cookie", "value"],
  together: false,
};

function chunk(requestId: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(98);
  return encoded({ type: frameTypes.bodyChunk, gatewayId: 1, requestId, index: 1, bytes });
}

Deno.test("a message is cut into its frames, bytes as sent", () => {
  const { frames, malformed } = split(join(ping, chunk(1, 300), ping));
  assert.deepEqual(frames.map((frame) => frame.bytes), [ping, chunk(1, 300), ping]);
  assert.deepEqual(malformed, []);
});

Deno.test("payload beyond a stream's budget is left out from the end; other streams have their own", () => {
  const { frames } = split(join(chunk(1, 300), chunk(1, 300), chunk(1, 10), chunk(2, 300)), { maxBody: 400 });
  assert.deepEqual(frames.map((frame) => frame.omittedBytes), [0, 200, 10, 0]);
  assert.deepEqual(frames[1].bytes, chunk(1, 300).subarray(0, -200));
});

Deno.test("of a whole response the payload alone is left out, and it still reads as what it was", () => {
  const whole = {
    ...{ type: frameTypes.response, gatewayId: 1, requestId: 1, index: 0, status: 200, reason: "OK" },
    ...{ headers: ["set-cookie", "a"], bytes: new Uint8Array(300).fill(98) },
  } as const;
  const clean = ["set-cookie", "*"];
  for (const maxBody of [0, 100, 299, 300]) {
    const { frames: [frame], malformed } = split(encoded(whole), { maxBody });
    assert.deepEqual(malformed, []);
    assert.equal(frame.omittedBytes, 300 - maxBody);
    const record = { kind: "frame", number: 1, offset: 0, timeUs: 0, link: 1, direction: "sent" } as const;
    const read = decodeCapturedFrame({ ...record, ...frame });
    const bytes = new Uint8Array(300).fill(98, 0, maxBody);
    assert.deepEqual({ ...read, bytes: (read as typeof whole).bytes.slice() }, {
      ...whole,
      headers: clean,
      bytes,
    });
  }
});

Deno.test("secrets are overwritten, and left as they are in a raw capture", () => {
  const clean = encoded({ ...secret, headers: ["cookie", "*****"] } as Frame);
  assert.deepEqual(split(encoded(secret)).frames[0].bytes, clean);
  assert.deepEqual(split(encoded(secret), { raw: true }).frames[0].bytes, encoded(secret));
});

Deno.test("from the first bytes that are no frame on, a message is malformed and its bytes are not kept", () => {
  const broken = encoded(secret);
  broken[0] = 0x84;
  const { frames, malformed } = split(join(ping, broken, ping));
  assert.deepEqual(frames.map((frame) => frame.bytes), [ping]);
  assert.equal(malformed.length, 1);
  assert.equal(malformed[0].length, broken.length + ping.length);
  assert.match(malformed[0].message, /ws-accept must have 5 items, found 4/);
  assert.equal(malformed[0].bytes.length, 0);
  assert.deepEqual(split(join(ping, broken), { raw: true }).malformed[0].bytes, broken);
});

Deno.test("of a frame of a later version only the type is kept, for nobody knows what in it is secret", () => {
  const later = new Uint8Array([0x83, 0x18, 0x63, 0x65, 0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x01]);
  const { frames } = split(join(later, ping));
  assert.deepEqual(frames, [
    { bytes: later.slice(0, 3), omittedBytes: 7 },
    { bytes: ping, omittedBytes: 0 },
  ]);
  assert.deepEqual(split(later, { raw: true }).frames, [{ bytes: later, omittedBytes: 0 }]);
});
