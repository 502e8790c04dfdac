import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { ChildProcess, startWsOrigin, testToken, tunnelCommand } from "../support/processes.ts";
import { eventually, healthOf, type Stack, startStack } from "../support/stack.ts";

/** Asks the origin itself for something. */
async function origin(stack: Stack, path: string): Promise<void> {
  const response = await fetch(stack.origin.url + path);
  assert.equal(response.status, 200);
  await response.body?.cancel();
}

/** A request through the gateway whose response has begun and ends when the test says so. */
async function requestInFlight(stack: Stack, id: string): Promise<RawHttpClient> {
  const client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`GET /stepped?id=${id} HTTP/1.1\r\nHost: app\r\n\r\n`);
  await client.until("data: event 1\n\n");
  return client;
}

/** A request through the gateway that its origin has and does not answer. */
async function requestHeld(stack: Stack, id: string): Promise<RawHttpClient> {
  const client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`GET /hold?id=${id} HTTP/1.1\r\nHost: app\r\n\r\n`);
  await origin(stack, `/held?id=${id}`);
  return client;
}

/** The response in flight still moves, and comes to its end. */
async function finish(stack: Stack, client: RawHttpClient, id: string): Promise<void> {
  await origin(stack, `/step?id=${id}`);
  await client.until("data: event 2\n\n");
  await origin(stack, `/finish?id=${id}`);
  const response = await client.response();
  assert.ok(response.complete);
  assert.equal(textOf(response), "data: event 1\n\ndata: event 2\n\n");
}

Deno.test("a gateway that gets SIGTERM takes nothing new, finishes what is in flight, and exits with 0", async () => {
  await using stack = await startStack();
  const { process, port } = stack.gateway;
  using client = await requestInFlight(stack, "gateway");
  using idle = await RawHttpClient.connect(port);
  await idle.send("GET /name HTTP/1.1\r\nHost: app\r\n\r\n");
  await idle.response();
  process.signal("SIGTERM");
  await process.line(/gateway\.draining/);
  assert.equal((await idle.rest()).length, 0, "an idle connection closes");
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
  await finish(stack, client, "gateway");
  assert.equal((await process.status()).code, 0);
});

Deno.test("a runner that gets SIGTERM takes no new streams, finishes what is in flight, and exits with 0", async () => {
  await using stack = await startStack();
  using client = await requestInFlight(stack, "runner");
  stack.runner.signal("SIGTERM");
  await stack.gateway.process.line(/runner\.draining/);
  const refused = await rawRequest(stack.gateway.port, "GET /name HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(refused.status, 503);
  assert.equal(field(refused, "x-tunnel-error"), "no_runner");
  await finish(stack, client, "runner");
  assert.equal((await stack.runner.status()).code, 0);
  const health = await eventually(() => healthOf(stack.gateway), ({ links }) => links === 0);
  assert.deepEqual(health, { status: "ok", links: 0, streams: 0, hibernating: 0, bufferedBytes: 0 });
});

Deno.test("a gateway waits no longer than --drain-timeout, then breaks off what is left", async () => {
  await using stack = await startStack({ gatewayArgs: ["--drain-timeout", "200ms"] });
  using client = await requestInFlight(stack, "bound");
  stack.gateway.process.signal("SIGTERM");
  const response = await client.response();
  assert.equal(response.complete, false, "a response that was broken off must not look whole");
  assert.equal((await stack.gateway.process.status()).code, 0);
});

Deno.test("a runner waits no longer than --drain-timeout, then breaks off what is left", async () => {
  await using stack = await startStack({ runnerArgs: ["--drain-timeout", "200ms"] });
  using client = await requestInFlight(stack, "bound");
  stack.runner.signal("SIGTERM");
  assert.equal((await stack.runner.status()).code, 0);
  assert.equal((await client.response()).complete, false);
});

Deno.test("a request without an answer when the drain's time is up gets 503 draining", async () => {
  await using stack = await startStack({ gatewayArgs: ["--drain-timeout", "200ms"] });
  using client = await requestHeld(stack, "held");
  stack.gateway.process.signal("SIGTERM");
  const response = await client.response();
  assert.equal(response.status, 503);
  assert.equal(field(response, "x-tunnel-error"), "draining");
});

Deno.test("an open WebSocket is told to come again (1012) when the drain's time is up", async () => {
  await using stack = await startStack({ origin: startWsOrigin, gatewayArgs: ["--drain-timeout", "200ms"] });
  const socket = new WebSocket(`${stack.gateway.wsUrl}/echo`);
  await once(socket, "open");
  const closed = once(socket, "close");
  stack.gateway.process.signal("SIGTERM");
  assert.equal((await closed)[0], 1012);
  assert.equal((await stack.gateway.process.status()).code, 0);
});

for (const end of ["gateway", "runner"] as const) {
  Deno.test(`a second signal ends a draining ${end} at once, with 130`, async () => {
    const args = ["--drain-timeout", "1h"];
    await using stack = await startStack({ gatewayArgs: args, runnerArgs: args });
    using _client = await requestInFlight(stack, "second");
    const process = end === "gateway" ? stack.gateway.process : stack.runner;
    process.signal("SIGTERM");
    await process.line(new RegExp(`${end}\\.draining signal=SIGTERM`));
    process.signal("SIGTERM");
    assert.equal((await process.status()).code, 130);
  });

  Deno.test(`SIGINT drains a ${end} as SIGTERM does, and it exits with 130`, async () => {
    await using stack = await startStack();
    using client = await requestInFlight(stack, "interrupt");
    const process = end === "gateway" ? stack.gateway.process : stack.runner;
    process.signal("SIGINT");
    await process.line(new RegExp(`${end}\\.draining signal=SIGINT`));
    await finish(stack, client, "interrupt");
    assert.equal((await process.status()).code, 130);
  });
}

Deno.test("a runner that cannot reach its gateway stops at once when it is told to", async () => {
  await using stack = await startStack();
  await stack.gateway.process[Symbol.asyncDispose]();
  await stack.runner.line(/link\.down/);
  stack.runner.signal("SIGTERM");
  assert.equal((await stack.runner.status()).code, 0);
});

Deno.test("a draining gateway does not wait for a runner whose link is lost: it cannot come back", async () => {
  await using stack = await startStack({ gatewayArgs: ["--drain-timeout", "10m"] });
  using client = await requestHeld(stack, "lost");
  stack.gateway.process.signal("SIGTERM");
  await stack.gateway.process.line(/gateway\.draining/);
  stack.runner.signal("SIGKILL");
  const response = await client.response();
  assert.equal(response.status, 503);
  assert.equal(field(response, "x-tunnel-error"), "draining");
  assert.equal((await stack.gateway.process.status()).code, 0);
});

Deno.test("a runner that introduces itself to a draining gateway is told to go elsewhere", async () => {
  await using stack = await startStack();
  using client = await requestInFlight(stack, "busy");
  using late = await LinkClient.open(stack.gateway.wsUrl);
  stack.gateway.process.signal("SIGTERM");
  await stack.gateway.process.line(/gateway\.draining/);
  late.send(late.hello(), { type: frameTypes.resume, last: true, streams: [] });
  await late.frame(frameTypes.welcome);
  assert.ok((await late.frame(frameTypes.goAway)).drainMs > 0);
  await finish(stack, client, "busy");
});

Deno.test({
  name: "a hangup ends a gateway or runner beside a terminal that is closed, and no other",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using stack = await startStack({});
    for (const process of [stack.gateway.process, stack.runner]) {
      process.signal("SIGHUP");
      await process.line(/ info +(?:gateway|runner)\.hangup does=nothing\n/);
    }
    assert.equal((await rawRequest(stack.gateway.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
  },
});

Deno.test({
  name: "a gateway whose terminal is closed drains",
  // script(1) makes the terminal.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const command = tunnelCommand([
      "gateway",
      "--hostname",
      "127.0.0.1",
      "--port",
      "0",
      "--token",
      testToken,
    ]);
    const quoted = command.map((word) => `'${word}'`).join(" ");
    await using terminal = new ChildProcess("script", ["-qec", `echo pid $$; exec ${quoted}`, "/dev/null"]);
    const pid = Number((await terminal.line(/pid (\d+)/))[1]);
    await terminal.line(/listens on http/);
    Deno.kill(pid, "SIGHUP");
    assert.equal((await terminal.status()).code, 0);
    assert.match(terminal.stdout, /gateway\.draining signal=SIGHUP /);
  },
});
