import assert from "node:assert/strict";
import { startRawWsOrigin, startWsOrigin } from "../support/processes.ts";
import { eventually, healthOf, sharedStack, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const stack = sharedStack({ origin: startWsOrigin });

interface Close {
  code: number;
  reason: string;
}

/** How the origin saw its last WebSocket at `/report-close` end. */
async function closeSeenByOrigin(): Promise<Close> {
  const ask = async () => await (await fetch(`${stack.origin.url}/last-close`)).json() as Close | null;
  return await eventually(ask, (close) => close !== null) as Close;
}

/** Opens a WebSocket whose end the origin reports; what it reported before is forgotten. */
async function openReported(): Promise<WsClient> {
  const client = await WsClient.open(`${stack.gateway.wsUrl}/report-close`);
  assert.equal(await client.nextText(), "ready");
  return client;
}

async function nothingLeft(): Promise<void> {
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
}

const closes: Close[] = [
  { code: 1000, reason: "" },
  { code: 1000, reason: "done" },
  { code: 1001, reason: "going away" },
  { code: 3000, reason: "registered" },
  { code: 4999, reason: "größte € " + "x".repeat(100) },
];

for (const { code, reason } of closes) {
  Deno.test(`a client's close ${code} "${reason.slice(0, 12)}" reaches the origin and comes back`, async () => {
    using client = await openReported();
    assert.equal((await client.close(code, reason)).code, code);
    assert.deepEqual(await closeSeenByOrigin(), { code, reason });
    await nothingLeft();
  });

  Deno.test(`an origin's close ${code} "${reason.slice(0, 12)}" reaches the client`, async () => {
    using client = await WsClient.open(
      `${stack.gateway.wsUrl}/close?code=${code}&reason=${encodeURIComponent(reason)}`,
    );
    assert.deepEqual(await client.ended(), { code, reason });
    await nothingLeft();
  });
}

Deno.test("a client's close without a code reaches the origin without one", async () => {
  using client = await openReported();
  await client.close();
  assert.deepEqual(await closeSeenByOrigin(), { code: 1005, reason: "" });
  await nothingLeft();
});

Deno.test("an origin's close without a code reaches the client without one", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/close`);
  assert.deepEqual(await client.ended(), { code: 1005, reason: "" });
  await nothingLeft();
});

Deno.test("messages sent before a close arrive before it", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/count?n=500`);
  for (let i = 0; i < 500; i++) assert.equal(await client.nextText(), String(i));
  const sent: Promise<void>[] = [];
  using other = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  for (let i = 0; i < 100; i++) sent.push(other.send("x".repeat(10_000)));
  const ended = other.close(1000);
  await Promise.all(sent);
  assert.equal((await ended).code, 1000);
  await client.close(1000);
  await nothingLeft();
});

Deno.test("a client that breaks off is seen by the origin as an abnormal end", async () => {
  const client = await openReported();
  client.socket.terminate();
  assert.equal((await closeSeenByOrigin()).code, 1006);
  await nothingLeft();
});

Deno.test("a client that closes and does not wait for the answer has closed with its code, and all it sent arrives", async () => {
  for (let round = 0; round < 5; round++) {
    using client = await openReported();
    for (let i = 0; i < 4000; i++) client.socket.send("x".repeat(50));
    client.leave(4002);
    assert.deepEqual(await closeSeenByOrigin(), { code: 4002, reason: "" });
    assert.equal(await (await fetch(`${stack.origin.url}/last-heard`)).text(), "4000");
  }
  await nothingLeft();
});

Deno.test("an origin that breaks off is seen by the client as an abnormal end", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/die`);
  assert.equal((await client.ended()).code, 1006);
  await nothingLeft();
});

Deno.test("what an origin sent before it broke off reaches the client", async () => {
  for (let round = 0; round < 20; round++) {
    using client = await WsClient.open(`${stack.gateway.wsUrl}/last-words?n=50`);
    for (let i = 0; i < 50; i++) assert.equal(await client.nextText(), String(i));
    assert.equal((await client.ended()).code, 1006);
  }
  await nothingLeft();
});

Deno.test("an origin that closes and does not wait for the answer has closed with its code", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/last-words?n=3&code=4002`);
  for (let i = 0; i < 3; i++) assert.equal(await client.nextText(), String(i));
  assert.deepEqual(await client.ended(), { code: 4002, reason: "" });
  await nothingLeft();
});

Deno.test("text of a client that is not UTF-8 is refused by the origin, and the client told 1007", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  await client.send(Uint8Array.of(0x6f, 0x6b, 0xc3, 0x28), { binary: false });
  assert.equal((await client.ended()).code, 1007);
  assert.equal(client.waiting, 0);
  await nothingLeft();
});

Deno.test("a UTF-8 character cut by fragments is whole, one cut by the message's end closes with 1007", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  await client.send(Uint8Array.of(0xe2, 0x82), { binary: false, fin: false });
  await client.send(Uint8Array.of(0xac), { binary: false, fin: true });
  assert.equal(await client.nextText(), "€");
  await client.send(Uint8Array.of(0xe2, 0x82), { binary: false, fin: true });
  assert.equal((await client.ended()).code, 1007);
  await nothingLeft();
});

Deno.test("a client's frame without a mask closes with 1002", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  await client.send("bare", { mask: false });
  assert.equal((await client.ended()).code, 1002);
  await nothingLeft();
});

Deno.test("an origin in plain Node gets masked frames and sees close, ping and fragments", async () => {
  await using own = await startStack({ origin: startRawWsOrigin });
  using client = await WsClient.open(`${own.gateway.wsUrl}/`);
  assert.equal(client.headers["x-origin"], "plain-node");
  assert.deepEqual(client.headers["set-cookie"], ["a=1", "b=2"]);
  await client.send("text €");
  assert.deepEqual(await client.next(), { binary: false, bytes: new TextEncoder().encode("text €") });
  const large = new Uint8Array(300_000).fill(9);
  await client.send(large);
  assert.deepEqual((await client.next()).bytes, large);
  assert.deepEqual(await client.close(4001, "own reason"), { code: 4001, reason: "own reason" });
  await eventually(() => healthOf(own.gateway), (health) => health.streams === 0);
});
