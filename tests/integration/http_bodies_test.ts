import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
}

for (const status of [200, 201, 204, 304, 404, 500]) {
  Deno.test(`an empty ${status} passes as it is, and the connection serves the next request`, async () => {
    using client = await RawHttpClient.connect(stack.gateway.port);
    await client.send(`GET /status?code=${status} HTTP/1.1\r\nHost: app\r\n\r\n`);
    const response = await client.response();
    assert.equal(response.status, status);
    assert.equal(response.body.length, 0);
    assert.equal(field(response, "x-made-by"), "origin");
    await client.send("GET /echo HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal((await client.response()).status, 200);
  });
}

Deno.test("the origin's reason phrase is kept", async () => {
  const { port } = stack.gateway;
  const response = await rawRequest(
    port,
    "GET /status?code=200&reason=All%20Is%20Well HTTP/1.1\r\nHost: app\r\n\r\n",
  );
  assert.equal(response.reason, "All Is Well");
});

Deno.test("a 204 and a 304 announce no body", async () => {
  for (const status of [204, 304]) {
    const { port } = stack.gateway;
    const response = await rawRequest(port, `GET /status?code=${status} HTTP/1.1\r\nHost: app\r\n\r\n`);
    assert.equal(field(response, "transfer-encoding"), undefined);
  }
});

for (const length of [0, 1, 65_535, 65_536, 65_537, 300_000, 3_000_000]) {
  Deno.test(`a request body of ${length} bytes with a length arrives byte for byte`, async () => {
    const body = pattern(length);
    const seen = await (await fetch(`${stack.gateway.url}/echo`, { method: "PUT", body })).json();
    assert.equal(seen.sha256, sha256(body));
    assert.ok(seen.rawHeaders.map((name: string) => name.toLowerCase()).includes("content-length"));
  });

  Deno.test(`a chunked request body of ${length} bytes arrives byte for byte`, async () => {
    const body = pattern(length);
    const half = Math.floor(length / 2);
    const parts = ReadableStream.from(
      [body.slice(0, half), body.slice(half)].filter((part) => part.length > 0),
    );
    const response = await fetch(`${stack.gateway.url}/echo`, { method: "POST", body: parts });
    assert.equal((await response.json()).sha256, sha256(body));
  });

  Deno.test(`a response body of ${length} bytes comes with its length, and chunked, byte for byte`, async () => {
    const direct = await (await fetch(`${stack.origin.url}/bytes?n=${length}`)).bytes();
    const fixed = await fetch(`${stack.gateway.url}/bytes?n=${length}`);
    assert.equal(fixed.headers.get("content-length"), String(length));
    assert.equal(sha256(await fixed.bytes()), sha256(direct));
    const chunked = await fetch(`${stack.gateway.url}/bytes?n=${length}&chunked`);
    assert.equal(chunked.headers.get("content-length"), null);
    assert.equal(sha256(await chunked.bytes()), sha256(direct));
  });
}

Deno.test("a chunked request with odd chunk sizes and extensions arrives byte for byte", async () => {
  const response = await rawRequest(
    stack.gateway.port,
    "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n" +
      '1\r\na\r\n00A;name="v"\r\n0123456789\r\n3;x\r\nend\r\n0\r\n\r\n',
  );
  const seen = JSON.parse(textOf(response));
  assert.equal(seen.length, 14);
  assert.equal(seen.sha256, sha256(new TextEncoder().encode("a0123456789end")));
});

Deno.test("request trailers reach the origin", async () => {
  const response = await rawRequest(
    stack.gateway.port,
    "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
      "2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n",
  );
  assert.deepEqual(JSON.parse(textOf(response)).trailers, ["X-Sum", "42"]);
});

Deno.test("response trailers reach a client that takes them, and no other", async () => {
  const { port } = stack.gateway;
  const asked = await rawRequest(port, "GET /trailers HTTP/1.1\r\nHost: app\r\nTE: trailers\r\n\r\n");
  assert.deepEqual(asked.trailers.map((text) => text.toLowerCase()), ["x-sum", "42"]);
  assert.equal(textOf(asked), "body");
  const plain = await rawRequest(port, "GET /trailers HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.deepEqual(plain.trailers, []);
  assert.equal(textOf(plain), "body");
  assert.ok(plain.complete);
});

Deno.test("both directions stream at once: each piece comes back before the next is sent", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("POST /mirror HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const piece of ["first", "second", "third"]) {
    await client.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    await client.until(piece);
  }
  await client.send("0\r\n\r\n");
  const response = await client.response();
  assert.ok(response.complete);
  assert.equal(textOf(response), "firstsecondthird");
});

Deno.test("a server-sent event reaches the client before the origin writes the next", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /stepped?id=bodies HTTP/1.1\r\nHost: app\r\n\r\n");
  for (let event = 1; event <= 5; event++) {
    await client.until(`data: event ${event}\n\n`);
    await (await fetch(`${stack.origin.url}/step?id=bodies`)).body?.cancel();
  }
});

Deno.test("an interim response of the origin does not take the place of the final one", async () => {
  const { port } = stack.gateway;
  const response = await rawRequest(port, "GET /early-hints HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(response.status, 200);
  assert.equal(textOf(response), "hinted");
});
