/**
 * Opens WebSockets and leaves them silent. A program: takes {@link IdleSockets} as JSON, prints `open` when all are
 * open, and holds them until it is ended. It answers pings, as any client must.
 */
import { encodeFrame, FrameParser, opcodes } from "../../../lib/websocket/mod.ts";
import { type OpenSocket, openSockets } from "./ws_client.ts";

export interface IdleSockets {
  port: number;
  path: string;
  count: number;
}

async function hold({ conn }: OpenSocket): Promise<never> {
  const parser = new FrameParser({ expectMasked: false }, {
    part: () => {
      throw new Error("a message came though none was asked for");
    },
    ping: (bytes) => void conn.write(encodeFrame(opcodes.pong, true, bytes, true)),
    pong: () => {},
    close: (code, reason) => {
      throw new Error(`an idle WebSocket was closed with ${code} "${reason}"`);
    },
  });
  const buffer = new Uint8Array(1024);
  while (true) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("an idle WebSocket ended");
    parser.push(buffer.subarray(0, count));
  }
}

const { port, path, count }: IdleSockets = JSON.parse(Deno.args[0]);
const sockets = await openSockets(count, () => ({ port, path }));
// deno-lint-ignore no-console -- a program's own output
console.log("open");
await Promise.all(sockets.map(hold));
