import assert from "node:assert/strict";
import { rawRequest, textOf } from "../support/raw_http.ts";
import { startGateway, startRunner, startWsOrigin } from "../support/processes.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

const stack = sharedStack({ origin: startWsOrigin });

/** What the origin saw of a handshake, by the field names in lower case. */
async function seenByOrigin(client: WsClient): Promise<{ url: string; fields: Map<string, string[]> }> {
  const { url, rawHeaders } = JSON.parse(await client.nextText());
  const fields = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    fields.set(name, [...fields.get(name) ?? [], rawHeaders[i + 1]]);
  }
  return { url, fields };
}

async function refusalOf(opening: Promise<WsClient>): Promise<UpgradeRefusedError> {
  try {
    using _client = await opening;
  } catch (error) {
    if (error instanceof UpgradeRefusedError) return error;
    throw error;
  }
  throw new Error("the upgrade was accepted");
}

Deno.test("an origin's refusal reaches the client as its own status, headers and body", async () => {
  const refusal = await refusalOf(WsClient.open(`${stack.gateway.wsUrl}/refuse`));
  assert.equal(refusal.status, 403);
  assert.equal(refusal.body, "not for you");
  assert.equal(refusal.headers["x-why"], "rule 7");
  assert.deepEqual(refusal.headers["set-cookie"], ["s=1"]);
  assert.equal(refusal.headers["x-tunnel-error"], undefined, "it is not the gateway's own answer");
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
});

Deno.test("an origin that answers an upgrade with what is no HTTP gets 502 origin_failed, one that says nothing origin_unreachable", async () => {
  await using origin = await RawOrigin.start();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, origin.url);
  for (
    const [path, said, code] of [
      ["/junk", "what is this?\r\n\r\n", "origin_failed"],
      ["/half", "HTTP/1.1 101 Sw", "origin_failed"],
      ["/nothing", "", "origin_unreachable"],
    ]
  ) {
    const refused = refusalOf(WsClient.open(`${gateway.wsUrl}${path}`));
    (await origin.asked(path)).end(said);
    const { status, headers } = await refused;
    assert.deepEqual([status, headers["x-tunnel-error"]], [502, code], path);
  }
});

Deno.test("an upgrade for a name without a runner is refused with 503 no_runner", async () => {
  const headers = { "x-tunnel-runner": "nobody" };
  const refusal = await refusalOf(WsClient.open(`${stack.gateway.wsUrl}/echo`, { headers }));
  assert.equal(refusal.status, 503);
  assert.equal(refusal.headers["x-tunnel-error"], "no_runner");
});

Deno.test("path, query, cookies and headers of the handshake reach the origin", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/headers?a=1&a=%2F&b`, {
    headers: { cookie: "one=1; two=2", "x-own": ["first", "second"], authorization: "Bearer abc" },
  });
  const { url, fields } = await seenByOrigin(client);
  assert.equal(url, "/headers?a=1&a=%2F&b");
  assert.deepEqual(fields.get("cookie"), ["one=1; two=2"]);
  assert.deepEqual(fields.get("x-own"), ["first", "second"]);
  assert.deepEqual(fields.get("authorization"), ["Bearer abc"]);
  assert.deepEqual(fields.get("host"), [`127.0.0.1:${stack.gateway.port}`]);
  assert.deepEqual(fields.get("x-forwarded-for"), ["127.0.0.1"]);
  assert.deepEqual(fields.get("x-forwarded-proto"), ["http"]);
});

Deno.test("each hop makes its own handshake key, and none passes extensions on", async () => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  using client = await WsClient.open(`${stack.gateway.wsUrl}/headers`, {
    headers: { "sec-websocket-extensions": "permessage-deflate" },
  });
  const { fields } = await seenByOrigin(client);
  assert.equal(fields.get("sec-websocket-key")?.length, 1);
  assert.notEqual(fields.get("sec-websocket-key")?.[0], key);
  assert.deepEqual(fields.get("sec-websocket-version"), ["13"]);
  assert.equal(fields.get("sec-websocket-extensions"), undefined);
  assert.equal(client.headers["sec-websocket-extensions"], undefined);
});

Deno.test("the origin picks among the subprotocols that the client offers", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/headers`, {
    protocols: ["chat.v1", "chat.v2", "chat.v3"],
  });
  assert.equal(client.socket.protocol, "chat.v2");
  const { fields } = await seenByOrigin(client);
  assert.deepEqual(fields.get("sec-websocket-protocol"), ["chat.v1,chat.v2,chat.v3"]);
});

Deno.test("a client that offers no subprotocol gets none", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/headers`);
  assert.equal(client.headers["sec-websocket-protocol"], undefined);
  await client.next();
});

Deno.test("a request to the origin of a WebSocket that asks for no upgrade is plain HTTP", async () => {
  const response = await fetch(`${stack.gateway.url}/echo`);
  assert.equal(await response.text(), "plain");
});

/** Requests that name a WebSocket where that is to be ignored (RFC 9110, 7.8). */
const ignored: Record<string, string> = {
  "in HTTP/1.0": "GET /echo HTTP/1.0\r\nConnection: Upgrade",
  "that Connection does not name": "GET /echo HTTP/1.1\r\nConnection: keep-alive",
  "without Connection": "GET /echo HTTP/1.1",
};

for (const [where, begin] of Object.entries(ignored)) {
  Deno.test(`an Upgrade to WebSocket ${where} is ignored: the origin answers a plain request`, async () => {
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    const request = `${begin}\r\nHost: app\r\nUpgrade: websocket\r\n${key}\r\n\r\n`;
    const response = await rawRequest(stack.gateway.port, request);
    assert.equal(response.status, 200);
    assert.equal(textOf(response), "plain");
  });
}
