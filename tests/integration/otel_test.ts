import assert from "node:assert/strict";
import { FaultProxy } from "../support/fault_proxy.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp_receiver.ts";
import {
  ChildProcess,
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
  startWsOrigin,
  tunnel,
} from "../support/processes.ts";
import { rawRequest } from "../support/raw_http.ts";
import { eventually } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

interface Traced extends AsyncDisposable {
  receiver: OtlpReceiver;
  gateway: RunningGateway;
  origin: RunningOrigin;
  proxy: FaultProxy;
  runner: ChildProcess;
}

/** A collector, a gateway and a runner that export to it, and a plain origin. */
async function startTraced(origin: () => Promise<RunningOrigin> = startNodeOrigin): Promise<Traced> {
  await using started = new AsyncDisposableStack();
  const receiver = started.use(OtlpReceiver.start());
  const running = started.use(await origin());
  const gateway = started.use(await startGateway([], { env: receiver.env("the-gateway") }));
  const proxy = started.use(await FaultProxy.start(gateway.port));
  const runner = started.use(
    await startRunner(proxy.wsUrl, running.url, ["--name", "api"], { env: receiver.env("the-runner") }),
  );
  const owned = started.move();
  return {
    receiver,
    gateway,
    origin: running,
    proxy,
    runner,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const toApi = { "x-tunnel-runner": "api" };

/** The newest span of each end, once both have so many. */
async function spansOf(
  { receiver }: Traced,
  count: number,
): Promise<{ gateway: ReceivedSpan; runner: ReceivedSpan }> {
  const both = () => [receiver.spans("the-gateway"), receiver.spans("the-runner")];
  const [gateway, runner] = await eventually(both, (spans) => spans.every(({ length }) => length >= count));
  assert.deepEqual([gateway.length, runner.length], [count, count], "one span a request at each end");
  return { gateway: gateway.at(-1)!, runner: runner.at(-1)! };
}

/** What the origin was sent, from its `/echo`. */
async function echoed(url: string, headers: Record<string, string>): Promise<Map<string, string>> {
  const { rawHeaders } = await (await fetchOnce(url, { headers: { ...toApi, ...headers } })).json();
  const sent = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) sent.set(rawHeaders[i].toLowerCase(), rawHeaders[i + 1]);
  return sent;
}

Deno.test("a request is one span at each end, in the client's trace, and the origin is told of the runner's", async () => {
  await using traced = await startTraced();
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const clientSpan = "00f067aa0ba902b7";
  const sent = await echoed(`${traced.gateway.url}/echo?token=s3cret`, {
    traceparent: `00-${traceId}-${clientSpan}-01`,
    tracestate: "vendor=value",
    baggage: "user=42",
    authorization: "Bearer s3cret",
  });
  const { gateway, runner } = await spansOf(traced, 1);
  assert.deepEqual([gateway.traceId, gateway.parentSpanId], [traceId, clientSpan]);
  assert.deepEqual([runner.traceId, runner.parentSpanId], [traceId, gateway.spanId]);
  assert.equal(sent.get("traceparent"), `00-${traceId}-${runner.spanId}-01`);
  assert.equal(sent.get("tracestate"), "vendor=value");
  assert.equal(sent.get("baggage"), "user=42");
  const { port } = traced.gateway;
  for (const span of [gateway, runner]) {
    const { name, kind, status, attributes } = span;
    assert.deepEqual([name, kind, status], ["GET", 2, 0]);
    const { "tunnel.stream": stream, ...others } = attributes;
    assert.match(String(stream), /^[0-9a-f]{8}-1$/);
    assert.deepEqual(others, {
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "url.path": "/echo",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": port,
      "client.address": "127.0.0.1",
      "tunnel.runner": "api",
    });
  }
  assert.ok(runner.durationMs > 0 && runner.durationMs <= gateway.durationMs + 1, "the runner's lies within");
  assert.ok(!traced.receiver.text.includes("s3cret"), "no secret is exported");
});

Deno.test("a client without a trace begins one at the gateway, and a broken traceparent is no trace", async () => {
  await using traced = await startTraced();
  const clients: Record<string, string>[] = [{}, { traceparent: "00-00000000000000000000000000000000-0-01" }];
  const seen = new Set<string>();
  for (const [at, headers] of clients.entries()) {
    const sent = await echoed(`${traced.gateway.url}/echo`, headers);
    const { gateway, runner } = await spansOf(traced, at + 1);
    assert.match(gateway.parentSpanId, /^0*$/);
    assert.equal(runner.traceId, gateway.traceId);
    assert.equal(runner.parentSpanId, gateway.spanId);
    assert.equal(sent.get("traceparent")?.split("-")[1], gateway.traceId);
    seen.add(gateway.traceId);
  }
  assert.equal(seen.size, clients.length, "each its own");
});

Deno.test("a span is an error from 500 on and when the answer broke off, not for what a client did wrong", async () => {
  await using traced = await startTraced();
  const { url, port } = traced.gateway;
  let count = 0;
  const check = async (expected: { code: number; status: number; type?: string }) => {
    const { gateway, runner } = await spansOf(traced, ++count);
    for (const span of [gateway, runner]) {
      assert.equal(span.attributes["http.response.status_code"], expected.code);
      assert.equal(span.status, expected.status);
      assert.equal(span.attributes["error.type"], expected.type);
    }
  };
  await (await fetchOnce(`${url}/status?code=404`, { headers: toApi })).text();
  await check({ code: 404, status: 0 });
  await (await fetchOnce(`${url}/status?code=500`, { headers: toApi })).text();
  await check({ code: 500, status: 2 });
  await assert.rejects(async () => await (await fetchOnce(`${url}/die?length`, { headers: toApi })).text());
  await check({ code: 200, status: 2, type: "origin_failed" });
  await rawRequest(
    port,
    `BREW /echo HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: api\r\nConnection: close\r\n\r\n`,
  );
  const { gateway } = await spansOf(traced, ++count);
  assert.equal(gateway.name, "HTTP", "a client's own method makes no name of its own");
  assert.equal(gateway.attributes["http.request.method"], "_OTHER");
  assert.equal(gateway.attributes["http.request.method_original"], "BREW");
  const nobody = await fetchOnce(`${url}/`, { headers: { "x-tunnel-runner": "nobody" } });
  assert.equal(nobody.status, 503);
  const refused = await eventually(
    () => traced.receiver.spans("the-gateway"),
    ({ length }) => length === count + 1,
  );
  const { status, attributes } = refused.at(-1)!;
  assert.deepEqual([status, attributes["error.type"]], [2, "no_runner"]);
  assert.equal(traced.receiver.spans("the-runner").length, count, "no runner saw it");
});

Deno.test("a WebSocket is one span at each end for as long as it is open, with the link changes it lived through", async () => {
  await using traced = await startTraced(startWsOrigin);
  using client = await WsClient.open(`${traced.gateway.wsUrl}/echo`, { headers: toApi });
  traced.proxy.cut();
  await traced.proxy.accepted(2);
  await client.send("after the cut");
  assert.equal(await client.nextText(), "after the cut");
  assert.equal(traced.receiver.spans("the-gateway").length, 0, "it goes on");
  await client.close(1000);
  const { gateway, runner } = await spansOf(traced, 1);
  for (const span of [gateway, runner]) {
    assert.deepEqual(span.events.map(({ name }) => name), ["link.dropped", "link.resumed"]);
    assert.deepEqual([span.attributes["url.scheme"], span.attributes["http.response.status_code"]], [
      "ws",
      101,
    ]);
    assert.equal(span.status, 0);
  }
  assert.equal(runner.parentSpanId, gateway.spanId);
});

Deno.test("metrics leave with the values that a scrape would show, by name and label", async () => {
  await using traced = await startTraced();
  for (let i = 0; i < 3; i++) {
    await (await fetchOnce(`${traced.gateway.url}/name`, { headers: toApi })).text();
  }
  await (await fetchOnce(`${traced.gateway.url}/status?code=404`, { headers: toApi })).text();
  for (const service of ["the-gateway", "the-runner"]) {
    const value = (name: string, labels: Record<string, string> = {}) =>
      traced.receiver.metric(service, name).find(({ attributes }) =>
        Object.entries(labels).every(([key, value]) => attributes[key] === value)
      );
    await eventually(
      () => value("tunnel_requests_total", { code: "404" })?.value,
      (seen) => seen === 1,
    );
    assert.equal(value("tunnel_requests_total", { code: "200" })?.value, 3);
    assert.equal(value("tunnel_requests_total", { code: "200" })?.monotonic, true);
    await eventually(() => value("tunnel_links", { state: "alive" })?.value, (seen) => seen === 1);
    assert.equal(value("tunnel_links", { state: "alive" })?.monotonic, false);
    assert.equal(value("tunnel_request_duration_seconds_count")?.value, 4);
    assert.ok(value("tunnel_request_duration_seconds_sum")!.value > 0);
    assert.ok(value("process_cpu_seconds_total")!.value > 0);
  }
});

Deno.test("a process that ends has exported what it did until then", async () => {
  await using traced = await startTraced();
  await (await fetchOnce(`${traced.gateway.url}/name`, { headers: toApi })).text();
  for (const process of [traced.runner, traced.gateway.process]) {
    process.signal("SIGTERM");
    assert.equal((await process.status()).code, 0);
    assert.ok(!process.stderr.includes("still open"), process.stderr);
  }
  assert.equal(traced.receiver.spans("the-gateway").length, 1);
  assert.equal(traced.receiver.spans("the-runner").length, 1);
});

Deno.test("a process ends although its metrics are collected while its last spans wait for a slow collector", async () => {
  await using receiver = OtlpReceiver.start({ tracesDelayMs: 200 });
  const env = (service: string) => receiver.env(service, 5);
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway([], { env: env("the-gateway") });
  await using runner = await startRunner(gateway.wsUrl, origin.url, ["--name", "api"], {
    env: env("the-runner"),
  });
  await (await fetchOnce(`${gateway.url}/name`, { headers: toApi })).text();
  for (const process of [runner, gateway.process]) {
    process.signal("SIGTERM");
    assert.equal((await process.status()).code, 0);
    assert.ok(!process.stderr.includes("still open"), process.stderr);
  }
  assert.equal(receiver.spans("the-gateway").length, 1);
  assert.equal(receiver.spans("the-runner").length, 1);
});

Deno.test("a second signal ends a process that exports at once, whatever its collector does", async () => {
  await using receiver = OtlpReceiver.start({ tracesDelayMs: 3_600_000 });
  const env = receiver.env("the-gateway", 5);
  await using gateway = await startGateway(["--drain-timeout", "1h"], { env });
  await using origin = await startWsOrigin();
  await using _runner = await startRunner(gateway.wsUrl, origin.url, ["--name", "api"]);
  using _client = await WsClient.open(`${gateway.wsUrl}/echo`, { headers: toApi });
  gateway.process.signal("SIGTERM");
  await gateway.process.line(/gateway\.draining signal=SIGTERM/);
  gateway.process.signal("SIGTERM");
  assert.equal((await gateway.process.status(9_000)).signal, "SIGKILL");
});

Deno.test("a command that is not understood ends with 2 where metrics are exported, too", async () => {
  await using receiver = OtlpReceiver.start();
  await using process = tunnel(["gateway", "--port", "none"], { env: receiver.env("refused", 5) });
  assert.equal((await process.status()).code, 2);
  assert.match(process.stderr, /^error: .*--port.*\n$/);
});

Deno.test("a command that fails after it began to serve leaves nothing open: it ends by itself where it exports", async () => {
  await using receiver = OtlpReceiver.start();
  const env = receiver.env("refused");
  await using other = await startGateway();
  const taken = String(other.port);
  const captures = await Deno.makeTempDir();
  await using _removed = { [Symbol.asyncDispose]: () => Deno.remove(captures, { recursive: true }) };
  const common = ["--token", "test-token", "--admin-port", taken];
  const gateway = ["--port", "0", "--capture", captures];
  const runner = [
    "--gateway-url",
    other.wsUrl,
    "--target",
    other.url,
    "--capture",
    `${captures}/run.tunnelcap`,
  ];
  for (const args of [["gateway", ...gateway], ["runner", ...runner]]) {
    await using process = tunnel([...args, ...common], { env });
    assert.equal((await process.status()).code, 2);
    assert.match(process.stderr, new RegExp(`error: admin port ${taken} is in use`));
    assert.doesNotMatch(process.stderr, /still open/);
  }
});

Deno.test("what is left open keeps a process that exports for a while and not for ever, and that is told", async () => {
  await using receiver = OtlpReceiver.start();
  const end = new URL("../../commands/end.ts", import.meta.url);
  const program = `import { end } from "${end}"; setInterval(() => {}, 1_000); end(0);`;
  const args = ["eval", "--quiet", "--ext=ts", program];
  await using process = new ChildProcess(Deno.execPath(), args, { env: receiver.env("leftover", 5) });
  assert.equal((await process.status()).signal, "SIGKILL");
  assert.match(process.stderr, /^warning: something was still open at the end: the process is killed/);
});

Deno.test("without OTEL_DENO nothing is exported, and a client's trace passes to the origin as it is", async () => {
  await using receiver = OtlpReceiver.start();
  const { OTEL_DENO: _, ...env } = receiver.env("off");
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway([], { env });
  await using runner = await startRunner(gateway.wsUrl, origin.url, ["--name", "api"], { env });
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const sent = await echoed(`${gateway.url}/echo`, { traceparent });
  assert.equal(sent.get("traceparent"), traceparent);
  for (const process of [runner, gateway.process]) {
    process.signal("SIGTERM");
    await process.status();
  }
  assert.equal(receiver.text, "");
});
