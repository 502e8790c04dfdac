import assert from "node:assert/strict";
import { FaultProxy } from "../support/fault_proxy.ts";

/** A connection through a proxy: what the test dialled, and what the target accepted. */
interface Pair extends AsyncDisposable {
  proxy: FaultProxy;
  near: Deno.TcpConn;
  far: Deno.TcpConn;
}

async function connectPair(): Promise<Pair> {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const proxy = await FaultProxy.start(listener.addr.port);
  const [near, far] = await Promise.all([
    Deno.connect({ port: proxy.port, hostname: "127.0.0.1" }),
    listener.accept(),
  ]);
  listener.close();
  await proxy.accepted(1);
  return {
    proxy,
    near,
    far,
    async [Symbol.asyncDispose]() {
      near.close();
      far.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** Reads exactly `count` bytes. */
async function readBytes(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let got = 0; got < count;) {
    const read = await conn.read(bytes.subarray(got));
    if (read === null) throw new Error(`the connection ended after ${got} of ${count} bytes`);
    got += read;
  }
  return bytes;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

function numbered(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

Deno.test("the fault proxy forwards both ways and passes a FIN on", async () => {
  await using pair = await connectPair();
  const sent = numbered(3_000_000);
  const [, up] = await Promise.all([writeAll(pair.near, sent), readBytes(pair.far, sent.length)]);
  assert.deepEqual(up, sent);
  await writeAll(pair.far, sent.subarray(0, 1000));
  assert.deepEqual(await readBytes(pair.near, 1000), sent.slice(0, 1000));
  await pair.near.closeWrite();
  assert.equal(await pair.far.read(new Uint8Array(1)), null);
  assert.equal(pair.proxy.links()[0].passedBytes("up"), sent.length);
});

Deno.test("a cut of the fault proxy resets both ends", async () => {
  await using pair = await connectPair();
  pair.proxy.cut();
  await assert.rejects(pair.near.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  await assert.rejects(pair.far.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assert.equal(pair.proxy.links().length, 0);
});

Deno.test("a silenced direction of the fault proxy holds bytes back and loses none", async () => {
  await using pair = await connectPair();
  const [link] = pair.proxy.links();
  link.silence("up");
  await writeAll(pair.near, numbered(10));
  await writeAll(pair.far, numbered(5));
  assert.deepEqual(await readBytes(pair.near, 5), numbered(5), "the other direction goes on");
  assert.equal(link.passedBytes("up"), 0);
  link.speak();
  assert.deepEqual(await readBytes(pair.far, 10), numbered(10));
});

Deno.test("the fault proxy throws away what follows a number of bytes", async () => {
  await using pair = await connectPair();
  const [link] = pair.proxy.links();
  link.dropAfter(100, "up");
  await writeAll(pair.near, numbered(1_000_000));
  assert.deepEqual(await readBytes(pair.far, 100), numbered(100));
  link.halfClose("up");
  assert.equal(await pair.far.read(new Uint8Array(1)), null, "nothing came behind them");
});

Deno.test("delay, jitter and rate of the fault proxy keep the order of bytes", async () => {
  await using pair = await connectPair();
  pair.proxy.setConditions({ delayMs: 5, jitterMs: 30, bytesPerSecond: 400_000 });
  const sent = numbered(100_000);
  const started = performance.now();
  const [, up] = await Promise.all([writeAll(pair.near, sent), readBytes(pair.far, sent.length)]);
  assert.deepEqual(up, sent);
  // A lower bound alone: 100,000 bytes at 400,000 a second cannot take less, however fast the machine.
  assert.ok(performance.now() - started >= 240);
});

Deno.test("the fault proxy refuses new connections while it is told to", async () => {
  await using pair = await connectPair();
  pair.proxy.refuse(true);
  // The reset may come before the connection is known to be made, or after.
  await assert.rejects(async () => {
    using refused = await Deno.connect({ port: pair.proxy.port, hostname: "127.0.0.1" });
    await refused.read(new Uint8Array(1));
  }, Deno.errors.ConnectionReset);
  assert.equal(pair.proxy.refusedCount, 1);
  assert.equal(pair.proxy.acceptedCount, 1);
  assert.equal(pair.proxy.links().length, 1, "the open one stays");
});
