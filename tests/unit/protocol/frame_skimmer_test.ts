import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Frame,
  FrameReader,
  FrameSkimmer,
  frameTypes,
  ProtocolError,
  type StreamFrame,
} from "../../../lib/protocol/mod.ts";
import { encoded } from "./codec.ts";
import { anyFrame } from "./frame_arbitraries.ts";

/** As `FrameReader` has it, or that it is no frame. */
function withCare(bytes: Uint8Array): Frame | null | "no frame" {
  try {
    return new FrameReader(bytes, "none").next();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return "no frame";
  }
}

/** Skims `bytes` with others around them, which must not matter. */
function skimmed(bytes: Uint8Array, before: number, around: number): StreamFrame | null {
  const buffer = new Uint8Array(before + bytes.length + 16).fill(around);
  buffer.set(bytes, before);
  return new FrameSkimmer(buffer).frame(before, before + bytes.length);
}

/** A payload by its length. */
function summary(frame: Frame): unknown {
  return "bytes" in frame ? { ...frame, bytes: frame.bytes.length } : { ...frame };
}

Deno.test("a frame that is skimmed is as it would be read with care, whatever its bytes", () => {
  const byte = fc.nat(255);
  fc.assert(
    fc.property(anyFrame, fc.nat(), byte, byte, fc.nat(9), (frame, place, value, around, before) => {
      const whole = encoded(frame).slice();
      const changed = whole.slice();
      changed[place % changed.length] = value;
      // Most of what may go wrong is in the first bytes: types, ids, heads.
      const head = whole.slice();
      head[place % Math.min(head.length, 24)] = value;
      const longer = new Uint8Array([...whole, value]);
      for (const bytes of [whole, changed, head, longer, whole.subarray(0, place % whole.length)]) {
        const skim = skimmed(bytes, before, around);
        if (skim === null) continue;
        const careful = withCare(bytes);
        assert.ok(careful !== null && careful !== "no frame");
        assert.deepEqual(summary(skim), summary(careful));
      }
    }),
    { numRuns: 3000 },
  );
});

const ids = { gatewayId: 0xffff_ffff, requestId: 70_000, index: 65_535 };
const long = "x".repeat(300);
const everyday: StreamFrame[] = [
  {
    type: frameTypes.requestStart,
    ...ids,
    method: "GET",
    target: `/${long}`,
    headers: ["Host", "a", "Cookie", long, "Accept", "*/*", "User-Agent", long],
    hasBody: true,
  },
  { type: frameTypes.responseStart, ...ids, status: 200, reason: "OK", headers: ["Content-Length", "1"] },
  { type: frameTypes.bodyChunk, ...ids, bytes: new Uint8Array(1) },
  { type: frameTypes.bodyChunk, ...ids, bytes: new Uint8Array(65_536) },
  { type: frameTypes.bodyEnd, ...ids, cut: false, stop: true, trailers: [] },
  { type: frameTypes.wsMessage, ...ids, binary: true, final: false, bytes: new Uint8Array(0) },
  { type: frameTypes.wsMessages, ...ids, binary: true, sizes: [1, 300, 24], bytes: new Uint8Array(325) },
  {
    type: frameTypes.wsMessages,
    ...ids,
    binary: false,
    sizes: new Array(1024).fill(64),
    bytes: new Uint8Array(65_536),
  },
  { type: frameTypes.ack, ...ids, credit: 0 },
  { type: frameTypes.ack, ...ids, credit: Number.MAX_SAFE_INTEGER },
];

Deno.test("several messages whose sizes are not theirs are left to the careful way", () => {
  const several = { type: frameTypes.wsMessages, ...ids, binary: true, bytes: new Uint8Array(10) } as const;
  for (const sizes of [[10], [4, 5], [5, 6], [10, 0], [0, 10], []]) {
    assert.equal(skimmed(encoded({ ...several, sizes }), 0, 0), null);
  }
  assert.ok(skimmed(encoded({ ...several, sizes: [4, 6] }), 0, 0) !== null);
});

Deno.test("everyday frames are skimmed, and strings that are not ASCII are left to the careful way", () => {
  for (const frame of everyday) {
    const skim = skimmed(encoded(frame), 3, 0xff);
    assert.ok(skim !== null, `type ${frame.type}`);
    assert.deepEqual(summary(skim), summary(withCare(encoded(frame)) as Frame));
  }
  const start = everyday[0] as Extract<StreamFrame, { method: string }>;
  for (
    const frame of [
      { ...start, target: "/ä" },
      { ...start, target: `/${long}ä` },
      { ...start, headers: ["a", "ä"] },
      { ...start, headers: ["ä", long] },
      { ...start, headers: ["a", long, "b", `${long}ä`] },
      { ...start, headers: ["a", long, "ä", long] },
    ]
  ) assert.equal(skimmed(encoded(frame), 0, 0), null);
});
