import assert from "node:assert/strict";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { startGateway } from "../support/processes.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { eventually, healthOf } from "../support/stack.ts";

Deno.test("a request that breaks HTTP while it waits for a runner is not repeated on the next one", async () => {
  await using gateway = await startGateway();
  using client = await RawHttpClient.connect(gateway.port);
  {
    const { link } = await LinkClient.welcomed(gateway.wsUrl);
    using _link = link;
    await client.send("PUT / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n");
    await link.frame(frameTypes.requestStart);
    link.send({ type: frameTypes.goAway, drainMs: 0, reason: "the runner leaves" });
    link.ws.socket.close(1001);
    await eventually(() => healthOf(gateway), ({ hibernating }) => hibernating === 1);
  }
  await client.send("zz\r\n");
  assert.equal((await client.response()).status, 400);
  assert.equal((await healthOf(gateway)).hibernating, 0, "nobody waits for a runner any more");

  const { link } = await LinkClient.welcomed(gateway.wsUrl);
  using _link = link;
  const { streams } = await healthOf(gateway);
  assert.equal(streams, 0, "the next runner is not asked for what nobody wants");
});
