/**
 * What has come often is recognised by its bytes and not read again. A message that has such things in it and is cut or
 * changed is told to be wrong in the very words that it would be if nothing of it had ever come before.
 */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { decodeFrames, type Frame, frameTypes, ProtocolError } from "../../../lib/protocol/mod.ts";
import { concat } from "../websocket/bytes.ts";
import { encoded } from "./codec.ts";

let tags = 0;

/**
 * Six characters that no message had before: with them in its texts nothing of it is known. All digits below 8 are alike to
 * whoever takes them for the head of an item, so that two messages with different tags are wrong in the same way.
 */
function freshTag(): string {
  return (tags++).toString(8).padStart(6, "0");
}

const stream = { gatewayId: 1, requestId: 1, index: 0 };

/** Messages whose every text that may be recognised has the tag at its end. */
const messages: Record<string, (tag: string) => Uint8Array<ArrayBuffer>> = {
  "request-start": (tag) =>
    encoded({
      ...stream,
      type: frameTypes.requestStart,
      method: `PUT${tag}`,
      target: `/é${tag}`,
      headers: ["A", tag, "Bé", tag],
      hasBody: true,
    }),
  "response-start": (tag) =>
    encoded({
      ...stream,
      type: frameTypes.responseStart,
      status: 200,
      reason: `Schön${tag}`,
      headers: ["A", tag, "B", tag],
    }),
  response: (tag) =>
    encoded({
      ...stream,
      type: frameTypes.response,
      status: 200,
      reason: `OK${tag}`,
      headers: ["", tag],
      bytes: Uint8Array.of(1),
    }),
  "probe-ready": (tag) =>
    encoded({ type: frameTypes.probeReady, agent: "", sessionId: "", sessions: [tag, "B", "C"] }),
  "two frames, the second with more of the same list": (tag) =>
    encoded(
      { ...stream, type: frameTypes.bodyEnd, cut: false, stop: false, trailers: ["A", tag] },
      { ...stream, type: frameTypes.wsAccept, headers: ["A", tag, "A", tag], together: false },
    ),
  "two frames with the same list": (tag) =>
    encoded(
      { ...stream, type: frameTypes.wsAccept, headers: ["A", tag], together: false },
      { ...stream, type: frameTypes.bodyEnd, cut: false, stop: false, trailers: ["A", tag] },
    ),
};

type Change = (bytes: Uint8Array, at: number) => Uint8Array;

const changes: Record<string, Change> = {
  cut: (bytes, at) => bytes.slice(0, at),
  "cut within a larger buffer": (bytes, at) => concat(bytes, bytes).subarray(0, at),
  "without a byte": (bytes, at) => concat(bytes.subarray(0, at), bytes.subarray(at + 1)),
  "with a byte twice": (bytes, at) => concat(bytes.subarray(0, at + 1), bytes.subarray(at)),
};
for (let bit = 0; bit < 8; bit++) {
  changes[`with bit ${bit} of a byte flipped`] = (bytes, at) => {
    const changed = bytes.slice();
    changed[at] ^= 1 << bit;
    return changed;
  };
}

/** With lists that nobody else has, so that what is written of them is written anew. */
function withOwnLists(frame: Frame): Frame {
  const entries = Object.entries(frame).map(([key, value]) => [
    key,
    Array.isArray(value) ? [...value] : value,
  ]);
  return Object.fromEntries(entries) as Frame;
}

/** What is wrong with `bytes`, or of how many frames they are, which must be those that are written so. */
function readingOf(bytes: Uint8Array): string {
  try {
    const frames = decodeFrames(bytes);
    const again = encoded(...frames.map(withOwnLists));
    // A frame has one encoding. Those of an unknown odd type are stepped over.
    return `${frames.length} frames, ${Buffer.compare(again, bytes) === 0 ? "the same" : "not all"}`;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message;
  }
}

for (const [kind, make] of Object.entries(messages)) {
  Deno.test(`${kind}: cut or changed anywhere, it is read as if nothing of it had come before`, () => {
    const { length } = make(freshTag());
    for (const [name, change] of Object.entries(changes)) {
      const readings = new Set<string>();
      for (let at = 0; at < length; at++) {
        const expected = readingOf(change(make(freshTag()), at));
        const often = make(freshTag());
        for (let i = 0; i < 3; i++) assert.match(readingOf(often), /^\d frames, the same$/);
        for (let i = 0; i < 3; i++) assert.equal(readingOf(change(often, at)), expected, `${name}: ${at}`);
        readings.add(expected);
      }
      assert.ok(readings.size > 3, `${name}: it makes no difference`);
    }
  });
}
