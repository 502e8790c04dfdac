import assert from "node:assert/strict";
import { field, fields, RawHttpClient, rawRequest, type RawResponse, textOf } from "../support/raw_http.ts";
import { startGateway, startRunner } from "../support/processes.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

/** What the origin was sent, as flat raw header fields. */
function sentToOrigin(response: RawResponse): { headers: readonly string[] } {
  assert.equal(response.status, 200);
  return { headers: JSON.parse(textOf(response)).rawHeaders };
}

function request(lines: string[], port = stack.gateway.port): Promise<RawResponse> {
  return rawRequest(port, ["GET /echo HTTP/1.1", ...lines, "", ""].join("\r\n"));
}

Deno.test("header fields reach the origin in order, with their case, and repeated ones apart", async () => {
  const lines = ["Host: app", "X-B: 1", "x-a: two words", "X-B: 3", "Cookie: a=1; b=2", "X-Empty:"];
  const { headers } = sentToOrigin(await request(lines));
  assert.deepEqual(headers.slice(0, 12), [
    "Host",
    "app",
    "X-B",
    "1",
    "x-a",
    "two words",
    "X-B",
    "3",
    "Cookie",
    "a=1; b=2",
    "X-Empty",
    "",
  ]);
});

Deno.test("a repeated set-cookie reaches the client as two fields", async () => {
  const response = await rawRequest(stack.gateway.port, "GET /cookies HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.deepEqual(fields(response, "set-cookie"), ["a=1; Path=/", "b=2; HttpOnly"]);
});

Deno.test("bytes above ASCII in a field pass both ways as they are", async () => {
  const down = await rawRequest(stack.gateway.port, "GET /cookies HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(field(down, "x-latin"), "caf\u00e9");
  const bytes = new Uint8Array([
    ...new TextEncoder().encode("GET /echo HTTP/1.1\r\nHost: app\r\nX-Latin: caf"),
    0xe9,
  ]);
  const end = new TextEncoder().encode("\r\n\r\n");
  const up = await rawRequest(stack.gateway.port, new Uint8Array([...bytes, ...end]));
  assert.equal(field(sentToOrigin(up), "x-latin"), "caf\u00e9");
});

for (const count of [3, 4, 5, 20]) {
  Deno.test(`heads with ${count} fields of 1,000 bytes pass both ways whole`, async () => {
    const value = "v".repeat(1000);
    const lines = Array.from({ length: count }, (_, i) => `X-Field-${i}: ${value}`);
    const sent = sentToOrigin(await request(["Host: app", ...lines]));
    for (let i = 0; i < count; i++) assert.equal(field(sent, `x-field-${i}`), value);
    using client = await RawHttpClient.connect(stack.gateway.port);
    // Twice on one connection: a byte too many behind the first head would stand before the second.
    for (let turn = 0; turn < 2; turn++) {
      await client.send(`GET /large-head?fields=${count} HTTP/1.1\r\nHost: app\r\n\r\n`);
      const response = await client.response();
      for (let i = 0; i < count; i++) assert.equal(field(response, `x-field-${i}`), value);
      assert.equal(textOf(response), "ok");
    }
  });
}

Deno.test("hop-by-hop fields of a request stay on their hop, those that Connection names included", async () => {
  const sent = sentToOrigin(
    await request([
      "Host: app",
      "Connection: keep-alive, X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "Proxy-Connection: keep-alive",
      "TE: trailers",
      "X-End-To-End: 2",
    ]),
  );
  assert.equal(field(sent, "x-end-to-end"), "2");
  for (const name of ["x-hop", "keep-alive", "proxy-connection", "te", "upgrade"]) {
    assert.equal(field(sent, name), undefined, name);
  }
});

Deno.test("hop-by-hop fields of a response stay on their hop, those that Connection names included", async () => {
  const response = await rawRequest(stack.gateway.port, "GET /hop HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(field(response, "x-end"), "2");
  for (const name of ["x-hop", "keep-alive"]) assert.equal(field(response, name), undefined, name);
});

Deno.test("a client that names Host in Connection does not make the origin get a request without Host", async () => {
  const sent = sentToOrigin(await request(["Host: app", "Connection: Host", "X-Kept: 1"]));
  assert.ok(field(sent, "host") !== undefined);
  assert.equal(field(sent, "x-kept"), "1");
});

Deno.test("X-Forwarded-For, -Proto and -Host tell the origin who asked for what", async () => {
  const sent = sentToOrigin(await request(["Host: app.example:8443"]));
  assert.equal(field(sent, "x-forwarded-for"), "127.0.0.1");
  assert.equal(field(sent, "x-forwarded-proto"), "http");
  assert.equal(field(sent, "x-forwarded-host"), "app.example:8443");
});

Deno.test("X-Forwarded-For is appended to what proxies in front said", async () => {
  const lines = ["Host: app", "X-Forwarded-For: 192.0.2.7", "x-forwarded-for: 198.51.100.2"];
  const sent = sentToOrigin(await request(lines));
  assert.deepEqual(fields(sent, "x-forwarded-for"), ["192.0.2.7, 198.51.100.2, 127.0.0.1"]);
});

Deno.test("a client cannot claim X-Forwarded-Proto and -Host", async () => {
  const lines = ["Host: app", "X-Forwarded-Proto: https", "X-Forwarded-Host: bank.example"];
  const sent = sentToOrigin(await request(lines));
  assert.deepEqual(fields(sent, "x-forwarded-proto"), ["http"]);
  assert.deepEqual(fields(sent, "x-forwarded-host"), ["app"]);
});

Deno.test("--trust-forwarded keeps X-Forwarded-Proto and -Host of a proxy in front", async () => {
  await using gateway = await startGateway(["--trust-forwarded"]);
  await using _runner = await startRunner(gateway.wsUrl, stack.origin.url);
  const lines = ["Host: app", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"];
  const sent = sentToOrigin(await request(lines, gateway.port));
  assert.deepEqual(fields(sent, "x-forwarded-proto"), ["https"]);
  assert.deepEqual(fields(sent, "x-forwarded-host"), ["shop.example"]);
});

Deno.test("Host is passed on as received", async () => {
  const sent = sentToOrigin(await request(["Host: App.Example:123"]));
  assert.deepEqual(fields(sent, "host"), ["App.Example:123"]);
});

Deno.test("--host-header rewrite sends the origin's own Host, and X-Forwarded-Host the client's", async () => {
  const args = ["--name", "rewritten", "--host-header", "rewrite"];
  await using _runner = await startRunner(stack.gateway.wsUrl, stack.origin.url, args);
  const sent = sentToOrigin(await request(["Host: app.example", "X-Tunnel-Runner: rewritten"]));
  assert.deepEqual(fields(sent, "host"), [new URL(stack.origin.url).host]);
  assert.equal(field(sent, "x-forwarded-host"), "app.example");
  assert.equal(field(sent, "x-tunnel-runner"), undefined, "the gateway's own field goes no further");
});

Deno.test("an absolute target is sent to the origin as a path, and its authority as Host", async () => {
  const response = await rawRequest(
    stack.gateway.port,
    "GET http://other.example/echo?x=1 HTTP/1.1\r\nHost: app\r\n\r\n",
  );
  assert.deepEqual(fields(sentToOrigin(response), "host"), ["other.example"]);
  assert.equal(JSON.parse(textOf(response)).url, "/echo?x=1");
});

Deno.test("an absolute target in HTTP/1.0, which needs no Host, names the host all the same", async () => {
  const response = await rawRequest(stack.gateway.port, "GET http://other.example/echo HTTP/1.0\r\n\r\n");
  const sent = sentToOrigin(response);
  assert.deepEqual(fields(sent, "host"), ["other.example"]);
  assert.equal(field(sent, "x-forwarded-host"), "other.example");
});

Deno.test("what an origin's 426 demands reaches the client, and no other answer's Upgrade", async () => {
  await using origin = await RawOrigin.start();
  await using _runner = await startRunner(stack.gateway.wsUrl, origin.url, ["--name", "upgrading"]);
  const answer = async (head: string, version = "1.1") => {
    using client = await RawHttpClient.connect(stack.gateway.port);
    const target = `/${encodeURIComponent(head)}/${version}`;
    await client.send(`GET ${target} HTTP/${version}\r\nHost: a\r\nX-Tunnel-Runner: upgrading\r\n\r\n`);
    (await origin.asked(target)).write(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\n\r\n`);
    const response = await client.response();
    return [field(response, "upgrade"), field(response, "connection")];
  };
  const demand = "Connection: Upgrade\r\nUpgrade: HTTP/3.0, TLS/1.3";
  assert.deepEqual(await answer(`426 Upgrade Required\r\n${demand}`), ["HTTP/3.0, TLS/1.3", "Upgrade"]);
  assert.deepEqual(await answer(`426 Upgrade Required\r\n${demand}`, "1.0"), [
    "HTTP/3.0, TLS/1.3",
    "Upgrade, close",
  ]);
  assert.deepEqual(await answer("426 Upgrade Required"), [undefined, undefined]);
  assert.deepEqual(await answer(`200 OK\r\n${demand}`), [undefined, undefined]);
});
