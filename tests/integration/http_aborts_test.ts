import assert from "node:assert/strict";
import { field, RawHttpClient, textOf } from "../support/raw_http.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";

const stack = sharedStack();

/** Waits until the origin says so of the request `id`. */
async function originSays(what: "held" | "gone", id: string): Promise<void> {
  const response = await fetch(`${stack.origin.url}/${what}?id=${id}`, {
    signal: AbortSignal.timeout(15_000),
  });
  assert.equal(await response.text(), what);
}

/** No stream is left at the gateway: nothing leaks of what was broken off. */
async function nothingIsLeft(): Promise<void> {
  await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
}

Deno.test("a client that goes away before an answer aborts the origin's request", async () => {
  const client = await RawHttpClient.connect(stack.gateway.port);
  try {
    await client.send("GET /hold?id=before HTTP/1.1\r\nHost: app\r\n\r\n");
    await originSays("held", "before");
  } finally {
    client[Symbol.dispose]();
  }
  await originSays("gone", "before");
  await nothingIsLeft();
});

Deno.test("a client that goes away in the middle of an answer aborts the origin's request", async () => {
  const client = await RawHttpClient.connect(stack.gateway.port);
  try {
    await client.send("GET /hold?id=middle&begin HTTP/1.1\r\nHost: app\r\n\r\n");
    await client.until("begun");
  } finally {
    client[Symbol.dispose]();
  }
  await originSays("gone", "middle");
  await nothingIsLeft();
});

Deno.test("a client that goes away in the middle of its upload aborts the origin's request", async () => {
  const client = await RawHttpClient.connect(stack.gateway.port);
  try {
    await client.send(
      "POST /hold?id=upload HTTP/1.1\r\nHost: app\r\nContent-Length: 1000000\r\n\r\nthe beginning",
    );
    await originSays("held", "upload");
  } finally {
    client[Symbol.dispose]();
  }
  await originSays("gone", "upload");
  await nothingIsLeft();
});

Deno.test("a client that goes away in a download too large for any buffer stops the origin", async () => {
  const client = await RawHttpClient.connect(stack.gateway.port);
  try {
    await client.send("GET /bytes?n=1000000000000 HTTP/1.1\r\nHost: app\r\n\r\n");
    await client.until("octet-stream");
  } finally {
    client[Symbol.dispose]();
  }
  await nothingIsLeft();
});

Deno.test("an origin that dies within a body of fixed length ends the client's response as an error", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /die?length HTTP/1.1\r\nHost: app\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 200);
  assert.equal(field(response, "content-length"), "100000");
  assert.equal(response.complete, false);
  assert.equal(textOf(response), "the beginning", "what came before is passed on");
});

Deno.test("an origin that dies within a chunked body ends the client's response as an error", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /die HTTP/1.1\r\nHost: app\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 200);
  assert.equal(response.complete, false, "no last chunk: the client must not take it for whole");
});

for (const path of ["/die", "/die?length"]) {
  Deno.test(`fetch reports an error when the origin dies in the middle of ${path}`, async () => {
    const response = await fetch(`${stack.gateway.url}${path}`);
    await assert.rejects(response.bytes());
  });
}

Deno.test("an early answer reaches a client that is still uploading", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("POST /reject HTTP/1.1\r\nHost: app\r\nContent-Length: 100000000\r\n\r\n");
  const piece = new Uint8Array(64 * 1024);
  for (let i = 0; i < 16; i++) await client.send(piece);
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.equal(textOf(response), "too large");
  assert.equal(
    (await client.rest()).length,
    0,
    "the connection ends: the rest of the upload is not waited for",
  );
  await nothingIsLeft();
});

Deno.test("an answer that comes before all of its request says that its connection closes", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("POST /reject HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhello");
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.equal(field(response, "connection"), "close", "a client must not send its next request over it");
  await client.send("world");
  assert.equal((await client.rest()).length, 0);
  await nothingIsLeft();
});

Deno.test("a request body that breaks HTTP aborts the origin's request and gets 400", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(
    "POST /hold?id=broken HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
  );
  await originSays("held", "broken");
  await client.send("zz\r\n");
  const response = await client.response();
  assert.equal(response.status, 400);
  assert.equal(field(response, "x-tunnel-error"), "bad_request");
  await originSays("gone", "broken");
  await nothingIsLeft();
});
