import assert from "node:assert/strict";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

Deno.test("a connection is kept for the next request, and closed when the client asks for it", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  for (let i = 0; i < 3; i++) {
    await client.send("GET /name HTTP/1.1\r\nHost: app\r\n\r\n");
    const response = await client.response();
    assert.equal(textOf(response), "origin");
    assert.equal(field(response, "connection"), undefined);
  }
  await client.send("GET /name HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n");
  const last = await client.response();
  assert.equal(field(last, "connection"), "close");
  assert.equal((await client.rest()).length, 0);
});

Deno.test("pipelined requests are answered in order", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  const slow = "GET /slow?ms=50 HTTP/1.1\r\nHost: app\r\n\r\n";
  const upload = "POST /echo?second HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc";
  const quick = "GET /echo?third HTTP/1.1\r\nHost: app\r\n\r\n";
  await client.send(slow + upload + quick);
  assert.equal(textOf(await client.response()), "slow");
  assert.equal(JSON.parse(textOf(await client.response())).url, "/echo?second");
  assert.equal(JSON.parse(textOf(await client.response())).url, "/echo?third");
});

Deno.test("a head that comes byte by byte is put together", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  for (const letter of "GET /echo?bytewise HTTP/1.1\r\nHost: app\r\n\r\n") await client.send(letter);
  assert.equal(JSON.parse(textOf(await client.response())).url, "/echo?bytewise");
});

Deno.test("empty lines before a request are skipped", async () => {
  const { port } = stack.gateway;
  assert.equal((await rawRequest(port, "\r\n\r\nGET /name HTTP/1.1\r\nHost: app\r\n\r\n")).status, 200);
});

Deno.test("an HTTP/1.0 client gets no chunks, and the end of the connection as the end of the body", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /bytes?n=100000&chunked HTTP/1.0\r\nHost: app\r\n\r\n");
  const response = await client.response();
  assert.equal(field(response, "transfer-encoding"), undefined);
  assert.equal(field(response, "connection"), "close");
  assert.equal(response.body.length, 100_000);
});

Deno.test("an HTTP/1.0 client that asks for keep-alive gets it when the length is known", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  for (let i = 0; i < 2; i++) {
    await client.send("GET /bytes?n=10 HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\n\r\n");
    const response = await client.response();
    assert.equal(field(response, "connection"), "keep-alive");
    assert.equal(response.body.length, 10);
  }
});

Deno.test("an HTTP/1.0 request without Host reaches the origin with the origin's own", async () => {
  const response = await rawRequest(stack.gateway.port, "GET /echo HTTP/1.0\r\n\r\n");
  assert.equal(response.status, 200);
  assert.ok(JSON.parse(textOf(response)).rawHeaders.includes(new URL(stack.origin.url).host));
});

Deno.test("Expect: 100-continue is answered before the body, which then arrives", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  const head = "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  await client.send(head);
  assert.equal((await client.response()).status, 100);
  await client.send("later");
  const response = await client.response();
  assert.equal(response.status, 200);
  const seen = JSON.parse(textOf(response));
  assert.equal(seen.length, 5);
  assert.ok(!seen.rawHeaders.map((name: string) => name.toLowerCase()).includes("expect"));
});

Deno.test("connections to the origin are used again", async () => {
  const ports = new Set<string>();
  for (let i = 0; i < 10; i++) {
    ports.add(textOf(await rawRequest(stack.gateway.port, "GET /port HTTP/1.1\r\nHost: app\r\n\r\n")));
  }
  assert.equal(ports.size, 1);
});

Deno.test("a kept connection that the origin closes under a GET is replaced, and the client sees nothing of it", async () => {
  const { port } = stack.gateway;
  for (let i = 0; i < 5; i++) {
    assert.equal((await rawRequest(port, "GET /wear HTTP/1.1\r\nHost: app\r\n\r\n")).status, 200);
    const next = await rawRequest(port, "GET /echo?next HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(next.status, 200);
    assert.equal(JSON.parse(textOf(next)).url, "/echo?next");
  }
});

Deno.test("a POST over a kept connection that the origin closes gets 502: it may have been carried out", async () => {
  const { port } = stack.gateway;
  assert.equal((await rawRequest(port, "GET /wear HTTP/1.1\r\nHost: app\r\n\r\n")).status, 200);
  const post = "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi";
  const response = await rawRequest(port, post);
  assert.equal(response.status, 502);
  assert.equal(field(response, "x-tunnel-error"), "origin_failed");
  assert.equal((await rawRequest(port, post)).status, 200, "the next one gets a connection of its own");
});

Deno.test("500 requests at once are all answered, each with its own answer", async () => {
  const { url } = stack.gateway;
  const asked = Array.from({ length: 500 }, async (_, i) => {
    const response = await fetch(`${url}/echo?request=${i}`, { method: "POST", body: `body of ${i}` });
    const seen = await response.json();
    assert.equal(seen.url, `/echo?request=${i}`);
    assert.equal(seen.length, `body of ${i}`.length);
  });
  await Promise.all(asked);
});

Deno.test("a slow request on one connection does not hold up the others", async () => {
  const { port } = stack.gateway;
  using waiting = await RawHttpClient.connect(port);
  await waiting.send("GET /hold?id=waiting HTTP/1.1\r\nHost: app\r\n\r\n");
  await (await fetch(`${stack.origin.url}/held?id=waiting`)).body?.cancel();
  for (let i = 0; i < 20; i++) {
    assert.equal((await rawRequest(port, "GET /name HTTP/1.1\r\nHost: app\r\n\r\n")).status, 200);
  }
});
