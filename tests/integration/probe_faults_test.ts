import assert from "node:assert/strict";
import type { ProbeDocument } from "../../commands/ping_probe_document.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { endedProbe, linesOf, pingProbe, probeDocument } from "../support/ping_probe.ts";
import { type RunningGateway, startGateway, startNodeOrigin, startRunner } from "../support/processes.ts";

interface Faulty extends AsyncDisposable {
  gateway: RunningGateway;
  /** Between runner and gateway. */
  link: FaultProxy;
  /** Between prober and gateway. */
  access: FaultProxy;
}

async function startFaulty(): Promise<Faulty> {
  await using started = new AsyncDisposableStack();
  const gateway = started.use(await startGateway());
  const link = started.use(await FaultProxy.start(gateway.port));
  const access = started.use(await FaultProxy.start(gateway.port));
  const origin = started.use(await startNodeOrigin());
  started.use(await startRunner(link.wsUrl, origin.url));
  const owned = started.move();
  return { gateway, link, access, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const delayMs = 50;

/** The fastest of many probes is the one that the machine's other work added least to. */
function assertAddsDelay(minMs: number | undefined): void {
  assert.ok(minMs !== undefined && minMs >= 2 * delayMs * 0.95 && minMs <= 2 * delayMs * 1.25, `${minMs}`);
}

function summaryOf(stdout: string): ProbeDocument {
  return linesOf(stdout).at(-1) as unknown as ProbeDocument;
}

Deno.test("50 ms each way between gateway and runner show as 100 ms in that hop alone", async () => {
  await using faulty = await startFaulty();
  faulty.link.setConditions({ delayMs });
  const args = ["--count", "100", "--interval", "15ms", "--origin"];
  const { sessions: [{ hops, dominantHop, verdict }] } = await probeDocument(faulty.access.wsUrl, args);
  assertAddsDelay(hops.gatewayRunner?.minMs);
  assert.ok(hops.gatewayRunner!.p50Ms >= 95);
  assert.ok(hops.proberGateway!.p50Ms < delayMs, `${hops.proberGateway!.p50Ms}`);
  assert.ok(hops.runnerOrigin!.p50Ms < delayMs, `${hops.runnerOrigin!.p50Ms}`);
  assert.equal(dominantHop?.hop, "gatewayRunner");
  assert.match(verdict, /^Most of the time goes between gateway and runner/);
});

Deno.test("50 ms each way between prober and gateway show as 100 ms in that hop alone", async () => {
  await using faulty = await startFaulty();
  faulty.access.setConditions({ delayMs });
  const args = ["--count", "100", "--interval", "15ms"];
  const { sessions: [{ hops, dominantHop }] } = await probeDocument(faulty.access.wsUrl, args);
  assertAddsDelay(hops.proberGateway?.minMs);
  assert.ok(hops.gatewayRunner!.p50Ms < delayMs, `${hops.gatewayRunner!.p50Ms}`);
  assert.equal(dominantHop?.hop, "proberGateway");
});

Deno.test("jitter on the link shows as jitter and deviation of that hop", async () => {
  await using faulty = await startFaulty();
  faulty.link.setConditions({ jitterMs: 60 });
  const args = ["--count", "60", "--interval", "25ms"];
  const { sessions: [{ hops }] } = await probeDocument(faulty.access.wsUrl, args);
  // The sum of two even draws from 0 to 60 ms has a mean of 60 and a deviation of 24; order is kept, which adds.
  assert.ok(hops.gatewayRunner!.meanMs > 40, `mean ${hops.gatewayRunner!.meanMs}`);
  assert.ok(hops.gatewayRunner!.deviationMs > 10, `deviation ${hops.gatewayRunner!.deviationMs}`);
  assert.ok(hops.gatewayRunner!.jitterMs > hops.proberGateway!.jitterMs);
  assert.ok(hops.gatewayRunner!.jitterMs > 5, `jitter ${hops.gatewayRunner!.jitterMs}`);
});

Deno.test("a stall of 300 ms shows as a ramp and in p99, because probes leave all the while", async () => {
  await using faulty = await startFaulty();
  await using process = pingProbe(faulty.gateway.wsUrl, ["--count", "200", "--interval", "10ms", "--ndjson"]);
  await process.line(/"sequence":60,/);
  faulty.link.silence();
  await new Promise((resolve) => setTimeout(resolve, 300));
  faulty.link.speak();
  assert.equal((await process.status()).code, 0);
  const { sessions: [{ sent, received, roundTrip, hops }] } = summaryOf(process.stdout);
  assert.deepEqual([sent, received], [200, 200]);
  assert.ok(roundTrip!.p99Ms > 200, `p99 ${roundTrip!.p99Ms}`);
  assert.ok(hops.gatewayRunner!.p99Ms > 200, `p99 ${hops.gatewayRunner!.p99Ms}`);
  assert.ok(hops.proberGateway!.p99Ms < hops.gatewayRunner!.p99Ms, `p99 ${hops.proberGateway!.p99Ms}`);
  // One probe that waited 300 ms would be the sender's own patience: those behind it waited as well, each less.
  const waited = linesOf(process.stdout).filter(({ type, gatewayRunnerMs }) =>
    type === "probe" && Number(gatewayRunnerMs) > 50
  );
  assert.ok(waited.length >= 15, `${waited.length} probes saw the stall`);
});

Deno.test("probes that vanish between gateway and runner are lost, and break a bound on loss", async () => {
  await using faulty = await startFaulty();
  const args = [
    "--count",
    "100",
    "--interval",
    "10ms",
    "--timeout",
    "400ms",
    "--fail-loss",
    "1%",
    "--ndjson",
  ];
  await using process = pingProbe(faulty.gateway.wsUrl, args);
  await process.line(/"sequence":4,/);
  faulty.link.links()[0].dropAfter(0, "down");
  assert.equal((await process.status()).code, 1);
  const { passed, bounds, sessions: [{ sent, received, lost, lossPercent, verdict }] } = summaryOf(
    process.stdout,
  );
  assert.equal(sent, 100);
  assert.ok(received >= 5 && lost >= 5, `${received} received, ${lost} lost`);
  assert.equal(received + lost, 100);
  assert.equal(lossPercent, lost);
  assert.equal(passed, false);
  assert.deepEqual(bounds.filter(({ broken }) => broken).map(({ bound, found }) => [bound, found]), [
    ["loss", lossPercent],
  ]);
  assert.match(verdict, new RegExp(`${lost} of 100 probes got no answer in time\\.$`));
});

Deno.test("when nothing comes back the exit status is 1 and the verdict says so", async () => {
  await using faulty = await startFaulty();
  faulty.link.links()[0].dropAfter(0, "down");
  const args = ["--count", "3", "--interval", "10ms", "--timeout", "200ms"];
  const { code, stdout } = await endedProbe(faulty.gateway.wsUrl, args);
  assert.equal(code, 1);
  assert.match(stdout, /^seq 2 {2}lost: no answer within \d{3,}\.\d+ ms$/m);
  assert.match(stdout, /^No probe came back\.$/m);
  assert.match(stdout, /nothing came back$/m);
});

Deno.test("an answer behind its timeout is late, and measured", async () => {
  await using faulty = await startFaulty();
  await using process = pingProbe(
    faulty.gateway.wsUrl,
    ["--count", "0", "--interval", "50ms", "--timeout", "200ms", "--ndjson"],
  );
  await process.line(/"sequence":1,/);
  faulty.link.silence();
  await process.line(/"outcome":"lost"/);
  faulty.link.speak();
  await process.line(/"late":true/);
  process.signal("SIGINT");
  assert.equal((await process.status()).code, 130);
  const { interrupted, sessions: [{ late, lost, roundTrip }] } = summaryOf(process.stdout);
  assert.equal(interrupted, true);
  assert.ok(late >= 1 && late <= lost, `${late} late, ${lost} lost`);
  assert.ok(roundTrip!.maxMs >= 200, `${roundTrip!.maxMs}`);
});

Deno.test("a link that is down fails its probes at once, and they succeed when it is back", async () => {
  await using faulty = await startFaulty();
  await using process = pingProbe(faulty.gateway.wsUrl, ["--count", "0", "--interval", "25ms"]);
  await process.line(/^seq 2 {2}rtt /m);
  faulty.link.refuse(true);
  faulty.link.cut();
  const [, failed] = await process.line(
    /^seq (\d+) {2}failed after [\d.]+ ms: the link to the runner is down$/m,
  );
  faulty.link.refuse(false);
  await process.line(new RegExp(`^seq ${failed} [\\s\\S]*^seq \\d+  rtt `, "m"));
  process.signal("SIGINT");
  assert.equal((await process.status()).code, 130);
  assert.match(process.stdout, /^\d+ × the link to the runner is down$/m);
});

Deno.test("a prober whose own connection breaks says so, dials again and goes on", async () => {
  await using faulty = await startFaulty();
  await using process = pingProbe(faulty.access.wsUrl, ["--count", "0", "--interval", "25ms"]);
  await process.line(/^seq 2 {2}rtt /m);
  faulty.access.refuse(true);
  faulty.access.cut();
  const [, failed] = await process.line(
    /^seq (\d+) {2}failed after [\d.]+ ms: the connection to the gateway is down$/m,
  );
  faulty.access.refuse(false);
  await process.line(new RegExp(`^seq ${failed} [\\s\\S]*^seq \\d+  rtt `, "m"));
  process.signal("SIGINT");
  assert.equal((await process.status()).code, 130);
});
