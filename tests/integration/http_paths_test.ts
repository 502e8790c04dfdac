import assert from "node:assert/strict";
import { rawRequest, textOf } from "../support/raw_http.ts";
import { startRunner } from "../support/processes.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

/** Targets that a careless hop would normalise. */
const targets = [
  "/",
  "/a%2Fb",
  "/a%2fb",
  "//double//slash",
  "/dots/../up/./here",
  "/%2e%2e/%2E",
  "/echo?a=1&a=2",
  "/echo?",
  "/echo??",
  "/echo?a=%20+%2B&b",
  "/semi;colon=1;x?y;z",
  "/%E2%82%AC/%C3%BC",
  "/%ff%00",
  "/tilde~/at@/colon:/star*/paren()/comma,/quote'/excl!/dollar$",
  '/pipe|caret^/back\\slash/brace{}/quote"/less<>/tick`',
  "/echo?url=http://example.com/?x=1&y=[2]",
  `/${"long/".repeat(1500)}`,
];

for (const target of targets) {
  const shown = target.length > 60 ? `${target.slice(0, 20)}… of ${target.length} bytes` : target;
  Deno.test(`the target ${shown} reaches the origin byte for byte`, async () => {
    const response = await rawRequest(stack.gateway.port, `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`);
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(textOf(response)).url, target);
  });
}

Deno.test("a path in --target is put before the client's, which stays as it is", async () => {
  const args = ["--name", "prefixed"];
  await using _runner = await startRunner(stack.gateway.wsUrl, `${stack.origin.url}/base/v1/`, args);
  for (const target of ["/", "/a%2Fb//c?d=1&d=2"]) {
    const response = await rawRequest(
      stack.gateway.port,
      `GET ${target} HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: prefixed\r\n\r\n`,
    );
    assert.equal(JSON.parse(textOf(response)).url, `/base/v1${target}`);
  }
});

Deno.test("paths under /.tunnel/ are the gateway's own and never reach the origin", async () => {
  const { port } = stack.gateway;
  const unknown = await rawRequest(port, "GET /.tunnel/nothing?x=1 HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(unknown.status, 404);
  assert.equal(JSON.parse(textOf(unknown)).error, "not_found");
  const health = await rawRequest(port, "GET /.tunnel/health HTTP/1.1\r\nHost: app\r\n\r\n");
  const empty = "GET /.tunnel/health HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n";
  assert.equal((await rawRequest(port, empty)).status, 200, "a body of no bytes is none");
  assert.equal(JSON.parse(textOf(health)).status, "ok");
  // Only the exact prefix is reserved.
  const near = await rawRequest(port, "GET /.tunnels/x HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(JSON.parse(textOf(near)).url, "/.tunnels/x");
});
