/** Peers that neither answer a close frame nor end the connection: how long they are waited for. */
import assert from "node:assert/strict";
import { ByteSocket, WebSocketConnection, type WebSocketHandler } from "../../../lib/net/mod.ts";
import { encodeFrame, opcodes } from "../../../lib/websocket/mod.ts";
import { eventually } from "../../support/stack.ts";
import { connection } from "./native_pair.ts";

class Owner implements WebSocketHandler {
  isClosed = false;
  part(): void {}
  closing(): void {}
  drained(): void {}
  closed(): void {
    this.isClosed = true;
  }
}

async function pair(
  patienceMs: number,
): Promise<{ near: WebSocketConnection; owner: Owner; far: Deno.Conn }> {
  const [near, far] = await connection();
  const owner = new Owner();
  const socket = new ByteSocket(near, { data() {}, drained() {}, ended() {}, closed() {} });
  socket.start();
  return {
    near: new WebSocketConnection(socket, { side: "server", handler: owner, patienceMs }),
    owner,
    far,
  };
}

/** When the owner is told, from now on, milliseconds. */
async function closedAfterMs(owner: Owner): Promise<number> {
  const startMs = performance.now();
  await eventually(() => owner.isClosed, (closed) => closed);
  return performance.now() - startMs;
}

Deno.test("one that takes nothing, one that is held back and one that only sends have the patience asked for, others five seconds", async () => {
  const patienceMs = 10_000;
  const [deaf, held, talker, silent, link] = await Promise.all(
    [patienceMs, patienceMs, patienceMs, patienceMs, 5_000].map(pair),
  );
  // More than the kernel takes.
  for (let i = 0; i < 400; i++) deaf.near.sendPart(true, new Uint8Array(50_000), true);
  for (const { near } of [deaf, held, talker, silent, link]) near.close(1000);
  held.near.pause();
  const frame = encodeFrame(opcodes.binary, true, new Uint8Array(10), true);
  const talking = setInterval(() => {
    for (const { far, owner } of [talker, link]) if (!owner.isClosed) void far.write(frame).catch(() => {});
  }, 500);
  const all = [deaf, held, talker, silent, link];
  const [deafMs, heldMs, talkerMs, silentMs, linkMs] = await Promise.all(
    all.map(({ owner }) => closedAfterMs(owner)),
  );
  clearInterval(talking);
  for (const { far } of all) far.close();
  for (const ms of [silentMs, linkMs]) assert.ok(ms < deafMs && ms < heldMs && ms < talkerMs, `${ms} ms`);
  assert.deepEqual(
    all.map(({ near }) => near.hasLost),
    [true, false, false, false, false],
  );
});
