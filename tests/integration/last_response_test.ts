/** A connection's last response reaches its client whole, however much the client has sent that nobody reads. */
import assert from "node:assert/strict";
import { type RunningGateway, startGateway, startRunner } from "../support/processes.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** What the gateway's kernel takes of a client that reads nothing, and the client's has no room for. */
const bodyBytes = 1_500_000;
/** More than the gateway keeps of what comes early, or of a next request. */
const furtherBytes = 400_000;

const upgrade = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
].join("\r\n");

const requests: Record<string, string> = {
  "a request that asked for the connection to close":
    "GET /closing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "a request of HTTP/1.0": "GET /old HTTP/1.0\r\nHost: a\r\n\r\n",
  "a WebSocket that the origin refused": `GET /refused HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n\r\n`,
};

const forms: Record<string, string[]> = {
  "as sockets are by default": [],
  "with the runtime's sockets": ["--native-sockets", "off"],
};

async function assertWhole(gateway: RunningGateway, origin: RawOrigin, request: string): Promise<void> {
  using client = await RawHttpClient.connect(gateway.port);
  await client.send(request);
  const asked = await origin.asked(request.split(" ")[1]);
  const sending = client.send(new Uint8Array(furtherBytes).fill(0x47));
  asked.write(`HTTP/1.1 403 No\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
  asked.write(new Uint8Array(bodyBytes).fill(7));
  await eventually(() => healthOf(gateway), (health) => health.streams === 0);
  const response = await client.response();
  assert.equal(response.status, 403);
  assert.equal(response.body.length, bodyBytes);
  await sending;
  assert.equal((await client.rest()).length, 0);
}

for (const [form, args] of Object.entries(forms)) {
  Deno.test(`the answer to each kind of last request is whole, ${form}`, async (t) => {
    await using origin = await RawOrigin.start();
    await using gateway = await startGateway(args);
    await using _runner = await startRunner(gateway.wsUrl, origin.url);
    for (const [which, request] of Object.entries(requests)) {
      await t.step(which, () => assertWhole(gateway, origin, request));
    }
  });
}
