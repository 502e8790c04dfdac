import assert from "node:assert/strict";
import { frameCostBytes } from "../../lib/session/mod.ts";
import { frameName, frameTypes } from "../../lib/protocol/mod.ts";
import { Scrape, withAdmin } from "../support/admin.ts";
import type { Direction } from "../support/fault_proxy.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { LinkTap } from "../support/link_tap.ts";
import { type ChildProcess, startNodeOrigin, startRunner, startWsOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { eventually, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

/** No ping but the first goes over the link, so that whatever is counted is of the test's own making. */
const quiet = ["--ping-interval", "1h", "--ping-timeout", "10h"];
const options = { gatewayArgs: [...withAdmin, ...quiet], runnerArgs: [...withAdmin, ...quiet] };

/** Both ends by name. */
function endsOf(
  stack: { gateway: { process: ChildProcess }; runner: ChildProcess },
): [string, ChildProcess][] {
  return [["gateway", stack.gateway.process], ["runner", stack.runner]];
}

Deno.test("requests are counted by their code at both ends, and timed from head to last byte", async () => {
  await using stack = await startStack(options);
  const codes = { "200": 3, "204": 1, "404": 2, "500": 1 };
  for (const [code, times] of Object.entries(codes)) {
    for (let i = 0; i < times; i++) {
      await (await fetchOnce(`${stack.gateway.url}/status?code=${code}`)).text();
    }
  }
  const name = "tunnel_request_duration_seconds";
  for (const [end, process] of endsOf(stack)) {
    const before = await eventually(
      () => Scrape.of(process),
      (scrape) => scrape.value(`${name}_count`) === 7,
    );
    for (const [code, times] of Object.entries(codes)) {
      assert.equal(before.value("tunnel_requests_total", { code }), times, `${code} at the ${end}`);
    }
  }
  const [before] = await Promise.all(endsOf(stack).map(([, process]) => Scrape.of(process)));
  await (await fetchOnce(`${stack.gateway.url}/slow?ms=600`)).text();
  for (const [end, process] of endsOf(stack)) {
    const after = await eventually(() => Scrape.of(process), (scrape) => scrape.value(`${name}_count`) === 8);
    if (end === "gateway") {
      assert.equal(after.observed(name, { to: "0.5" }), before.observed(name, { to: "0.5" }));
      const took = after.value(`${name}_sum`) - before.value(`${name}_sum`);
      assert.ok(took >= 0.59 && took < 20, `${took} s`);
    }
    assert.ok(after.observed(name, { from: "0.5", to: "60.0" }) >= 1, end);
    assert.equal(after.value("tunnel_requests_total", { code: "200" }), 4);
  }
});

Deno.test("a request without a runner is a 503 of the gateway's, a client that leaves a 499 of both ends", async () => {
  await using stack = await startStack(options);
  const headers = { "x-tunnel-runner": "nobody" };
  assert.equal((await fetchOnce(`${stack.gateway.url}/`, { headers })).status, 503);
  const left = await RawHttpClient.connect(stack.gateway.port);
  await left.send("GET /hold?id=left HTTP/1.1\r\nHost: a\r\n\r\n");
  await (await fetchOnce(`${stack.origin.url}/held?id=left`)).text();
  left[Symbol.dispose]();
  for (const [end, process] of endsOf(stack)) {
    const scrape = await eventually(
      () => Scrape.of(process),
      (scrape) => scrape.valueOrZero("tunnel_requests_total", { code: "499" }) === 1,
    );
    assert.equal(
      scrape.valueOrZero("tunnel_requests_total", { code: "503" }),
      end === "gateway" ? 1 : 0,
      end,
    );
    await eventually(
      () => Scrape.of(process),
      (scrape) =>
        scrape.value("tunnel_streams_collected_total", {
          reason: end === "gateway" ? "reset" : "reset-by-peer",
        }) === 1,
    );
  }
});

Deno.test("frames and bytes are counted as they cross the link: what one end sent the other received", async () => {
  const tap = new LinkTap();
  await using stack = await startProxiedStack({
    ...options,
    origin: startWsOrigin,
    proxy: { tap: tap.open },
  });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const payload = new Uint8Array(200_000).fill(1);
  await client.send(payload);
  assert.equal((await client.next()).bytes.length, payload.length);
  await client.close(1000);
  const directions: [direction: Direction, from: ChildProcess, to: ChildProcess][] = [
    ["up", stack.runner, stack.gateway.process],
    ["down", stack.gateway.process, stack.runner],
  ];
  for (const [direction, from, to] of directions) {
    const passed = new Map<string, number>();
    const counted = async (process: ChildProcess, way: "sent" | "received") => {
      const scrape = await Scrape.of(process);
      return {
        frames: Object.values(frameTypes).map((type) => [
          frameName(type),
          scrape.value("tunnel_frames_total", { direction: way, type: frameName(type) }),
        ]),
        bytes: scrape.value("tunnel_bytes_total", { direction: way }),
      };
    };
    const tapped = () => {
      passed.clear();
      for (const { type } of tap.frames(direction)) {
        passed.set(frameName(type), (passed.get(frameName(type)) ?? 0) + 1);
      }
      return Object.values(frameTypes).map((type) => [frameName(type), passed.get(frameName(type)) ?? 0]);
    };
    for (const [process, way] of [[from, "sent"], [to, "received"]] as const) {
      const { frames } = await eventually(
        () => counted(process, way),
        ({ frames }) => JSON.stringify(frames) === JSON.stringify(tapped()),
      );
      // 200,000 bytes in parts of 64 KiB.
      assert.equal(new Map(frames as [string, number][]).get("ws-message"), 4, direction);
    }
    const sent = await counted(from, "sent");
    await eventually(() => counted(to, "received"), ({ bytes }) => bytes === sent.bytes);
    const messages = tap.messages[direction];
    const payloads = messages.reduce((sum, { bytes }) => sum + bytes, 0);
    // A WebSocket header is 2 to 14 bytes a message; its closing handshake comes when the link ends.
    const framing = sent.bytes - payloads;
    assert.ok(
      framing >= 2 * messages.length && framing <= 14 * messages.length,
      `${framing} bytes of framing`,
    );
  }
});

Deno.test("streams are gauged by kind while they are open, and counted as finished when they are gone", async () => {
  await using stack = await startStack({ ...options, origin: startWsOrigin });
  await using origin = await startNodeOrigin();
  await using other = await startRunner(stack.gateway.wsUrl, origin.url, [
    "--name",
    "http",
    ...options.runnerArgs,
  ]);
  const open = (scrape: Scrape, kind: string) => scrape.value("tunnel_streams", { kind, state: "open" });
  const finished = async (process: ChildProcess) =>
    (await Scrape.of(process)).value("tunnel_streams_collected_total", { reason: "finished" });
  using first = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  using second = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const held = await RawHttpClient.connect(stack.gateway.port);
  await held.send("GET /hold?id=streams HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: http\r\n\r\n");
  await (await fetchOnce(`${origin.url}/held?id=streams`)).text();
  const gateway = stack.gateway.process;
  await eventually(
    () => Scrape.of(gateway),
    (scrape) => open(scrape, "websocket") === 2 && open(scrape, "http") === 1,
  );
  await eventually(
    () => Scrape.of(stack.runner),
    (scrape) => open(scrape, "websocket") === 2 && open(scrape, "http") === 0,
  );
  await eventually(() => Scrape.of(other), (scrape) => open(scrape, "http") === 1);
  await first.close(1000);
  await second.close(1000);
  await eventually(() => Scrape.of(gateway), (scrape) => open(scrape, "websocket") === 0);
  await eventually(() => Scrape.of(stack.runner), (scrape) => open(scrape, "websocket") === 0);
  await eventually(() => finished(gateway), (count) => count === 2);
  await eventually(() => finished(stack.runner), (count) => count === 2);
  const scrape = await Scrape.of(gateway);
  assert.equal(scrape.value("tunnel_requests_total", { code: "101" }), 2);
  // How long a WebSocket was open says nothing of speed.
  assert.equal(scrape.value("tunnel_request_duration_seconds_count"), 0);
  held[Symbol.dispose]();
  await eventually(() => Scrape.of(gateway), (scrape) => open(scrape, "http") === 0);
});

Deno.test("bytes held for an end that stands still are gauged to the byte, and are none once it goes on", async () => {
  await using stack = await startStack(options);
  const buffered = async (process: ChildProcess) => (await Scrape.of(process)).value("tunnel_buffered_bytes");
  const bytes = 100_000;
  await (await fetchOnce(`${stack.gateway.url}/name`)).text();
  stack.runner.signal("SIGSTOP");
  const upload = fetchOnce(`${stack.gateway.url}/hash`, { method: "POST", body: new Uint8Array(bytes) });
  // Its head, its end and as many pieces as it was read in, each reckoned at so much besides its payload.
  await eventually(
    () => buffered(stack.gateway.process),
    (held) => held >= bytes + 4 * frameCostBytes && (held - bytes) % frameCostBytes === 0,
  );
  stack.runner.signal("SIGCONT");
  assert.equal((await (await upload).json()).length, bytes);
  await eventually(() => buffered(stack.gateway.process), (held) => held === 0);
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET /stepped?id=held HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until("data: event 1\n\n");
  await eventually(() => buffered(stack.runner), (held) => held === 0);
  stack.gateway.process.signal("SIGSTOP");
  await (await fetchOnce(`${stack.origin.url}/step?id=held`)).text();
  await eventually(
    () => buffered(stack.runner),
    (held) => held === "data: event 2\n\n".length + frameCostBytes,
  );
  stack.gateway.process.signal("SIGCONT");
  await client.until("data: event 2\n\n");
  await eventually(() => buffered(stack.runner), (held) => held === 0);
});
