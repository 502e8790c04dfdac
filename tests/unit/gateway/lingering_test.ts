/** How a connection ends whose response is out before its request is in: over real sockets, with time moved by hand. */
import assert from "node:assert/strict";
import { Lingering } from "../../../lib/gateway/lingering.ts";
import type { ByteSocket } from "../../../lib/net/mod.ts";
import { eventually } from "../../support/stack.ts";
import { connected, readAll, written } from "../net/loopback.ts";

/** More than a kernel takes of a peer that reads nothing. */
const largeBytes = 32 * 1024 * 1024;

/** The peer sends, and `socket` has read it. */
async function send(peer: Deno.Conn, socket: ByteSocket, bytes: Uint8Array): Promise<void> {
  const expected = socket.receivedBytes + bytes.length;
  assert.equal(await peer.write(bytes), bytes.length);
  await eventually(() => socket.receivedBytes, (received) => received === expected);
}

Deno.test("a client that sends nothing more is waited for two seconds", async () => {
  const { socket, peer } = await connected();
  socket.start();
  socket.write(Uint8Array.of(1));
  await written(socket);
  const lingering = new Lingering(socket, 1_000);
  assert.equal(lingering.goesOn(2_999), true);
  assert.equal(lingering.goesOn(3_000), false);
  socket.destroy(null);
  assert.deepEqual(await readAll(peer), Uint8Array.of(1));
});

Deno.test("a client that sends on is read on, until thirty seconds after the response went out", async () => {
  const { socket, peer } = await connected();
  socket.start();
  const lingering = new Lingering(socket, 0);
  for (let nowMs = 1_000; nowMs < 30_000; nowMs += 1_000) {
    await send(peer, socket, Uint8Array.of(1));
    assert.equal(lingering.goesOn(nowMs), true, `at ${nowMs} ms`);
  }
  await send(peer, socket, Uint8Array.of(1));
  assert.equal(lingering.goesOn(30_000), false);
  socket.destroy(null);
  peer.close();
});

Deno.test("a response that still goes out is not cut off, however long its client takes to read it", async () => {
  const { socket, peer } = await connected();
  socket.start();
  socket.write(new Uint8Array(largeBytes).fill(7));
  const lingering = new Lingering(socket, 0);
  const buffer = new Uint8Array(4 * 1024 * 1024);
  let got = 0;
  let nowMs = 0;
  while (socket.bufferedBytes > 0) {
    const before = socket.sentBytes;
    // As slow as that: in between, nothing happens for almost as long as may be.
    nowMs += 29_000;
    assert.equal(lingering.goesOn(nowMs), true, `at ${nowMs} ms, with ${got} bytes read`);
    while (socket.bufferedBytes > 0 && socket.sentBytes === before) got += (await peer.read(buffer))!;
  }
  assert.ok(nowMs > 30_000, "the client was to be slow");
  assert.equal(lingering.goesOn(nowMs + 1_999), true);
  assert.equal(got + (await readAll(peer)).length, largeBytes);
  socket.destroy(null);
});

Deno.test("a client that takes nothing of its response for thirty seconds is given up", async () => {
  const { socket, peer } = await connected();
  socket.start();
  socket.write(new Uint8Array(largeBytes));
  const lingering = new Lingering(socket, 0);
  // As much as the kernel takes of it by itself.
  let sent = -1;
  await eventually(() => [sent, sent = socket.sentBytes], ([before, now]) => before === now);
  assert.equal(lingering.goesOn(10_000), true);
  assert.equal(lingering.goesOn(39_999), true);
  assert.equal(lingering.goesOn(40_000), false);
  socket.destroy(null);
  peer.close();
});

Deno.test("while the gateway drains, a client that sends on is read for three seconds behind its response, and no longer", async () => {
  const { socket, peer } = await connected();
  socket.start();
  const lingering = new Lingering(socket, 0);
  for (let nowMs = 1_000; nowMs < 3_000; nowMs += 1_000) {
    await send(peer, socket, Uint8Array.of(1));
    assert.equal(lingering.goesOn(nowMs, true), true, `at ${nowMs} ms`);
  }
  await send(peer, socket, Uint8Array.of(1));
  assert.equal(lingering.goesOn(3_000, true), false);
  socket.destroy(null);
  peer.close();
});
