import assert from "node:assert/strict";
import { dialLink } from "../../../lib/link/mod.ts";
import { linkSubprotocol } from "../../../lib/protocol/mod.ts";
import { acceptKey } from "../../../lib/websocket/mod.ts";

const interim = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";

/** Dials a listener that answers the handshake in these segments. @returns what came behind the handshake */
async function dialTo(segments: (switching: string) => string[]): Promise<string> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const answered = (async () => {
    const conn = await listener.accept();
    const buffer = new Uint8Array(8192);
    const count = (await conn.read(buffer))!;
    const key = /sec-websocket-key: (\S+)/i.exec(new TextDecoder().decode(buffer.subarray(0, count)))![1];
    const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Protocol: ${linkSubprotocol}\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;
    for (const segment of segments(switching)) await conn.write(new TextEncoder().encode(segment));
    return conn;
  })();
  const gatewayUrl = new URL(`ws://127.0.0.1:${port}`);
  const { socket, head } = await dialLink({ gatewayUrl, token: "token", timeoutMs: 2_000 });
  socket.destroy(null);
  (await answered).close();
  return new TextDecoder().decode(head);
}

Deno.test("a link is up at once when interim responses come in one segment with its handshake", async () => {
  assert.equal(await dialTo((switching) => [interim + interim + switching + "frames"]), "frames");
});

Deno.test("a link is up when interim responses come ahead of its handshake", async () => {
  assert.equal(await dialTo((switching) => [interim, switching]), "");
});
