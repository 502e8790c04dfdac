import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { opcodes } from "../../../lib/websocket/mod.ts";
import { ascii, pattern } from "./bytes.ts";
import { messageSizes, textOf } from "./interop_cases.ts";
import { RawSocket } from "./raw_socket.ts";

/** A server of the `ws` package, and the codec as its client. `peer` is the server's end of the connection. */
async function connect() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const connected = once(server, "connection");
  const client = await RawSocket.connect(server.address().port);
  const [peer] = await connected;
  return {
    client,
    peer,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      peer.terminate();
      await client.end();
      await closed;
    },
  };
}

Deno.test("ws server: messages of every length come back as they were sent", async () => {
  await using link = await connect();
  link.peer.on(
    "message",
    (bytes: Uint8Array, isBinary: boolean) => link.peer.send(bytes, { binary: isBinary }),
  );
  for (const size of messageSizes) {
    for (const payload of [pattern(size), textOf(size)]) {
      const binary = typeof payload !== "string";
      const sent = binary ? payload : ascii(payload);
      link.client.sendFrame(binary ? opcodes.binary : opcodes.text, true, sent);
      const echoed = await link.client.nextMessage();
      assert.equal(echoed.binary, binary);
      assert.equal(echoed.parts, Math.max(1, Math.ceil(size / 65536)));
      assert(Buffer.from(sent).equals(echoed.bytes), `${size} bytes`);
    }
  }
});

Deno.test("ws server: it puts our fragments together around a ping, and answers that", async () => {
  await using link = await connect();
  const received = once(link.peer, "message");
  link.client.sendFrame(opcodes.text, false, ascii("one "));
  link.client.sendFrame(opcodes.ping, true, pattern(125));
  link.client.sendFrame(opcodes.continuation, false, new Uint8Array(0));
  link.client.sendFrame(opcodes.continuation, true, ascii("two"));
  const [bytes, isBinary] = await received;
  assert.equal(isBinary, false);
  assert.equal(String(bytes), "one two");
  assert.deepEqual(await link.client.next(), { type: "pong", bytes: pattern(125) });
});

Deno.test("ws server: its fragments and the ping between them arrive in order", async () => {
  await using link = await connect();
  link.peer.send(pattern(126), { fin: false });
  link.peer.ping();
  link.peer.send(new Uint8Array(0), { fin: true });
  assert.deepEqual(await link.client.next(), {
    type: "part",
    binary: true,
    bytes: pattern(126),
    final: false,
  });
  assert.deepEqual(await link.client.next(), { type: "ping", bytes: new Uint8Array(0) });
  assert.deepEqual(await link.client.next(), {
    type: "part",
    binary: true,
    bytes: new Uint8Array(0),
    final: true,
  });
});

Deno.test("ws server: its close codes and reasons arrive", async () => {
  for (const [code, reason] of [[1000, ""], [1012, "spät"], [4000, "x".repeat(123)]] as const) {
    await using link = await connect();
    link.peer.close(code, reason);
    assert.deepEqual(await link.client.next(), { type: "close", code, reason });
  }
  await using link = await connect();
  link.peer.close();
  assert.deepEqual(await link.client.next(), { type: "close", code: null, reason: "" });
});

Deno.test("ws server: it is told our close codes and reasons, and answers with the same", async () => {
  for (const [code, reason] of [[1000, ""], [1001, "gehe"], [4999, "x".repeat(123)], [null, ""]] as const) {
    await using link = await connect();
    const closed = once(link.peer, "close");
    link.client.sendClose(code, reason);
    assert.deepEqual(await link.client.next(), { type: "close", code, reason });
    await link.client.end();
    const [toldCode, toldReason] = await closed;
    assert.deepEqual([toldCode, String(toldReason)], [code ?? 1005, reason]);
  }
});
