import assert from "node:assert/strict";
import { rawRequest, textOf } from "../support/raw_http.ts";
import { startGateway, startNodeOrigin, startRunner, testToken, tunnel } from "../support/processes.ts";
import { eventually, healthOf, startStack } from "../support/stack.ts";

const get = "GET /name HTTP/1.1\r\nHost: app\r\n\r\n";

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a runner finds a gateway that was restarted on the same port", async () => {
  await using stack = await startStack();
  const { port } = stack.gateway;
  stack.gateway.process.signal("SIGTERM");
  await stack.gateway.process.status();
  await using second = await startGateway(["--port", String(port)]);
  await second.process.line(/runner\.connected/);
  assert.equal(textOf(await rawRequest(port, get)), "origin");
});

Deno.test("a runner finds a gateway that crashed and came back", async () => {
  await using stack = await startStack();
  const { port } = stack.gateway;
  await stack.gateway.process[Symbol.asyncDispose]();
  await stack.runner.line(/link\.down/);
  await using second = await startGateway(["--port", String(port)]);
  await second.process.line(/runner\.connected/);
  assert.equal(textOf(await rawRequest(port, get)), "origin");
});

Deno.test("a runner that was started before its gateway connects when that is there", async () => {
  await using origin = await startNodeOrigin();
  const port = freePort();
  const url = `ws://127.0.0.1:${port}`;
  await using runner = tunnel(["runner", "--gateway-url", url, "--target", origin.url, "--token", testToken]);
  await runner.line(/link\.down .*retryInMs=\d+/);
  await using _gateway = await startGateway(["--port", String(port)]);
  await runner.line(/is connected to/);
  assert.equal(textOf(await rawRequest(port, get)), "origin");
});

Deno.test("a restarted origin is reached by the next request", async () => {
  await using gateway = await startGateway();
  const port = freePort();
  const serve = (name: string) =>
    Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, () => new Response(name));
  const first = serve("first");
  await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${port}`);
  assert.equal(textOf(await rawRequest(gateway.port, get)), "first");
  await first.shutdown();
  assert.equal((await rawRequest(gateway.port, get)).status, 502);
  await using _second = serve("second");
  assert.equal(textOf(await rawRequest(gateway.port, get)), "second");
});

Deno.test("a runner that crashed is replaced by the next one, and nothing of it is left", async () => {
  await using stack = await startStack();
  await stack.runner[Symbol.asyncDispose]();
  await using _next = await startRunner(stack.gateway.wsUrl, stack.origin.url);
  assert.equal(textOf(await rawRequest(stack.gateway.port, get)), "origin");
  const health = await eventually(() => healthOf(stack.gateway), ({ streams }) => streams === 0);
  assert.deepEqual(health, { status: "ok", links: 1, streams: 0, hibernating: 0, bufferedBytes: 0 });
});

Deno.test("after a burst of requests the gateway holds no streams", async () => {
  await using stack = await startStack();
  const { url } = stack.gateway;
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const response = await fetch(`${url}/bytes?n=${i * 100}`);
    assert.equal((await response.bytes()).length, i * 100);
  }));
  await eventually(() => healthOf(stack.gateway), ({ streams }) => streams === 0);
});
