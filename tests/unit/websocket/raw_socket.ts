import assert from "node:assert/strict";
import {
  acceptKey,
  encodeClose,
  encodeFrame,
  FrameParser,
  newHandshakeKey,
  opcodes,
  upgradeRequestProblem,
} from "../../../lib/websocket/mod.ts";
import { ascii, concat } from "./bytes.ts";
import type { SinkEvent } from "./recording_sink.ts";

type Side = "server" | "client";

/**
 * One end of a WebSocket made of nothing but a TCP connection and the codec, to hold against another
 * implementation. What comes in waits in a list until a test asks for it.
 */
export class RawSocket {
  readonly #connection: Deno.Conn;
  readonly #masked: boolean;
  readonly #parser: FrameParser;
  readonly #events: SinkEvent[] = [];
  #written: Promise<void> = Promise.resolve();
  #ended = false;

  private constructor(connection: Deno.Conn, side: Side) {
    this.#connection = connection;
    this.#masked = side === "client";
    const events = this.#events;
    this.#parser = new FrameParser({ expectMasked: side === "server" }, {
      part: (binary, bytes, final) => events.push({ type: "part", binary, bytes, final }),
      ping: (bytes) => events.push({ type: "ping", bytes }),
      pong: (bytes) => events.push({ type: "pong", bytes }),
      close: (code, reason) => events.push({ type: "close", code, reason }),
    });
  }

  /** Answers the opening handshake of the next client. */
  static async accept(listener: Deno.Listener): Promise<RawSocket> {
    const connection = await listener.accept();
    const { lines, rest } = await readHead(connection);
    const [method, , version] = lines[0].split(" ");
    const headers = lines.slice(1).flatMap((line) => line.split(/: (.*)/s, 2));
    assert.equal(version, "HTTP/1.1");
    assert.equal(upgradeRequestProblem(method, 1, headers), null);
    const key = headers[headers.findIndex((name) => name.toLowerCase() === "sec-websocket-key") + 1];
    const socket = new RawSocket(connection, "server");
    socket.send(ascii(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    ));
    socket.#parser.push(rest);
    return socket;
  }

  /** Opens a WebSocket to a server on this machine. */
  static async connect(port: number): Promise<RawSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const key = newHandshakeKey();
    const socket = new RawSocket(connection, "client");
    socket.send(ascii(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    ));
    const { lines, rest } = await readHead(connection);
    assert.match(lines[0], /^HTTP\/1.1 101 /);
    assert(
      lines.some((line) => line.toLowerCase() === `sec-websocket-accept: ${acceptKey(key)}`.toLowerCase()),
    );
    socket.#parser.push(rest);
    return socket;
  }

  /** Queues bytes as they are; `settled` says when they are written. */
  send(bytes: Uint8Array): void {
    this.#written = this.#written.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    });
  }

  sendFrame(opcode: number, final: boolean, payload: Uint8Array): void {
    this.send(encodeFrame(opcode, final, payload, this.#masked));
  }

  sendClose(code: number | null, reason: string): void {
    this.send(encodeClose(code, reason, this.#masked));
  }

  /** The next thing that came in. */
  async next(): Promise<SinkEvent> {
    const buffer = new Uint8Array(65536);
    while (this.#events.length === 0) {
      const count = await this.#connection.read(buffer);
      assert(count !== null, "the connection ended");
      this.#parser.push(buffer.subarray(0, count));
    }
    return this.#events.shift()!;
  }

  /** The next message, put together, and how many parts it came in. */
  async nextMessage(): Promise<{ binary: boolean; bytes: Uint8Array; parts: number }> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const event = await this.next();
      assert(event.type === "part", `expected a part, got a ${event.type}`);
      parts.push(event.bytes);
      if (event.final) return { binary: event.binary, bytes: concat(...parts), parts: parts.length };
    }
  }

  /** Sends each part on as it comes, as a hop would, until the message ends. */
  async echoMessage(): Promise<void> {
    for (let isFirst = true;; isFirst = false) {
      const event = await this.next();
      assert(event.type === "part", `expected a part, got a ${event.type}`);
      const start = event.binary ? opcodes.binary : opcodes.text;
      this.sendFrame(isFirst ? start : opcodes.continuation, event.final, event.bytes);
      await this.settled();
      if (event.final) return;
    }
  }

  settled(): Promise<void> {
    return this.#written;
  }

  /** Ends the TCP connection once everything is written. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#written;
    this.#connection.close();
  }
}

/** Reads an HTTP head, and what came behind it in the same read. */
async function readHead(connection: Deno.Conn): Promise<{ lines: string[]; rest: Uint8Array }> {
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(65536);
  let filled = 0;
  for (;;) {
    const count = await connection.read(buffer.subarray(filled));
    assert(count !== null, "the connection ended inside the head");
    filled += count;
    const head = decoder.decode(buffer.subarray(0, filled));
    const end = head.indexOf("\r\n\r\n");
    if (end >= 0) return { lines: head.slice(0, end).split("\r\n"), rest: buffer.slice(end + 4, filled) };
  }
}
