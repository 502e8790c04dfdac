import assert from "node:assert/strict";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { startRunner } from "../support/processes.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "REPORT"]) {
  Deno.test(`${method} reaches the origin as ${method}`, async () => {
    const response = await rawRequest(
      stack.gateway.port,
      `${method} /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(textOf(response)).method, method);
  });
}

for (const method of ["POST", "PUT", "PATCH", "DELETE", "GET"]) {
  Deno.test(`a body of ${method} reaches the origin`, async () => {
    const response = await rawRequest(
      stack.gateway.port,
      `${method} /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\nbody`,
    );
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(textOf(response)).length, 4);
  });
}

Deno.test("a method that no standard knows reaches an origin that takes it", async () => {
  await using origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => new Response(`it was ${request.method}`),
  );
  const url = `http://127.0.0.1:${origin.addr.port}`;
  await using _runner = await startRunner(stack.gateway.wsUrl, url, ["--name", "custom-methods"]);
  const response = await rawRequest(
    stack.gateway.port,
    "FROBNICATE / HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: custom-methods\r\n\r\n",
  );
  assert.equal(response.status, 200);
  assert.equal(textOf(response), "it was FROBNICATE");
});

Deno.test("OPTIONS * asks the origin about itself", async () => {
  const response = await rawRequest(stack.gateway.port, "OPTIONS * HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(response.status, 200);
  const seen = JSON.parse(textOf(response));
  assert.deepEqual([seen.method, seen.url], ["OPTIONS", "*"]);
});

Deno.test("OPTIONS of a host as a whole is OPTIONS * to its origin, and of a path in it that of the path", async () => {
  for (const [target, expected] of [["http://app", "*"], ["http://app/", "/"], ["http://app?a", "/?a"]]) {
    const response = await rawRequest(stack.gateway.port, `OPTIONS ${target} HTTP/1.1\r\nHost: app\r\n\r\n`);
    assert.equal(JSON.parse(textOf(response)).url, expected);
  }
});

Deno.test("CONNECT is refused with 405 and a reason, and the connection closes", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
  const response = await client.response();
  assert.equal(response.status, 405);
  assert.match(JSON.parse(textOf(response)).message, /CONNECT is not served/);
  assert.match(field(response, "allow") ?? "", /^GET, HEAD, /);
  assert.equal((await client.rest()).length, 0);
});

Deno.test("a HEAD response bears the origin's length and no body", async () => {
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("HEAD /bytes?n=5000 HTTP/1.1\r\nHost: app\r\n\r\n");
  const head = await client.response("HEAD");
  assert.equal(head.status, 200);
  assert.ok(head.headers.includes("5000"));
  // The next response follows at once: had there been a body, it would not parse.
  await client.send("GET /echo HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal((await client.response()).status, 200);
});
