import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { encodeClose, encodeFrame, opcodes } from "../../lib/websocket/mod.ts";
import { bounded } from "../support/bounded.ts";
import { type RunningGateway, startGateway, startRunner } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** What an origin heard of one client. */
interface Heard {
  messages: number;
  bytes: number;
  /** How the client's side of the WebSocket ended. */
  closed: Promise<{ code: number; reason: string }>;
}

/** An origin that closes with 4001 when it is told `close`, and goes on reading as a server does that closes in order. */
class ClosingOrigin implements AsyncDisposable {
  readonly #server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  readonly #ready: Promise<void>;
  readonly heard: Heard[] = [];

  /** @param told done when a client has said `close` */
  constructor(told: (socket: WebSocket) => void = () => {}) {
    this.#ready = new Promise((resolve) => this.#server.on("listening", resolve));
    this.#server.on("connection", (socket: WebSocket) => {
      const closed = new Promise<{ code: number; reason: string }>((resolve) =>
        socket.on(
          "close",
          (code: number, reason: Uint8Array) => resolve({ code, reason: new TextDecoder().decode(reason) }),
        )
      );
      const heard: Heard = { messages: 0, bytes: 0, closed };
      this.heard.push(heard);
      socket.on("message", (data: RawData) => {
        heard.messages++;
        heard.bytes += (data as Uint8Array).length;
        if (String(data) !== "close") return;
        socket.close(4001, "srv");
        told(socket);
      });
    });
  }

  async url(): Promise<string> {
    await this.#ready;
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const message = (text: string) => encodeFrame(opcodes.text, true, new TextEncoder().encode(text), true);

/** A client that answers no close by itself. */
async function connect(gateway: RunningGateway): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: gateway.port });
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  await writeAll(conn, new TextEncoder().encode(request));
  await readUntil(conn, "\r\n\r\n");
  return conn;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function readUntil(conn: Deno.TcpConn, text: string): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (let read = ""; !read.includes(text);) {
    const count = await bounded(conn.read(buffer), `${JSON.stringify(text)} to come`);
    assert.ok(count !== null, `the connection ended after ${JSON.stringify(read)}`);
    read += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
}

async function toEnd(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await bounded(conn.read(buffer), "the connection to end") !== null);
}

/** An origin that closes, a tunnel to it, and a client. */
interface Parts {
  origin: ClosingOrigin;
  gateway: RunningGateway;
  conn: Deno.TcpConn;
}

/** @param told as for {@link ClosingOrigin} */
async function withClient(
  test: (parts: Parts) => Promise<void>,
  told?: (socket: WebSocket) => void,
): Promise<void> {
  await using origin = new ClosingOrigin(told);
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, await origin.url());
  using conn = await connect(gateway);
  await test({ origin, gateway, conn });
  await nothingLeft(gateway);
}

/** What the origin has heard when all is over, and how the client ended it. */
async function heardInAll(
  { origin, conn }: Parts,
): Promise<{ messages: number; bytes: number; code: number; reason: string }> {
  await toEnd(conn);
  const [heard] = origin.heard;
  const close = await bounded(heard.closed, "the close");
  return { messages: heard.messages, bytes: heard.bytes, ...close };
}

async function nothingLeft(gateway: RunningGateway): Promise<void> {
  await eventually(
    () => healthOf(gateway),
    ({ streams, bufferedBytes }) => streams === 0 && bufferedBytes === 0,
  );
}

Deno.test("what a client had sent before it hears of the origin's close arrives, and its answer is its own", () =>
  withClient(async (parts) => {
    const { conn } = parts;
    await writeAll(conn, message("close"));
    await readUntil(conn, "srv");
    await writeAll(conn, message("in flight"));
    await writeAll(conn, encodeClose(4002, "cli", true));
    const { messages, code, reason } = await heardInAll(parts);
    assert.deepEqual([messages, code, reason], [2, 4002, "cli"]);
  }));

Deno.test("of messages sent without a pause none is lost when the origin closes among them", () =>
  withClient(async (parts) => {
    const count = 100_000;
    const messages = Array.from({ length: count }, (_, i) => message(i === 1000 ? "close" : `message ${i}`));
    await writeAll(parts.conn, Buffer.concat([...messages, encodeClose(4001, "srv", true)]));
    const heard = await heardInAll(parts);
    assert.deepEqual([heard.messages, heard.code, heard.reason], [count, 4001, "srv"]);
  }));

Deno.test("a client that leaves an origin's close without an answer breaks off, behind all that it had sent", () =>
  withClient(async (parts) => {
    const { conn } = parts;
    await writeAll(conn, message("close"));
    await readUntil(conn, "srv");
    await writeAll(conn, Buffer.concat(Array.from({ length: 2000 }, (_, i) => message(`message ${i}`))));
    await conn.closeWrite();
    const { messages, code } = await heardInAll(parts);
    assert.deepEqual([messages, code], [2001, 1006]);
  }));

Deno.test("behind an origin that does not read on for long after its close a client waits, and nothing is lost or piled up", async () => {
  let stalled: WebSocket | null = null;
  const stall = (socket: WebSocket) => {
    socket.pause();
    stalled = socket;
  };
  await withClient(async (parts) => {
    const { conn, gateway } = parts;
    await writeAll(conn, message("close"));
    await readUntil(conn, "srv");
    const part = message("x".repeat(60_000));
    const count = 500;
    const sent = writeAll(conn, Buffer.concat([...Array(count).fill(part), encodeClose(4002, "", true)]));
    // Longer than a silent peer is given.
    const until = performance.now() + 7_000;
    await eventually(async () => {
      const { bufferedBytes } = await healthOf(gateway);
      assert.ok(bufferedBytes <= 2 * 1024 * 1024, `${bufferedBytes} bytes are held`);
      return performance.now();
    }, (now) => now > until);
    stalled!.resume();
    await bounded(sent, "all to be sent");
    const { bytes, code } = await heardInAll(parts);
    assert.deepEqual([bytes, code], [60_000 * count + "close".length, 4002]);
  }, stall);
});
