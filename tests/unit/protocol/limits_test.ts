import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Frame,
  frameTypes,
  initialWindowBytes,
  maxLinkMessageBytes,
  maxMessagesPerFrame,
  maxPartBytes,
  maxPositionsPerFrame,
  maxWindowBytes,
  negotiateVersion,
} from "../../../lib/protocol/mod.ts";
import { maxMessagesAtOnce } from "../../../lib/websocket/mod.ts";
import { encoded } from "./codec.ts";

Deno.test("the highest version that both know is spoken", () => {
  assert.equal(negotiateVersion({ min: 1, max: 1 }, { min: 1, max: 1 }), 1);
  assert.equal(negotiateVersion({ min: 1, max: 3 }, { min: 2, max: 5 }), 3);
  assert.equal(negotiateVersion({ min: 2, max: 5 }, { min: 1, max: 3 }), 3);
  assert.equal(negotiateVersion({ min: 1, max: 9 }, { min: 4, max: 4 }), 4);
});

Deno.test("peers that share no version are told apart, whichever is the newer", () => {
  assert.equal(negotiateVersion({ min: 1, max: 1 }, { min: 2, max: 3 }), null);
  assert.equal(negotiateVersion({ min: 2, max: 3 }, { min: 1, max: 1 }), null);
});

Deno.test("a range that is no range shares no version with anyone", () => {
  assert.equal(negotiateVersion({ min: 1, max: 3 }, { min: 3, max: 1 }), null);
  assert.equal(negotiateVersion({ min: 1, max: 1 }, { min: 0, max: 0 }), null);
});

Deno.test("both ends agree on the version, and it is the highest of those in both ranges", () => {
  const version = fc.nat(6);
  const range = fc.record({ min: version, max: version });
  fc.assert(fc.property(range, range, (ours, theirs) => {
    const shared = [0, 1, 2, 3, 4, 5, 6].filter((v) =>
      v >= ours.min && v <= ours.max && v >= theirs.min && v <= theirs.max
    );
    assert.equal(negotiateVersion(ours, theirs), shared.at(-1) ?? null);
    assert.equal(negotiateVersion(theirs, ours), shared.at(-1) ?? null);
  }));
});

Deno.test("a window holds a whole part, and may grow", () => {
  assert.ok(maxPartBytes <= initialWindowBytes);
  assert.ok(initialWindowBytes <= maxWindowBytes);
});

Deno.test("what a read brings together fits into one frame", () => {
  assert.ok(maxMessagesAtOnce <= maxMessagesPerFrame);
});

Deno.test("the largest data frame and the largest resume frame fit into a link message", () => {
  const data: Frame = {
    type: frameTypes.wsMessage,
    gatewayId: 0xffff_ffff,
    requestId: 0xffff_ffff,
    index: 0xffff,
    binary: true,
    final: true,
    bytes: new Uint8Array(maxPartBytes),
  };
  const several: Frame = {
    type: frameTypes.wsMessages,
    gatewayId: 0xffff_ffff,
    requestId: 0xffff_ffff,
    index: 0xffff,
    binary: true,
    sizes: new Array(maxMessagesPerFrame).fill(maxPartBytes / maxMessagesPerFrame),
    bytes: new Uint8Array(maxPartBytes),
  };
  const position = {
    requestId: 0xffff_ffff,
    received: 0xffff,
    delivered: 0xffff,
    credit: Number.MAX_SAFE_INTEGER,
  };
  const resume: Frame = {
    type: frameTypes.resume,
    last: true,
    streams: new Array(maxPositionsPerFrame).fill(position),
  };
  // A link adds frames to a message of up to 96 KiB: with one of these it must still be below the limit.
  for (const frame of [data, several, resume]) {
    assert.ok(encoded(frame).length <= maxLinkMessageBytes - 96 * 1024);
  }
});
