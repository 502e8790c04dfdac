// A WebSocket echo origin in plain Node with nothing but its standard library: every frame goes back as it came,
// fragments included. It shows what a server sees that no WebSocket library stands in front of.
import { createHash } from "node:crypto";
import http from "node:http";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const closeOpcode = 8;
const pongOpcode = 10;

/** Takes one frame from the front of `bytes`, or gives `null` while it is not whole. */
function takeFrame(bytes) {
  if (bytes.length < 2) return null;
  let length = bytes[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const masked = (bytes[1] & 0x80) !== 0;
  if (bytes.length < at + 4 + length) return null;
  const key = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < length; i++) payload[i] ^= key[i & 3];
  return { first: bytes[0], masked, payload, rest: bytes.subarray(at + 4 + length) };
}

function header(first, length) {
  if (length < 126) return Buffer.from([first, length]);
  if (length < 65536) return Buffer.from([first, 126, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

const server = http.createServer((_request, response) => response.end("plain"));
server.on("upgrade", (request, socket, head) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + guid).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\nX-Origin: plain-node\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`,
  );
  let bytes = head;
  const read = () => {
    for (let frame = takeFrame(bytes); frame !== null; frame = takeFrame(bytes)) {
      bytes = frame.rest;
      // RFC 6455, 5.1: a server must not take frames that are not masked.
      if (!frame.masked) return socket.destroy();
      const opcode = frame.first & 0x0f;
      const first = opcode === 9 ? 0x80 | pongOpcode : frame.first;
      socket.write(Buffer.concat([header(first, frame.payload.length), frame.payload]));
      if (opcode === closeOpcode) socket.end();
    }
  };
  socket.on("data", (more) => {
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    read();
  });
  socket.on("error", () => socket.destroy());
  read();
});
// deno-lint-ignore no-console -- a program's own output
server.listen(0, "127.0.0.1", () => console.log(`origin on http://127.0.0.1:${server.address().port}`));
