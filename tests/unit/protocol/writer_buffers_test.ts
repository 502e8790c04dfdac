/** Where what is written lies, whose that buffer is, and what is free in front of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CborWriter, encodeFrame, type WriterBuffers } from "../../../lib/protocol/mod.ts";
import { encoded } from "./codec.ts";
import { anyFrame } from "./frame_arbitraries.ts";

/** Buffers that know who has them; what is given back is overwritten at once. */
class WatchedBuffers implements WriterBuffers {
  readonly lent = new Set<ArrayBuffer>();

  take(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count).fill(0xee);
    this.lent.add(bytes.buffer);
    return bytes;
  }

  giveBack(bytes: Uint8Array): void {
    assert.ok(this.lent.delete(bytes.buffer as ArrayBuffer), "given back by who does not have it");
    bytes.fill(0xdd);
  }
}

Deno.test("messages that are taken hold what was written, behind the room, and are not written to again", () => {
  const messages = fc.array(
    fc.record({ frames: fc.array(anyFrame, { maxLength: 6 }), taken: fc.boolean() }),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(
      messages,
      fc.nat(20),
      fc.constantFrom(0, 1, 64, 4096),
      (messages, roomBytes, initialBytes) => {
        const buffers = new WatchedBuffers();
        const writer = new CborWriter({ initialBytes, roomBytes, buffers });
        const taken: { message: Uint8Array<ArrayBuffer>; expected: Uint8Array }[] = [];
        for (const message of messages) {
          for (const frame of message.frames) encodeFrame(frame, writer);
          const expected = encoded(...message.frames);
          assert.equal(writer.length, expected.length);
          assert.deepEqual(writer.view().slice(), expected);
          if (message.taken) taken.push({ message: writer.take(), expected });
          else writer.reset();
          assert.equal(writer.length, 0);
          assert.equal(writer.view().length, 0);
        }
        for (const { message, expected } of taken) {
          assert.equal(message.length, roomBytes + expected.length);
          // The room is the taker's to fill in.
          message.fill(0xaa, 0, roomBytes);
          assert.deepEqual(message.slice(roomBytes), expected);
          assert.ok(buffers.lent.delete(message.buffer), "it has a buffer of its own");
        }
        assert.equal(buffers.lent.size, 1, "the writer has one, and those it outgrew are back");
      },
    ),
  );
});

Deno.test("the next buffer has room for as much as the last message took, and not for the longest there ever was", () => {
  const sizes: number[] = [];
  const buffers: WriterBuffers = {
    take: (count) => {
      sizes.push(count);
      return new Uint8Array(count);
    },
    giveBack: () => {},
  };
  const writer = new CborWriter({ initialBytes: 90, roomBytes: 10, buffers });
  for (const length of [300, 300, 3, 1, 200_000]) {
    writer.bytes(new Uint8Array(length));
    writer.take();
  }
  // What it began with is the least; a message that does not fit doubles it, or takes what it needs.
  assert.deepEqual(sizes, [100, 313, 512, 512, 100, 100, 200_015, 262_144]);
});

Deno.test("a buffer that was written in and not taken is kept, with all that it has grown to", () => {
  const sizes: number[] = [];
  const writer = new CborWriter({
    initialBytes: 16,
    buffers: { take: (count) => (sizes.push(count), new Uint8Array(count)), giveBack: () => {} },
  });
  for (const length of [300, 3, 300]) {
    writer.bytes(new Uint8Array(length));
    writer.reset();
  }
  assert.deepEqual(sizes, [16, 303]);
});
