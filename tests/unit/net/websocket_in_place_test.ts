/** Messages that go out from the buffer they were written in, among others that are copied. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { WebSocketConnection, type WebSocketHandler } from "../../../lib/net/mod.ts";
import { bytePool } from "../../../lib/session/mod.ts";
import { FrameParser, maxFrameHeaderBytes } from "../../../lib/websocket/mod.ts";
import { connected, nextTurn, readAll, written } from "./loopback.ts";

// A buffer that is still to be written when it is given back, or is given back twice, shows.
bytePool.beStrict();

const ignore: WebSocketHandler = { part() {}, closing() {}, drained() {}, closed() {} };

/** A message in a buffer of the pool's, behind the room for its header, which holds rubbish. */
function inPlace(payload: Uint8Array): Uint8Array {
  const buffer = bytePool.take(maxFrameHeaderBytes + payload.length).fill(0xcc);
  buffer.set(payload, maxFrameHeaderBytes);
  return buffer;
}

/** The binary messages in what a connection has written, its frames masked or not as they must be. */
function messagesIn(bytes: Uint8Array, side: "client" | "server"): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let closed = false;
  const parser = new FrameParser({ expectMasked: side === "client", maxPartBytes: 1024 * 1024 }, {
    part: (binary, part, final) => {
      assert.ok(binary && final);
      messages.push(part.slice());
    },
    ping: () => assert.fail("a ping came"),
    pong: () => assert.fail("a pong came"),
    close: () => closed = true,
  });
  parser.push(bytes);
  assert.ok(closed, "the close frame came last");
  return messages;
}

/** Lengths on both sides of each form of a header, of a block, and of what the pool has. */
const length = fc.oneof(
  fc.constantFrom(
    0,
    1,
    7,
    8,
    125,
    126,
    127,
    255,
    256,
    4_095,
    4_096,
    4_097,
    65_535,
    65_536,
    98_304,
    262_143,
    262_145,
  ),
  fc.nat(2_000),
);

for (const side of ["client", "server"] as const) {
  Deno.test(`a ${side}'s messages arrive whole and in order, copied or sent from where they lie`, async () => {
    const steps = fc.array(
      fc.record({ length, how: fc.constantFrom("copied", "in place"), turn: fc.boolean() }),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const { socket, peer } = await connected();
        const connection = new WebSocketConnection(socket, { side, handler: ignore });
        const received = readAll(peer);
        const expected: Uint8Array[] = [];
        for (const [n, { length, how, turn }] of steps.entries()) {
          const payload = Uint8Array.from({ length }, (_, i) => (i * 7 + n) % 251);
          expected.push(payload);
          if (how === "copied") connection.sendPart(true, payload, true);
          else connection.sendInPlace(inPlace(payload));
          if (turn) await nextTurn();
        }
        connection.close(1000);
        socket.end();
        const messages = messagesIn(await received, side);
        assert.equal(messages.length, expected.length);
        for (const [i, message] of messages.entries()) {
          assert.equal(Buffer.compare(message, expected[i]), 0, `message ${i}`);
        }
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("a message sent from where it lies takes one write, and its buffer is the pool's again when that is done", async () => {
  const { socket, conn, peer } = await connected();
  const connection = new WebSocketConnection(socket, { side: "client", handler: ignore });
  const buffer = inPlace(new Uint8Array(10_000));
  connection.sendInPlace(buffer);
  assert.equal(socket.bufferedBytes, 10_008);
  await written(socket);
  assert.deepEqual(conn.writes, [10_008]);
  // In strict mode the pool overwrites what is its own again.
  assert.ok(buffer.subarray(maxFrameHeaderBytes).every((byte) => byte === 0xee));
  socket.destroy(null);
  peer.close();
});

Deno.test("what is sent after the close frame, or on a socket that is gone, goes back to the pool unsent", async () => {
  for (const leave of ["close", "destroy"] as const) {
    const { socket, conn, peer } = await connected();
    const connection = new WebSocketConnection(socket, { side: "server", handler: ignore });
    if (leave === "close") connection.close(1000);
    else connection.destroy();
    await nextTurn();
    const before = conn.writes.length;
    const buffer = inPlace(new Uint8Array(5_000));
    connection.sendInPlace(buffer);
    await nextTurn();
    assert.equal(conn.writes.length, before, leave);
    assert.ok(buffer.subarray(maxFrameHeaderBytes).every((byte) => byte === 0xee), leave);
    socket.destroy(null);
    peer.close();
  }
});
