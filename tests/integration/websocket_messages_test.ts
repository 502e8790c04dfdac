import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startWsOrigin } from "../support/processes.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const stack = sharedStack({ origin: startWsOrigin });

/** Either side of every change in the length encoding and of the part size, and the largest message. */
const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1_048_577, 16 * 1024 * 1024];
const largestBytes = 16 * 1024 * 1024;

/** Text of so many bytes of UTF-8, most of them in characters of three that parts will cut. */
function textOf(bytes: number): string {
  return "€".repeat(Math.floor(bytes / 3)) + "x".repeat(bytes % 3);
}

function bytesOf(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

for (const size of sizes) {
  Deno.test(`a message of ${size} bytes goes both ways, binary and text`, async () => {
    using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
    const binary = bytesOf(size);
    await client.send(binary);
    const echoed = await client.next();
    assert.equal(echoed.binary, true);
    assert.equal(echoed.bytes.length, size);
    assert.equal(sha256(echoed.bytes), sha256(binary));

    const text = textOf(size);
    await client.send(text);
    const echoedText = await client.next();
    assert.equal(echoedText.binary, false);
    assert.equal(sha256(echoedText.bytes), sha256(text));
  });
}

Deno.test("the origin receives the bytes that the client sent", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/hash`);
  const bytes = bytesOf(3_000_001);
  await client.send(bytes);
  assert.deepEqual(JSON.parse(await client.nextText()), {
    binary: true,
    length: bytes.length,
    sha256: sha256(bytes),
  });
});

Deno.test("a client's message above the limit closes with 1009 and reaches no origin", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  // The gateway refuses by the frame's head, so that not all of it may be taken.
  client.socket.send(new Uint8Array(largestBytes + 1));
  assert.equal((await client.ended()).code, 1009);
  assert.equal(client.waiting, 0);
});

Deno.test("a client's fragments are counted together against the limit", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const quarter = new Uint8Array(largestBytes / 4);
  for (let i = 0; i < 4; i++) client.socket.send(quarter, { fin: false });
  client.socket.send(new Uint8Array(1), { fin: true });
  assert.equal((await client.ended()).code, 1009);
});

Deno.test("an origin's message above the limit never reaches the client as a whole one", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/big?n=${largestBytes + 1}`);
  const { code } = await client.ended();
  assert.ok(code === 1009 || code === 1006, `closed with ${code}`);
  assert.equal(client.waiting, 0);
});

Deno.test("10,000 messages each way arrive once each and in order", async () => {
  const count = 10_000;
  const received: number[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`, {
    onMessage: ({ bytes }) => {
      received.push(Number(new TextDecoder().decode(bytes)));
      if (received.length === count) resolve();
    },
  });
  for (let i = 0; i < count; i++) client.socket.send(String(i));
  await Promise.race([done, client.ended()]);
  assert.deepEqual(received, Array.from({ length: count }, (_, i) => i));
});

Deno.test("a message sent in fragments arrives as one", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  await client.send("one, ", { fin: false });
  client.socket.ping("in between");
  await client.send("two, ", { fin: false });
  await client.send("", { fin: false });
  await client.send("three", { fin: true });
  assert.equal(await client.nextText(), "one, two, three");
});

Deno.test("a client's ping is answered with its payload, also while messages pass", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const pongs: string[] = [];
  client.socket.on("pong", (payload: Uint8Array) => pongs.push(new TextDecoder().decode(payload)));
  client.socket.ping("first");
  await client.send("between");
  client.socket.ping("second");
  assert.equal(await client.nextText(), "between");
  await eventually(() => pongs.length, (length) => length === 2);
  assert.deepEqual(pongs, ["first", "second"]);
});

Deno.test("an origin's ping is answered with its payload", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/ping`);
  assert.equal(await client.nextText(), "pong from the origin");
});

Deno.test("100 WebSockets at once keep their messages apart, and none is left after", async () => {
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => WsClient.open(`${stack.gateway.wsUrl}/echo`)),
  );
  assert.equal((await healthOf(stack.gateway)).streams, 100);
  await Promise.all(clients.map(async (client, number) => {
    for (let i = 0; i < 20; i++) {
      await client.send(`${number}/${i}`);
      assert.equal(await client.nextText(), `${number}/${i}`);
    }
    assert.equal((await client.close(1000)).code, 1000);
  }));
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});
