import assert from "node:assert/strict";
import { startWsOrigin } from "../support/processes.ts";
import { field, RawHttpClient } from "../support/raw_http.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const stack = sharedStack({ origin: startWsOrigin, gatewayArgs: ["--client-ping", "1s"] });

const upgrade = (version: string) =>
  [
    "GET /echo HTTP/1.1",
    `Host: 127.0.0.1:${stack.gateway.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    `Sec-WebSocket-Version: ${version}`,
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");

Deno.test("a client that answers no ping is dropped, and so is its stream", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(upgrade("13"));
  assert.equal((await client.response()).status, 101);
  assert.equal((await healthOf(stack.gateway)).streams, 1);
  // An unmasked empty ping (RFC 6455, 5.5.2), and then the end of the connection.
  assert.deepEqual([...(await client.rest()).slice(0, 2)], [0x89, 0]);
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});

Deno.test("a client that says nothing, but answers pings, stays", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  let pings = 0;
  const third = new Promise<void>((resolve) => {
    client.socket.on("ping", () => {
      if (++pings === 3) resolve();
    });
  });
  await third;
  client.socket.send("still here");
  assert.equal(await client.nextText(), "still here");
  await client.close(1000);
});

Deno.test("a client that waits for the answer to its close is not dropped for leaving pings unanswered", async () => {
  // The origin reads nothing: the runner answers in its place after longer than the gateway waits for a ping's answer.
  using client = await WsClient.open(`${stack.gateway.wsUrl}/deaf`);
  client.socket.close(4321, "done");
  assert.equal((await client.closed).code, 4321);
});

Deno.test("a WebSocket version that is not spoken gets 426 and the one that is", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(upgrade("8"));
  const response = await client.response();
  assert.equal(response.status, 426);
  assert.equal(field(response, "sec-websocket-version"), "13");
  assert.equal(field(response, "upgrade"), "websocket");
  assert.equal(field(response, "connection"), "Upgrade, close");
});
