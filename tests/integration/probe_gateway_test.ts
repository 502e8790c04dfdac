import assert from "node:assert/strict";
import { DialError } from "../../lib/net/mod.ts";
import { LinkRefusedError } from "../../lib/link/mod.ts";
import { dialProbe, type DialProbeOptions, type ProbeLink } from "../../lib/probe/mod.ts";
import { frameTypes, type ProbeResultFrame } from "../../lib/protocol/mod.ts";
import { endedProbe, probeDocument } from "../support/ping_probe.ts";
import { startGateway, startRunner, testToken } from "../support/processes.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";

const stack = sharedStack();

function dialTo(options: Partial<DialProbeOptions> = {}): Promise<ProbeLink> {
  return dialProbe({
    gatewayUrl: new URL(stack.gateway.wsUrl),
    token: testToken,
    runnerName: "default",
    sessionId: null,
    intervalMs: 1_000,
    sizeBytes: 8,
    ...options,
  });
}

/** Collects what comes over a link until it closes. */
function listenTo(link: ProbeLink) {
  const results: ProbeResultFrame[] = [];
  const closed = new Promise<{ reason: string; refused: boolean }>((resolve) => {
    link.events = {
      result: (frame) => results.push(frame),
      closed: (reason, refused) => resolve({ reason, refused }),
    };
  });
  return { results, closed };
}

function probe(probeId: number, payload = new Uint8Array(8)) {
  return { type: frameTypes.probe, probeId, origin: false, payload };
}

Deno.test("a probe comes back with its number, its payload and times of both machines", async () => {
  const link = await dialTo();
  const { results, closed } = listenTo(link);
  link.send(probe(4_294_967_295, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])));
  const [result] = await eventually(() => results, ({ length }) => length === 1);
  assert.equal(result.probeId, 4_294_967_295);
  assert.deepEqual(result.payload, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  assert.equal(result.problem, "");
  assert.ok(result.gatewayHeldUs > result.runnerHeldUs);
  for (const at of [result.gatewayRepliedAtUs, result.runnerRepliedAtUs]) {
    assert.ok(Math.abs(at / 1000 - Date.now()) < 60_000);
  }
  link.close();
  assert.equal((await closed).refused, false);
});

Deno.test("a prober faster than it asked to be is told so and cut off", async () => {
  const link = await dialTo({ intervalMs: 1_000 });
  const { results, closed } = listenTo(link);
  for (let i = 0; i < 50; i++) link.send(probe(i));
  const { reason, refused } = await closed;
  assert.equal(refused, true);
  assert.match(reason, /probes came faster than the 1000000 us apart/);
  assert.ok(results.length < 50);
});

Deno.test("a probe larger than was asked for is refused and cut off", async () => {
  const link = await dialTo({ sizeBytes: 8 });
  const { closed } = listenTo(link);
  link.send(probe(0, new Uint8Array(9)));
  assert.deepEqual(await closed, {
    reason: "a probe carried 9 bytes, where 8 were asked for",
    refused: true,
  });
});

Deno.test("probers together may not pass the gateway's total rate, and have it back when one leaves", async () => {
  const links = [];
  for (let i = 0; i < 5; i++) links.push(await dialTo({ intervalMs: 1 }));
  const closings = links.map((link) => listenTo(link).closed);
  await assert.rejects(dialTo({ intervalMs: 1 }), (error) => {
    assert.ok(error instanceof LinkRefusedError);
    assert.equal(error.status, 429);
    assert.match(error.message, /5000 probes a second from all probers together/);
    return true;
  });
  links[0].close();
  await closings[0];
  const next = await eventually(async () => {
    try {
      return await dialTo({ intervalMs: 1 });
    } catch (error) {
      if (error instanceof LinkRefusedError) return null;
      throw error;
    }
  }, (link) => link !== null);
  const nextClosed = listenTo(next!).closed;
  for (const link of [next!, ...links.slice(1)]) link.close();
  await Promise.all([nextClosed, ...closings]);
});

Deno.test("a probe's own path asks for an upgrade, the token and a known runner", async () => {
  const url = `${stack.gateway.url}/.tunnel/probe?interval-us=1000000&size=8`;
  const plain = await fetch(url);
  assert.equal(plain.status, 426);
  assert.match((await plain.json()).message, /probers' WebSockets/);
  await assert.rejects(
    dialTo({ token: "wrong" }),
    (error) => error instanceof LinkRefusedError && error.status === 401 && error.final,
  );
  await assert.rejects(
    dialTo({ runnerName: "nobody" }),
    (error) => error instanceof LinkRefusedError && error.status === 404,
  );
  await assert.rejects(
    dialTo({ sessionId: "00".repeat(16) }),
    (error) => error instanceof LinkRefusedError && error.status === 404,
  );
  await assert.rejects(dialTo({ gatewayUrl: new URL("ws://127.0.0.1:1") }), DialError);
});

Deno.test("a gateway that shuts down does not wait for probers", async () => {
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, stack.origin.url);
  const link = await dialTo({ gatewayUrl: new URL(gateway.wsUrl) });
  const { closed } = listenTo(link);
  gateway.process.signal("SIGTERM");
  assert.equal((await gateway.process.status()).code, 0);
  assert.equal((await closed).refused, false);
});

Deno.test("probes to the origin are HEAD requests, and OPTIONS once HEAD is not served", async () => {
  const seen: string[] = [];
  let headStatus = 204;
  await using origin = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response(null, { status: request.method === "HEAD" ? headStatus : 200 });
  });
  const target = `http://127.0.0.1:${origin.addr.port}/base/`;
  await using _runner = await startRunner(stack.gateway.wsUrl, target, ["--name", "methods"]);
  const args = ["--runner", "methods", "--origin", "--count", "3", "--interval", "50ms"];
  const served = await probeDocument(stack.gateway.wsUrl, args);
  assert.deepEqual(seen.splice(0), ["HEAD /base/", "HEAD /base/", "HEAD /base/"]);
  assert.deepEqual(served.sessions[0].originStatuses, [{ status: 204, count: 3 }]);
  headStatus = 405;
  const refused = await probeDocument(stack.gateway.wsUrl, args);
  assert.deepEqual(seen, ["HEAD /base/", "OPTIONS /base/", "OPTIONS /base/"]);
  assert.deepEqual(refused.sessions[0].originStatuses, [{ status: 200, count: 2 }, {
    status: 405,
    count: 1,
  }]);
});

Deno.test("an origin that cannot be reached fails its probes with the reason", async () => {
  await using _runner = await startRunner(stack.gateway.wsUrl, "http://127.0.0.1:1", ["--name", "no-origin"]);
  const args = ["--runner", "no-origin", "--origin", "--count", "2", "--interval", "5ms"];
  const { code, stdout } = await endedProbe(stack.gateway.wsUrl, args);
  assert.equal(code, 1);
  assert.match(stdout, /^seq 0 {2}failed after [\d.]+ ms: cannot connect to 127\.0\.0\.1:1/m);
  const without = await endedProbe(stack.gateway.wsUrl, args.filter((arg) => arg !== "--origin"));
  assert.equal(without.code, 0);
});

Deno.test("probes go ahead of a transfer that fills the link, and leave it whole", async () => {
  const megabytes = 256;
  const url = `${stack.gateway.url}/bytes?n=${megabytes * 1024 * 1024}`;
  const transfer = (async () => {
    let received = 0;
    const response = await fetch(url);
    if (response.status !== 200) throw new Error(`the origin answered ${response.status}`);
    for await (const chunk of response.body!) received += chunk.length;
    return received;
  })();
  await eventually(() => healthOf(stack.gateway), ({ streams }) => streams > 0);
  const document = await probeDocument(stack.gateway.wsUrl, ["--count", "50", "--interval", "2ms"]);
  assert.equal(document.sessions[0].received, 50);
  assert.equal(await transfer, megabytes * 1024 * 1024);
});
