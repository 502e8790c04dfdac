/** Client connections that say nothing, or too little: over a real socket, with the gateway's coarse clock moved by hand. */
import assert from "node:assert/strict";
import { ClientConnection } from "../../../lib/gateway/client_connection.ts";
import type { IngressContext } from "../../../lib/gateway/context.ts";
import { systemClock } from "../../../lib/link/mod.ts";
import { ByteSocket } from "../../../lib/net/mod.ts";
import { silentLogger } from "../../../lib/telemetry/mod.ts";
import { RawHttpClient } from "../../support/raw_http.ts";
import { eventually } from "../../support/stack.ts";

const headTimeoutMs = 60_000;
const idleTimeoutMs = 75_000;
const complete = "GET /.tunnel/health HTTP/1.1\r\nHost: a\r\n\r\n";

class Context implements IngressContext {
  readonly domain = null;
  readonly trustForwarded = false;
  readonly limits = {
    headTimeoutMs,
    idleTimeoutMs,
    bodyTimeoutMs: 0,
    maxMessageBytes: 1024,
    clientPingMs: 30_000,
  };
  readonly logger = silentLogger;
  readonly clock = systemClock;
  readonly observer = null;
  readonly draining = false;
  readonly resumeWindowMs = 0;
  readonly hibernateWindowMs = 0;
  coarseNowMs = 0;
  pick = () => null;
  pickInstead = () => null;
  carryOn = () => null;
  tryAgain = () => false;
  originAnswers(): void {}
  awake(): void {}
  held(): void {}
  reserved(request: Parameters<IngressContext["reserved"]>[0]): void {
    request.respond(200, { status: "ok" });
  }
  requestDone(): void {}
}

/** A client's connection, seen from both ends. */
class Pair implements AsyncDisposable {
  readonly context = new Context();
  readonly client: RawHttpClient;
  readonly connection: ClientConnection;
  readonly #socket: ByteSocket;
  readonly #listener: Deno.Listener;
  #sentBytes = 0;
  closed = false;

  private constructor(client: RawHttpClient, socket: ByteSocket, listener: Deno.Listener) {
    this.client = client;
    this.#socket = socket;
    this.#listener = listener;
    this.connection = new ClientConnection(socket, {
      context: this.context,
      client: { address: "127.0.0.1", secure: false },
      closed: () => this.closed = true,
    });
    socket.start();
  }

  static async open(): Promise<Pair> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const client = RawHttpClient.connect((listener.addr as Deno.NetAddr).port);
    const handler = { data() {}, drained() {}, ended() {}, closed() {} };
    const socket = new ByteSocket(await listener.accept(), handler);
    return new Pair(await client, socket, listener);
  }

  /** The client sends, and the gateway has read it. */
  async send(text: string): Promise<void> {
    await this.client.send(text);
    this.#sentBytes += text.length;
    await eventually(() => this.#socket.receivedBytes, (bytes) => bytes === this.#sentBytes);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  /** The gateway's look at its connections, at that time. */
  look(atMs: number): void {
    this.context.coarseNowMs = atMs;
    this.connection.checkIdle(atMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.destroy();
    this.client[Symbol.dispose]();
    this.#listener.close();
    await eventually(() => this.closed, (closed) => closed);
  }
}

Deno.test("half a request's head gets 408 after the head timeout, and the connection closes", async () => {
  await using pair = await Pair.open();
  await pair.send("GET / HTTP/1.1\r\nHost: a\r\n");
  pair.look(headTimeoutMs - 1);
  pair.look(headTimeoutMs);
  const { status, body } = await pair.client.response();
  assert.equal(status, 408);
  assert.match(new TextDecoder().decode(body), /did not arrive in time/);
  assert.equal((await pair.client.rest()).length, 0);
});

Deno.test("a head that drips byte by byte is no reason to wait longer", async () => {
  await using pair = await Pair.open();
  for (const [i, character] of [..."GET / HTTP/1.1\r\nHo"].entries()) {
    await pair.send(character);
    pair.look(i * 1_000);
  }
  pair.look(headTimeoutMs);
  assert.equal((await pair.client.response()).status, 408);
});

Deno.test("a client that never sends anything is closed without an answer after the head timeout", async () => {
  await using pair = await Pair.open();
  pair.look(headTimeoutMs - 1);
  await pair.send("\r\n");
  assert.equal(pair.closed, false);
  await using silent = await Pair.open();
  silent.look(headTimeoutMs);
  assert.equal((await silent.client.rest()).length, 0);
});

Deno.test("empty lines before a request are no reason to wait longer, for the first one or for the next", async () => {
  await using pair = await Pair.open();
  for (let atMs = 5_000; atMs < headTimeoutMs; atMs += 5_000) {
    pair.look(atMs);
    await pair.send("\r\n");
  }
  pair.look(headTimeoutMs);
  assert.equal((await pair.client.rest()).length, 0);

  await using kept = await Pair.open();
  await kept.send(complete);
  assert.equal((await kept.client.response()).status, 200);
  for (let atMs = 5_000; atMs < idleTimeoutMs; atMs += 5_000) {
    kept.look(atMs);
    await kept.send("\r\n");
  }
  // A head that begins then has its time all the same.
  kept.look(idleTimeoutMs - 1);
  await kept.send("\r\nGET /.tunnel/");
  kept.look(idleTimeoutMs - 2 + headTimeoutMs);
  await kept.send("health HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await kept.client.response()).status, 200);
});

Deno.test("a kept connection may be idle for the idle timeout, counted from its last response", async () => {
  await using pair = await Pair.open();
  pair.context.coarseNowMs = 50_000;
  await pair.send(complete);
  assert.equal((await pair.client.response()).status, 200);
  pair.look(50_000 + idleTimeoutMs - 1);
  await pair.send(complete);
  assert.equal((await pair.client.response()).status, 200, "still served just before the timeout");
  const lastMs = pair.context.coarseNowMs;
  pair.look(lastMs + idleTimeoutMs);
  assert.equal((await pair.client.rest()).length, 0);
});

Deno.test("a client that does not read its response is closed some time after the idle timeout, and has all until then", async () => {
  await using pair = await Pair.open();
  // More than the kernel takes: what is asked for is answered at once, and nothing of it is read.
  const request = complete.repeat(1_000);
  for (let i = 0; i < 200 && pair.bufferedBytes < 100_000; i++) await pair.send(request);
  assert.ok(pair.bufferedBytes > 0, "some of it waits in the gateway");
  pair.look(idleTimeoutMs - 1);
  pair.look(idleTimeoutMs);
  pair.look(idleTimeoutMs + 29_000);
  assert.equal(pair.closed, false);
  pair.look(idleTimeoutMs + 30_000);
  assert.equal(pair.closed, true);
});

Deno.test("a second head on a kept connection has the head timeout again", async () => {
  await using pair = await Pair.open();
  await pair.send(complete);
  assert.equal((await pair.client.response()).status, 200);
  pair.context.coarseNowMs = 10_000;
  await pair.send("GET /");
  pair.look(10_000 + headTimeoutMs - 1);
  await pair.send(" HTTP/1.1\r\nHost: a\r\n");
  pair.look(10_000 + headTimeoutMs);
  assert.equal((await pair.client.response()).status, 408);
});

Deno.test("behind a refusal the rest of a request is read, and the connection closed once no more of it comes", async () => {
  await using pair = await Pair.open();
  await pair.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  assert.equal((await pair.client.response()).status, 503);
  for (let atMs = 1_000; atMs <= 5_000; atMs += 1_000) {
    await pair.send("x");
    pair.look(atMs);
    assert.equal(pair.closed, false, `at ${atMs} ms`);
  }
  pair.look(7_000);
  assert.equal(pair.closed, true);
});

const last: Record<string, string> = {
  "that asked for the connection to close": complete.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
  "of HTTP/1.0": complete.replace("HTTP/1.1", "HTTP/1.0"),
};

for (const [which, request] of Object.entries(last)) {
  Deno.test(`behind the answer to a request ${which}, what the client has sent on is read and dropped`, async () => {
    await using pair = await Pair.open();
    await pair.send(request + complete);
    assert.equal((await pair.client.response()).status, 200);
    assert.equal((await pair.client.rest()).length, 0, "the end of the connection, and no second answer");
    for (let atMs = 1_000; atMs <= 5_000; atMs += 1_000) {
      await pair.send(complete);
      pair.look(atMs);
      assert.equal(pair.closed, false, `at ${atMs} ms`);
    }
    pair.look(7_000);
    assert.equal(pair.closed, true);
  });

  Deno.test(`behind the answer to a request ${which}, a client that closes is not waited for`, async () => {
    await using pair = await Pair.open();
    await pair.send(request);
    assert.equal((await pair.client.response()).status, 200);
    assert.equal((await pair.client.rest()).length, 0);
    pair.client[Symbol.dispose]();
    await eventually(() => pair.closed, (closed) => closed);
  });
}
