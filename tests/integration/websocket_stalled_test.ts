/** Closes behind an origin that does not read for a while: what the client had sent before is neither lost nor said to have arrived. */
import assert from "node:assert/strict";
import { acceptKey, encodeClose, encodeFrame, opcodes } from "../../lib/websocket/mod.ts";
import { bounded } from "../support/bounded.ts";
import { type ChildProcess, type RunningGateway, startGateway, startRunner } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";

const messageBytes = 60_000;
/** More than the origin's kernel and the runner's take: the rest waits in the runner. */
const inRunner = 75;
/** So much that some is still with the client's kernel, which takes all of it. */
const inClient = 120;
const frame = encodeFrame(opcodes.binary, true, new Uint8Array(messageBytes), true);
const close = encodeClose(4001, "", true);
/** What the origin gets: the same frames. */
const bytesOf = (messages: number) => messages * frame.length + close.length;

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function head(conn: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!text.endsWith("\r\n\r\n")) {
    const count = await bounded(conn.read(buffer), "the head");
    assert.ok(count !== null, `the connection ended after ${JSON.stringify(text)}`);
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  return text;
}

/** How many bytes come, up to `most` of them, until the end. */
async function taken(conn: Deno.Conn, most: number): Promise<number> {
  const buffer = new Uint8Array(65_536);
  let bytes = 0;
  while (bytes < most) {
    const count = await bounded(conn.read(buffer), "bytes, or the end");
    if (count === null) break;
    bytes += count;
  }
  return bytes;
}

/** What comes until the end, or until it breaks. */
async function rest(conn: Deno.Conn): Promise<number[]> {
  const buffer = new Uint8Array(4096);
  const bytes: number[] = [];
  try {
    while (true) {
      const count = await bounded(conn.read(buffer), "the connection to end");
      if (count === null) return bytes;
      bytes.push(...buffer.subarray(0, count));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    return bytes;
  }
}

/** An origin's close. */
const answer = encodeClose(4001, "", false);

/** A client whose origin has accepted it and reads nothing. */
class Stalled implements AsyncDisposable {
  readonly gateway: RunningGateway;
  readonly runner: ChildProcess;
  readonly client: Deno.TcpConn;
  readonly origin: Deno.TcpConn;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Stalled, "gateway" | "runner" | "client" | "origin">,
    stack: AsyncDisposableStack,
  ) {
    this.gateway = parts.gateway;
    this.runner = parts.runner;
    this.client = parts.client;
    this.origin = parts.origin;
    this.#stack = stack;
  }

  static async start(gatewayArgs: string[]): Promise<Stalled> {
    await using stack = new AsyncDisposableStack();
    const listener = stack.use(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const gateway = stack.use(await startGateway(gatewayArgs));
    const runner = stack.use(await startRunner(gateway.wsUrl, `http://127.0.0.1:${listener.addr.port}`));
    const client = await Deno.connect({ hostname: "127.0.0.1", port: gateway.port });
    const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    await writeAll(client, new TextEncoder().encode(request));
    const origin = await bounded(listener.accept(), "the runner's connection");
    const key = /sec-websocket-key: (\S+)/i.exec(await head(origin))![1];
    const accept = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;
    await writeAll(origin, new TextEncoder().encode(accept));
    await head(client);
    return new Stalled({ gateway, runner, client, origin }, stack.move());
  }

  /** The client's messages and its close have gone on their way. */
  async send(messages: number): Promise<void> {
    for (let i = 0; i < messages; i++) await writeAll(this.client, frame);
    await writeAll(this.client, close);
  }

  /** For so long nothing moves. */
  async stays(ms: number): Promise<void> {
    const until = performance.now() + ms;
    await eventually(() => performance.now(), (now) => now > until);
  }

  async nothingLeft(): Promise<void> {
    await eventually(
      () => healthOf(this.gateway),
      ({ streams, bufferedBytes }) => streams === 0 && bufferedBytes === 0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const conn of [this.client, this.origin]) {
      try {
        conn.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // The test has closed it.
      }
    }
    await this.#stack.disposeAsync();
  }
}

Deno.test("an origin that reads nothing for longer than a silent peer is given gets all that its client sent before it closed", async () => {
  await using stalled = await Stalled.start([]);
  await stalled.send(inRunner);
  await stalled.stays(7_000);
  assert.equal(await taken(stalled.origin, bytesOf(inRunner)), bytesOf(inRunner));
  await writeAll(stalled.origin, answer);
  assert.deepEqual(await rest(stalled.client), [...answer]);
  await stalled.nothingLeft();
});

Deno.test("a client that closed and left while an origin held it back has all it sent arrive, however often others are pinged", async () => {
  await using stalled = await Stalled.start(["--client-ping", "1s"]);
  await stalled.send(inClient);
  stalled.client.close();
  // Several times the silence after which a client is pinged.
  await stalled.stays(4_000);
  assert.equal(await taken(stalled.origin, bytesOf(inClient)), bytesOf(inClient));
  await writeAll(stalled.origin, answer);
  await stalled.nothingLeft();
});

Deno.test("a client whose messages are lost with its origin is not told that its close arrived behind them", async () => {
  await using stalled = await Stalled.start([]);
  await stalled.send(inRunner);
  await settled(async () => (await healthOf(stalled.gateway)).bufferedBytes);
  // With bytes unread that is a reset.
  stalled.origin.close();
  assert.deepEqual(await rest(stalled.client), [], "no close frame: the client sees 1006");
  stalled.client.close();
  await stalled.nothingLeft();
});

Deno.test("a client that an origin's close finds held back is let go when its runner is gone", async () => {
  await using stalled = await Stalled.start(["--resume-window", "0s", "--hibernate-window", "0s"]);
  let isOver = false;
  let written = 0;
  const flood = (async () => {
    for (; !isOver; written++) await writeAll(stalled.client, frame);
  })();
  await settled(() => written);
  await writeAll(stalled.origin, answer);
  assert.equal(await taken(stalled.client, answer.length), answer.length);
  isOver = true;
  stalled.runner.signal("SIGKILL");
  await bounded(flood, "what was held back to be taken");
  await writeAll(stalled.client, close);
  assert.deepEqual(await rest(stalled.client), []);
  await stalled.nothingLeft();
});

/** Waits until a figure has been the same for half a second. */
async function settled(figure: () => number | Promise<number>): Promise<void> {
  let last = -1;
  let sinceMs = 0;
  await eventually(async () => {
    const now = await figure();
    if (now !== last) [last, sinceMs] = [now, performance.now()];
    return performance.now() - sinceMs;
  }, (ms) => ms > 500);
}
