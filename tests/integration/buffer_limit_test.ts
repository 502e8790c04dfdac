import assert from "node:assert/strict";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { startDenoOrigin } from "../support/processes.ts";
import { LinkClient } from "../support/link_client.ts";
import { rawRequest } from "../support/raw_http.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const stack = sharedStack({
  origin: () => startDenoOrigin("tests/support/ledger_origin.ts"),
  gatewayArgs: ["--max-buffered", String(2 * 1024 * 1024)],
});

Deno.test("a runner that answers and acknowledges nothing costs no other stream: what it leaves behind is dropped", async () => {
  const bystanders = await Promise.all(
    Array.from({ length: 3 }, () => WsClient.open(`${stack.gateway.wsUrl}/numbers?quiet`)),
  );
  const { link } = await LinkClient.welcomed(stack.gateway.wsUrl, {
    runnerName: "mute",
    initialWindow: 16 * 1024 * 1024,
  });
  using _link = link;
  const size = 900 * 1024;
  for (let i = 0; i < 6; i++) {
    const head = `POST / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: mute\r\nContent-Length: ${size}\r\n\r\n`;
    const answer = rawRequest(stack.gateway.port, head + "a".repeat(size));
    const { gatewayId, requestId } = await link.frame(frameTypes.requestStart);
    await link.frame(frameTypes.bodyEnd);
    const ids = { gatewayId, requestId };
    link.send(
      { type: frameTypes.responseStart, ...ids, index: 0, status: 200, reason: "OK", headers: [] },
      { type: frameTypes.bodyEnd, ...ids, index: 1, cut: false, stop: false, trailers: [] },
    );
    assert.equal((await answer).status, 200);
  }
  await eventually(() => healthOf(stack.gateway), ({ bufferedBytes }) => bufferedBytes <= 3 * 1024 * 1024);
  for (const bystander of bystanders) {
    assert.equal(bystander.socket.readyState, bystander.socket.OPEN);
    assert.equal((await bystander.close(1000)).code, 1000);
  }
});
