import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import WebSocket from "ws";
import { opcodes } from "../../../lib/websocket/mod.ts";
import { ascii, pattern } from "./bytes.ts";
import { messageSizes, textOf } from "./interop_cases.ts";
import { RawSocket } from "./raw_socket.ts";

/** A client of the `ws` package, and the codec as its server. */
async function connect() {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = new WebSocket(`ws://127.0.0.1:${listener.addr.port}`, { perMessageDeflate: false });
  const opened = once(client, "open");
  const server = await RawSocket.accept(listener);
  await opened;
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      const closed = once(client, "close");
      client.terminate();
      await server.end();
      if (client.readyState !== WebSocket.CLOSED) await closed;
    },
  };
}

Deno.test("ws client: messages of every length come back as they were sent", async () => {
  await using link = await connect();
  for (const size of messageSizes) {
    for (const payload of [pattern(size), textOf(size)]) {
      const echoed = once(link.client, "message");
      link.client.send(payload);
      await link.server.echoMessage();
      const [bytes, isBinary] = await echoed;
      assert.equal(isBinary, typeof payload !== "string");
      assert(Buffer.from(payload).equals(bytes), `${size} bytes`);
    }
  }
});

Deno.test("ws client: its fragments and the ping between them arrive in order", async () => {
  await using link = await connect();
  link.client.send("one ", { fin: false });
  link.client.ping("are you there");
  link.client.send("", { fin: false });
  link.client.send("two", { fin: true });
  assert.deepEqual(await link.server.next(), {
    type: "part",
    binary: false,
    bytes: ascii("one "),
    final: false,
  });
  assert.deepEqual(await link.server.next(), { type: "ping", bytes: ascii("are you there") });
  assert.deepEqual(await link.server.next(), {
    type: "part",
    binary: false,
    bytes: ascii("two"),
    final: true,
  });
});

Deno.test("ws client: it puts our fragments together around a ping, and answers that", async () => {
  await using link = await connect();
  const received = once(link.client, "message");
  link.server.sendFrame(opcodes.binary, false, pattern(126));
  link.server.sendFrame(opcodes.ping, true, pattern(125));
  link.server.sendFrame(opcodes.continuation, false, new Uint8Array(0));
  link.server.sendFrame(opcodes.continuation, true, pattern(65536));
  const [bytes, isBinary] = await received;
  assert.equal(isBinary, true);
  assert(Buffer.concat([pattern(126), pattern(65536)]).equals(bytes));
  assert.deepEqual(await link.server.next(), { type: "pong", bytes: pattern(125) });
});

Deno.test("ws client: our pong answers its ping", async () => {
  await using link = await connect();
  const answered = once(link.client, "pong");
  link.client.ping("hello");
  const ping = await link.server.next();
  assert(ping.type === "ping");
  link.server.sendFrame(opcodes.pong, true, ping.bytes);
  assert.equal(String((await answered)[0]), "hello");
});

Deno.test("ws client: its close codes and reasons arrive", async () => {
  for (
    const [code, reason] of [[1000, ""], [1001, "going"], [1013, "später"], [4999, "x".repeat(123)]] as const
  ) {
    await using link = await connect();
    link.client.close(code, reason);
    assert.deepEqual(await link.server.next(), { type: "close", code, reason });
  }
  await using link = await connect();
  link.client.close();
  assert.deepEqual(await link.server.next(), { type: "close", code: null, reason: "" });
});

Deno.test("ws client: it is told our close codes and reasons, and answers with the same", async () => {
  for (const [code, reason] of [[1000, ""], [1012, "spät"], [3000, "x".repeat(123)], [null, ""]] as const) {
    await using link = await connect();
    const closed = once(link.client, "close");
    link.server.sendClose(code, reason);
    assert.deepEqual(await link.server.next(), { type: "close", code, reason });
    await link.server.end();
    const [toldCode, toldReason] = await closed;
    assert.deepEqual([toldCode, String(toldReason)], [code ?? 1005, reason]);
  }
});
