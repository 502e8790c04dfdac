import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type Frame, frameTypes } from "../../lib/protocol/mod.ts";
import { frameCostBytes } from "../../lib/session/mod.ts";
import { captureFiles, replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkTap } from "../support/link_tap.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { startGateway, startWsOrigin, testToken } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { Runner } from "../../lib/runner/mod.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { WsClient } from "../support/ws_client.ts";

/** Sends all of them by one write, so that the gateway can read them together. */
function sendAtOnce(client: WsClient, messages: readonly (string | Uint8Array)[]): void {
  // Not part of the interface: there is no other way to its connection.
  const { _socket: socket } = client.socket as unknown as { _socket: Socket };
  socket.cork();
  for (const message of messages) client.socket.send(message);
  socket.uncork();
}

/** How many messages came in frames of their own, and how many with others. */
function counted(frames: Frame[]): { alone: number; together: number } {
  let alone = 0;
  let together = 0;
  for (const frame of frames) {
    if (frame.type === frameTypes.wsMessage) alone++;
    else if (frame.type === frameTypes.wsMessages) together += frame.sizes.length;
  }
  return { alone, together };
}

/** Small, of either side of each length of a header, text and binary; now and then one that cannot be with others. */
function assorted(count: number): (string | Uint8Array)[] {
  return Array.from({ length: count }, (_, i) => {
    const size = i % 97 === 50 ? 0 : i % 89 === 40 ? 5000 : [1, 64, 125, 126, 300, 1024][i % 6];
    return i % 40 < 30 ? Buffer.alloc(size, i) : String(i % 10).repeat(size);
  });
}

Deno.test("small messages that are sent at once cross the link together, arrive as they were, and so they are captured", async () => {
  const tap = new LinkTap();
  await using directory = await temporaryDirectory();
  await using stack = await startProxiedStack({
    origin: startWsOrigin,
    proxy: { tap: tap.open },
    gatewayArgs: ["--capture", directory.path],
  });
  const sent = assorted(2000);
  const received: { binary: boolean; bytes: Uint8Array }[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  {
    using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`, {
      onMessage: (message) => {
        if (received.push(message) === sent.length) resolve();
      },
    });
    sendAtOnce(client, sent);
    await Promise.race([all, client.ended()]);
    await client.close(1000);
  }
  assert.equal(received.length, sent.length);
  for (const [i, message] of sent.entries()) {
    assert.equal(received[i].binary, typeof message !== "string", `message ${i}`);
    assert.ok(Buffer.from(message as string).equals(received[i].bytes), `message ${i}`);
  }
  const down = counted(tap.frames("down"));
  assert.equal(down.alone + down.together, sent.length);
  // What is empty, large, or cut by the end of a read goes alone.
  assert.ok(down.together > sent.length / 2, `${down.together} together`);

  await stopAndWait(stack.runner, stack.gateway.process);
  const [file] = captureFiles(directory.path);
  assert.equal((await replay([file, "--check"])).code, 0);
  const { stdout } = await replay([file, "--json"]);
  const { streams: [row] } = JSON.parse(stdout);
  assert.deepEqual([row.messagesFromClient, row.messagesFromOrigin], [sent.length, sent.length]);
});

Deno.test("to a program that handles messages itself each comes by itself, and is acknowledged when it was handled", async () => {
  const tap = new LinkTap();
  await using gateway = await startGateway();
  await using proxy = await FaultProxy.start(gateway.port, { tap: tap.open });
  const handled: string[] = [];
  const connected = Promise.withResolvers<void>();
  await using _runner = Runner.start({
    gatewayUrl: new URL(proxy.wsUrl),
    token: testToken,
    handler: {
      fetch: () => new Response("plain"),
      websocket: () => ({
        message: async (_socket, data) => {
          if (data === "50") await new Promise(() => {});
          handled.push(data as string);
        },
      }),
    },
    onState: ({ state }) => state === "connected" && connected.resolve(),
  });
  await connected.promise;
  using client = await WsClient.open(gateway.wsUrl);
  const sent = Array.from({ length: 100 }, (_, i) => String(i));
  sendAtOnce(client, sent);
  // The opening, and those up to the one that is never done with.
  const acknowledged = () =>
    Math.max(...tap.frames("up").map((frame) => frame.type === frameTypes.ack ? frame.index : 0));
  await eventually(acknowledged, (index) => index === 51);
  assert.deepEqual(handled, sent.slice(0, 50));
  assert.deepEqual(counted(tap.frames("down")), { alone: 100, together: 0 });
});

Deno.test("a client that wakes on a runner that wants each message by itself sends each by itself, what was held included", async () => {
  await using gateway = await startGateway();
  const runnerName = "other";
  const together = { type: frameTypes.wsAccept, index: 0, headers: [], together: true } as const;
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl, { runnerName });
  const opening = WsClient.open(`${gateway.wsUrl}/`, { headers: { "x-tunnel-runner": runnerName } });
  const opened = await first.frame(frameTypes.wsOpen);
  first.send({ ...together, gatewayId: opened.gatewayId, requestId: opened.requestId });
  using client = await opening;
  sendAtOnce(client, ["a", "b", "c"]);
  assert.deepEqual((await first.frame(frameTypes.wsMessages)).sizes, [1, 1, 1]);
  first.ws.socket.terminate();

  // Its session is another: the client wakes, with what was never acknowledged.
  const { link: second } = await LinkClient.welcomed(gateway.wsUrl, { runnerName });
  const { gatewayId, requestId, resumed } = await second.frame(frameTypes.wsOpen);
  assert.equal(resumed, true);
  sendAtOnce(client, ["d", "e"]);
  const said: string[] = [];
  const hear = async (count: number) => {
    while (said.length < count) {
      said.push(new TextDecoder().decode((await second.frame(frameTypes.wsMessage)).bytes));
    }
  };
  // Not before it has said how it wants them.
  await eventually(() => healthOf(gateway), ({ bufferedBytes }) => bufferedBytes > 2 * frameCostBytes);
  const { wsMessage, wsMessages } = frameTypes;
  assert.deepEqual([...second.frames(wsMessage), ...second.frames(wsMessages)], []);
  second.send({ ...together, gatewayId, requestId, together: false });
  await hear(5);
  sendAtOnce(client, ["f", "g"]);
  await hear(7);
  assert.deepEqual(said, ["a", "b", "c", "d", "e", "f", "g"]);
});

Deno.test("what an origin sends at once crosses the link together", async () => {
  const tap = new LinkTap();
  await using stack = await startProxiedStack({ origin: startWsOrigin, proxy: { tap: tap.open } });
  const count = 5000;
  using client = await WsClient.open(`${stack.gateway.wsUrl}/count?n=${count}`);
  for (let i = 0; i < count; i++) assert.equal(await client.nextText(), String(i));
  const up = counted(tap.frames("up"));
  assert.equal(up.alone + up.together, count);
  assert.ok(up.together > 0);
});
