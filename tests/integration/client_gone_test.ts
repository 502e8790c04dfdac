/** Clients that vanish while an origin that does not read holds them back: nothing of theirs may stay. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { startWsOrigin } from "../support/processes.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { eventually, healthOf, type Stack, startStack } from "../support/stack.ts";
import { startGateway, startRunner } from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

/** More than all kernels and windows on the way hold. */
const floodBytes = 32 * 1024 * 1024;

/** Waits until the gateway holds as much for the runner as it ever will: its client is not read. */
async function heldBack(gateway: Stack["gateway"]): Promise<void> {
  let last = 0;
  let same = 0;
  await eventually(() => healthOf(gateway), ({ bufferedBytes }) => {
    same = bufferedBytes > 0 && bufferedBytes === last ? same + 1 : 0;
    last = bufferedBytes;
    return same >= 20;
  });
}

Deno.test({
  name: "a WebSocket client that resets while it is held back is noticed",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using stack = await startStack({ origin: startWsOrigin, gatewayArgs: ["--client-ping", "0s"] });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/deaf`);
  client.socket.send(new Uint8Array(1));
  for (let sent = 0; sent < floodBytes; sent += 65_536) client.socket.send(new Uint8Array(65_536));
  await heldBack(stack.gateway);
  assert.equal((await healthOf(stack.gateway)).streams, 1);
  // Not part of the interface: there is no other way to its connection.
  (client.socket as unknown as { _socket: Socket })._socket.resetAndDestroy();
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});

Deno.test({
  name: "a client that resets while its upload is held back is noticed, also when the answer has begun",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using origin = await RawOrigin.start();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, origin.url);
  for (const answer of ["", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"]) {
    const client = connect(gateway.port, "127.0.0.1");
    client.on("error", () => {});
    const target = `/answer-of-${answer.length}`;
    client.write(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${floodBytes}\r\n\r\n`);
    const asked = await origin.asked(target);
    asked.pause();
    if (answer !== "") {
      asked.write(answer);
      await new Promise((resolve) => client.once("data", resolve));
    }
    client.write(new Uint8Array(floodBytes));
    await heldBack(gateway);
    assert.equal((await healthOf(gateway)).streams, 1);
    client.resetAndDestroy();
    await eventually(() => healthOf(gateway), (health) => health.streams === 0);
  }
});
