/** A WebSocket that is dropped without a close frame: what was sent before reaches a peer that goes on sending. */
import assert from "node:assert/strict";
import {
  ByteSocket,
  nativeSocketCount,
  useNativeSockets,
  WebSocketConnection,
  type WebSocketHandler,
} from "../../../lib/net/mod.ts";
import { encodeFrame, opcodes } from "../../../lib/websocket/mod.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { eventually } from "../../support/stack.ts";
import { readAll, written } from "./loopback.ts";
import { connection, onLinux } from "./native_pair.ts";

/** What a kernel takes of a peer that does not read, and has no room for in what it sends in one go. */
const messageBytes = 50_000;
const messages = 6;

class Owner implements WebSocketHandler {
  parts = 0;
  isClosed = false;
  part(): void {
    this.parts++;
  }
  closing(): void {}
  drained(): void {}
  closed(): void {
    this.isClosed = true;
  }
}

async function overTls(): Promise<[near: Deno.Conn, far: Deno.Conn]> {
  await using certificates = await makeCertificates();
  const { certFile, keyFile, ca } = certificates;
  const cert = await Deno.readTextFile(certFile);
  const key = await Deno.readTextFile(keyFile);
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr as Deno.NetAddr;
  const [near, far] = await Promise.all([
    listener.accept(),
    Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] }),
  ]);
  await Promise.all([near.handshake(), far.handshake()]);
  return [near, far];
}

const forms = [
  { form: "the runtime", native: false, open: () => connection(), ignore: false },
  { form: "TLS", native: false, open: overTls, ignore: false },
  { form: "the system's own calls", native: true, open: () => connection(), ignore: !onLinux },
];

for (const { form, native, open, ignore } of forms) {
  const name = `a peer that goes on sending reads all that was sent before it was broken off, over ${form}`;
  Deno.test({ name, ignore }, async () => {
    if (native) assert.equal(useNativeSockets(), null);
    const [near, far] = await open();
    const owner = new Owner();
    const socket = new ByteSocket(near, { data() {}, drained() {}, ended() {}, closed() {} });
    assert.equal(nativeSocketCount(), native ? 1 : 0);
    const connection = new WebSocketConnection(socket, { side: "server", handler: owner });
    socket.start();
    connection.pause();
    for (let i = 0; i < messages; i++) connection.sendPart(true, new Uint8Array(messageBytes), true);
    connection.breakOff();
    await written(socket);
    // Of a socket that is closed by now the first one would be answered with a reset, and all that was not read yet be lost.
    for (let i = 1; i <= 3; i++) {
      const frame = encodeFrame(opcodes.binary, true, new Uint8Array(100), true);
      await far.write(frame);
      await eventually(() => connection.receivedBytes, (count) => count === i * frame.length, 5_000);
    }
    assert.equal(owner.parts, 0, "nothing of it is handed on");
    const read = await readAll(far);
    assert.equal(read.length, messages * (messageBytes + 4));
    await eventually(() => owner.isClosed, (closed) => closed);
  });
}

Deno.test("a peer that ends its side before it has read what it was sent gets all of it", async () => {
  const [near, far] = await connection();
  const owner = new Owner();
  const socket = new ByteSocket(near, { data() {}, drained() {}, ended() {}, closed() {} });
  const broken = new WebSocketConnection(socket, { side: "server", handler: owner });
  socket.start();
  // More than a kernel takes.
  for (let i = 0; i < 400; i++) broken.sendPart(true, new Uint8Array(messageBytes), true);
  broken.breakOff();
  await far.closeWrite();
  assert.equal((await readAll(far)).length, 400 * (messageBytes + 4));
  await eventually(() => owner.isClosed, (closed) => closed);
});
