import { dial } from "../../../lib/net/mod.ts";
import { acceptKey, newHandshakeKey } from "../../../lib/websocket/mod.ts";

/** A connection on which the opening handshake is done and nothing has been sent since. */
export interface OpenSocket {
  conn: Deno.Conn;
}

export interface OpenOptions {
  port: number;
  path: string;
  /** The runner that is asked for; the gateway's default when absent. */
  runner?: string;
}

/** As many handshakes are under way at once: more would only wait in a listen queue. */
const handshakesAtOnce = 32;

/**
 * Opens a WebSocket on loopback with Nagle's algorithm off.
 *
 * @throws {Error} when the answer is not a switch to WebSocket
 */
export async function openSocket(options: OpenOptions): Promise<OpenSocket> {
  const { port, path, runner } = options;
  const conn = await dial({ hostname: "127.0.0.1", port, tls: false });
  const key = newHandshakeKey();
  const routing = runner === undefined ? "" : `x-tunnel-runner: ${runner}\r\n`;
  const request =
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${routing}\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const head = await readHead(conn);
  const accepted = head.startsWith("HTTP/1.1 101 ") && head.includes(acceptKey(key));
  if (!accepted) throw new Error(`the WebSocket was not accepted:\n${head}`);
  return { conn };
}

/** Opens `count` of them. `optionsOf` is asked for each one's. */
export async function openSockets(
  count: number,
  optionsOf: (index: number) => OpenOptions,
): Promise<OpenSocket[]> {
  const sockets: OpenSocket[] = [];
  let begun = 0;
  const open = async () => {
    while (begun < count) sockets.push(await openSocket(optionsOf(begun++)));
  };
  await Promise.all(Array.from({ length: handshakesAtOnce }, open));
  return sockets;
}

/** Reads exactly the head: the server has nothing to say before it was asked. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.endsWith("\r\n\r\n")) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`the connection ended within a handshake:\n${text}`);
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  return text;
}
