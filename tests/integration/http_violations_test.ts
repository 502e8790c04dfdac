import assert from "node:assert/strict";
import { field, RawHttpClient, rawRequest } from "../support/raw_http.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";

const stack = sharedStack();

/** What would be a second request, had the gateway and the origin seen different ends of the first. */
const smuggled = "GET /echo?smuggled HTTP/1.1\r\nHost: app\r\n\r\n";

/** Requests that two HTTP readers could see differently (RFC 9112, 11.2), or that are no HTTP at all. */
const violations: Record<string, string> = {
  "both Content-Length and Transfer-Encoding":
    "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two different Content-Lengths":
    "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
  "a list of different Content-Lengths":
    "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 3, 4\r\n\r\nabcd",
  "a signed Content-Length": "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: +3\r\n\r\nabc",
  "a negative Content-Length": "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: -1\r\n\r\n",
  "a hexadecimal Content-Length": "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 0x3\r\n\r\nabc",
  "an empty Content-Length": "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length:\r\n\r\n",
  "a Content-Length beyond all numbers":
    "POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
  "chunked twice": "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
  "Transfer-Encoding in HTTP/1.0":
    "POST /echo HTTP/1.0\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a space before a colon":
    "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  "a space before a field name": "GET /echo HTTP/1.1\r\nHost: app\r\n X-A: 1\r\n\r\n",
  "a folded field": "GET /echo HTTP/1.1\r\nHost: app\r\nX-A: 1\r\n\t2\r\n\r\n",
  "a field without a colon": "GET /echo HTTP/1.1\r\nHost: app\r\nnonsense\r\n\r\n",
  "a NUL in a field": "GET /echo HTTP/1.1\r\nHost: app\r\nX-A: a\0b\r\n\r\n",
  "a bare CR in a field": "GET /echo HTTP/1.1\r\nHost: app\r\nX-A: a\rX-B: b\r\n\r\n",
  "bare LF line ends": "GET /echo HTTP/1.1\nHost: app\n\n",
  "no Host": "GET /echo HTTP/1.1\r\n\r\n",
  "two Hosts": "GET /echo HTTP/1.1\r\nHost: app\r\nHost: other\r\n\r\n",
  "a Host that is none": "GET /echo HTTP/1.1\r\nHost: user@app/path\r\n\r\n",
  "a space in the target": "GET /a b HTTP/1.1\r\nHost: app\r\n\r\n",
  "a target without a slash": "GET echo HTTP/1.1\r\nHost: app\r\n\r\n",
  "a method with a bad character": "GE(T /echo HTTP/1.1\r\nHost: app\r\n\r\n",
  "HTTP in lower case": "GET /echo http/1.1\r\nHost: app\r\n\r\n",
  "no version": "GET /echo\r\nHost: app\r\n\r\n",
  "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
};

/** Transfer codings that are not known here (RFC 9112, 6.1: 501). */
const unknownCodings: Record<string, string> = {
  "a transfer coding that is not chunked":
    "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "a transfer coding behind chunked":
    "POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
};

async function assertRefused(request: string, status: number): Promise<void> {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(request + smuggled);
  const response = await client.response();
  assert.equal(response.status, status);
  assert.equal(field(response, "x-tunnel-error"), "bad_request");
  assert.equal(field(response, "connection"), "close");
  assert.equal((await client.rest()).length, 0);
}

for (const [what, request] of Object.entries(violations)) {
  Deno.test(`${what}: 400, the connection closes, and nothing behind it is read as a request`, async () => {
    await assertRefused(request, 400);
  });
}

for (const [what, request] of Object.entries(unknownCodings)) {
  Deno.test(`${what}: 501, the connection closes, and nothing behind it is read as a request`, async () => {
    await assertRefused(request, 501);
  });
}

/** Bodies that end in nonsense, whose request may be under way already. */
const brokenChunks: Record<string, string> = {
  "a chunk size that is no number": "xyz\r\n",
  "a negative chunk size": "-1\r\n",
  "a chunk size with 0x": "0x2\r\nab\r\n",
  "an empty chunk size": "\r\nab\r\n",
  "a chunk size beyond all numbers": "fffffffffffffffff\r\n",
  "data longer than its chunk": "2\r\nabc\r\n0\r\n\r\n",
  "a chunk line that ends in a bare LF": "2\nab\r\n0\r\n\r\n",
};

for (const [what, chunks] of Object.entries(brokenChunks)) {
  Deno.test(`${what}: 400, the connection closes, and nothing behind it is read as a request`, async () => {
    using client = await RawHttpClient.connect(stack.gateway.port);
    const head = "POST /hold?id=chunks HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n";
    await client.send(head + chunks + smuggled);
    assert.equal((await client.response()).status, 400);
    assert.equal((await client.rest()).length, 0);
    await eventually(() => healthOf(stack.gateway), (health) => health.streams === 0);
  });
}

/** Requests by HEAD that are refused: before their head is read, by its parser, and behind it. */
const refusedHeads: Record<string, [request: string, status: number]> = {
  "no Host": ["HEAD /echo HTTP/1.1\r\n\r\n", 400],
  "a head that is too large": [`HEAD /echo HTTP/1.1\r\nHost: app\r\nX-Large: ${"x".repeat(100_000)}`, 431],
  "an unknown transfer coding": [
    "HEAD /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: xchunked\r\n\r\n",
    501,
  ],
  "a body where none may be": [
    "HEAD /.tunnel/health HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\n\r\nabc",
    400,
  ],
};

for (const [what, [request, status]] of Object.entries(refusedHeads)) {
  Deno.test(`the refusal of a HEAD request has no body: ${what}`, async () => {
    using client = await RawHttpClient.connect(stack.gateway.port);
    await client.send(request);
    const response = await client.response("HEAD");
    assert.equal(response.status, status);
    assert.ok(Number(field(response, "content-length")) > 0, "the length that GET would get");
    assert.equal((await client.rest()).length, 0);
  });
}

Deno.test("an HTTP version that is not spoken gets 505", async () => {
  const { port } = stack.gateway;
  assert.equal((await rawRequest(port, "GET / HTTP/2.0\r\nHost: app\r\n\r\n")).status, 505);
});

Deno.test("an oversize head gets 431, and the connection closes", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`GET / HTTP/1.1\r\nHost: app\r\nX-Large: ${"x".repeat(100_000)}\r\n\r\n`);
  const response = await client.response();
  assert.equal(response.status, 431);
  assert.equal((await client.rest()).length, 0);
});

Deno.test("a head that never ends gets 431 rather than filling memory", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`GET / HTTP/1.1\r\nHost: app\r\nX-Large: ${"x".repeat(100_000)}`);
  assert.equal((await client.response()).status, 431);
});

Deno.test("a target that is too long gets 414, whether the head ends or not", async () => {
  const { port } = stack.gateway;
  const target = `/${"x".repeat(100_000)}`;
  assert.equal((await rawRequest(port, `GET ${target}`)).status, 414);
  assert.equal((await rawRequest(port, `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`)).status, 414);
});

Deno.test("too many fields get 431", async () => {
  const { port } = stack.gateway;
  const response = await rawRequest(port, `GET / HTTP/1.1\r\nHost: app\r\n${"A: 1\r\n".repeat(2000)}\r\n`);
  assert.equal(response.status, 431);
});

Deno.test("one client's violations leave the others' requests alone", async () => {
  const { port } = stack.gateway;
  using good = await RawHttpClient.connect(port);
  await good.send("POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\nab");
  for (const request of Object.values(violations).slice(0, 5)) await rawRequest(port, request);
  await good.send("cd");
  assert.equal((await good.response()).status, 200);
});
