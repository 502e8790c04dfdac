import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Ajv2020 } from "ajv/dist/2020.js";
import { endedProbe, linesOf, pingProbe, probeDocument } from "../support/ping_probe.ts";
import { startRunner, testToken, tunnel } from "../support/processes.ts";
import { eventually, sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const fast = ["--count", "5", "--interval", "10ms"];

function schemaOf(name: string): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL(`../../schemas/${name}`, import.meta.url)));
}

function validators() {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    formats: { "date-time": true },
  });
  const document = ajv.compile(schemaOf("ping-probe.schema.json"));
  const line = ajv.compile(schemaOf("ping-probe-ndjson.schema.json"));
  return { document, line };
}

Deno.test("one probe is one probe in the headline, and several leave one every so often", async () => {
  const one = await endedProbe(stack.gateway.wsUrl, ["--count", "1", "--size", "1B"]);
  assert.match(one.stdout, /: 1 probe of 1 byte\n/);
  const two = await endedProbe(stack.gateway.wsUrl, ["--count", "2", "--interval", "10ms"]);
  assert.match(two.stdout, /: 2 probes of 64 bytes, one every 10 ms\n/);
});

Deno.test("every probe gets a line whose parts add up to its round trip", async () => {
  const { code, stdout, stderr } = await endedProbe(stack.gateway.wsUrl, [...fast, "--origin"]);
  assert.equal(code, 0, stderr);
  const pattern =
    /^seq (\d+) {2}rtt ([\d.]+) ms {2}= probe ↔ gateway ([\d.]+) \+ gateway ↔ runner ([\d.]+) \+ runner ↔ origin ([\d.]+) {2}HTTP 200(?: {2}out of order)?$/gm;
  const lines = [...stdout.matchAll(pattern)];
  // Each origin probe has a connection of its own, so that one may overtake another.
  assert.deepEqual(lines.map(([, sequence]) => sequence).sort(), ["0", "1", "2", "3", "4"]);
  for (const [line, , rtt, ...parts] of lines) {
    const us = (text: string) => Math.round(Number(text) * 1000);
    assert.equal(parts.map(us).reduce((a, b) => a + b), us(rtt), line);
    assert.ok(parts.every((part) => Number(part) > 0), line);
  }
});

Deno.test("the summary has counts, percentiles of each hop, jitter, clocks, a histogram and a verdict", async () => {
  const { code, stdout } = await endedProbe(stack.gateway.wsUrl, [...fast, "--quiet"]);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /^seq /m);
  assert.match(
    stdout,
    /^5 sent, 5 received, 0 % unanswered \(0 lost, 0 failed, 0 late\), 0 duplicated, 0 out of order$/m,
  );
  assert.match(stdout, /^milliseconds +min +p50 +p90 +p99 +max +mean +deviation$/m);
  for (const hop of ["round trip", "probe ↔ gateway", "gateway ↔ runner"]) {
    assert.match(stdout, new RegExp(`^${hop} +([\\d.]+ *){7}$`, "m"));
  }
  assert.match(stdout, /^jitter \(RFC 3550\) [\d.]+ ms$/m);
  assert.match(
    stdout,
    /^clocks against this one: gateway [+−][\d.]+ ms ± [\d.]+ ms, runner [+−][\d.]+ ms ± /m,
  );
  assert.match(stdout, /█/);
  assert.match(stdout, /(Most of the time goes|No hop stands out; the longest part is) between /);
});

Deno.test("piped output has no escape sequences", async () => {
  await using process = tunnel(
    ["ping-probe", "--gateway-url", stack.gateway.wsUrl, "--token", testToken, ...fast],
    { env: { NO_COLOR: "", FORCE_COLOR: "1" } },
  );
  assert.equal((await process.status()).code, 0);
  assert.ok(!process.stdout.includes("\x1b"));
});

Deno.test("--json prints one document that its schema describes", async () => {
  const validate = validators().document;
  for (const extra of [[], ["--origin"], ["--fail-loss", "1%", "--fail-p99", "10s"]]) {
    const document = await probeDocument(stack.gateway.wsUrl, [...fast, ...extra]);
    assert.ok(validate(document), JSON.stringify(validate.errors));
    assert.equal(document.passed, true);
    assert.equal(document.sessions[0].received, 5);
  }
});

Deno.test("--ndjson prints a line a probe and a summary, each as its schema describes", async () => {
  const validate = validators().line;
  const { code, stdout } = await endedProbe(stack.gateway.wsUrl, [...fast, "--ndjson", "--origin"]);
  assert.equal(code, 0);
  const lines = linesOf(stdout);
  for (const line of lines) assert.ok(validate(line), JSON.stringify(validate.errors));
  assert.deepEqual(lines.map(({ type }) => type), ["probe", "probe", "probe", "probe", "probe", "summary"]);
});

Deno.test("the schemas refuse a document with a part missing or a stranger in it", async () => {
  const { document: validate, line } = validators();
  const document = await probeDocument(stack.gateway.wsUrl, fast);
  const { verdict: _, ...session } = document.sessions[0];
  assert.equal(validate({ ...document, sessions: [session] }), false);
  assert.equal(validate({ ...document, latency: 1 }), false);
  assert.equal(line({ type: "probe", outcome: "lost", session: "a", sequence: 1 }), false);
});

Deno.test("a broken bound ends in exit status 1 and a line that names it", async () => {
  const { code, stdout } = await endedProbe(stack.gateway.wsUrl, [...fast, "--fail-p99", "0.001ms"]);
  assert.equal(code, 1);
  assert.match(stdout, /p99 is [\d.]+ ms, --fail-p99 allows 0\.001 ms\n$/);
});

for (
  const [what, args, message] of [
    ["a wrong token", ["--token", "wrong"], /The token is wrong/],
    ["an unknown runner", ["--runner", "nobody"], /No runner named "nobody" is connected/],
    [
      "a gateway that cannot be reached",
      ["--gateway-url", "ws://127.0.0.1:1"],
      /cannot connect to 127\.0\.0\.1:1/,
    ],
    ["probes faster than the gateway allows", ["--interval", "0.5ms"], /1000 times a second at most/],
    ["probes larger than the gateway allows", ["--size", "17KiB"], /16384 bytes at most/],
    ["a count that is none", ["--count", "many"], /whole number/],
    ["a share without a percent sign", ["--fail-loss", "1"], /number and %/],
    ["--json and --ndjson together", ["--json", "--ndjson"], /--json and --ndjson exclude each other/],
  ] as [string, string[], RegExp][]
) {
  Deno.test(`${what} ends in exit status 2 and one line that says so`, async () => {
    const { code, stdout, stderr } = await endedProbe(stack.gateway.wsUrl, [...fast, ...args]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  });
}

Deno.test("an interrupt prints the summary and ends in exit status 130", async () => {
  await using process = pingProbe(stack.gateway.wsUrl, ["--count", "0", "--interval", "20ms"]);
  await process.line(/^seq 3 /m);
  process.signal("SIGINT");
  assert.equal((await process.status()).code, 130);
  assert.match(process.stdout, /^\d+ sent, \d+ received, 0 % unanswered/m);
});

Deno.test("SIGTERM prints the summary and ends with the verdict's exit status", async () => {
  await using process = pingProbe(stack.gateway.wsUrl, [
    "--count",
    "0",
    "--interval",
    "20ms",
    "--fail-p99",
    "1h",
  ]);
  await process.line(/^seq 3 /m);
  process.signal("SIGTERM");
  assert.equal((await process.status()).code, 0);
  assert.match(process.stdout, /^\d+ sent, /m);
});

Deno.test("a probe that is stopped before anybody answers it ends with 130 after an interrupt, else with 1 and one line", async () => {
  const connected: Socket[] = [];
  const silent = createServer((socket) => connected.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  for (const scheme of ["ws", "wss"]) {
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 1]] as const) {
      const before = connected.length;
      await using process = pingProbe(`${scheme}://${host}`, []);
      await eventually(() => connected.length, (now) => now > before);
      process.signal(signal);
      assert.deepEqual([(await process.status()).code, process.stdout], [code, ""], `${scheme} ${signal}`);
      const said = signal === "SIGINT" ? "" : `error: stopped before ${host} had said who answers\n`;
      assert.equal(process.stderr, said);
    }
  }
  for (const socket of connected) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

Deno.test("--all probes every session of a name side by side and ranks them", async () => {
  const { wsUrl } = stack.gateway;
  await using _one = await startRunner(wsUrl, stack.origin.url, ["--name", "crowd"]);
  await using _two = await startRunner(wsUrl, stack.origin.url, ["--name", "crowd"]);
  await using _three = await startRunner(wsUrl, stack.origin.url, ["--name", "crowd"]);
  const document = await probeDocument(wsUrl, [...fast, "--runner", "crowd", "--all"]);
  assert.equal(new Set(document.sessions.map(({ session }) => session.id)).size, 3);
  assert.deepEqual(document.sessions.map(({ rank, received }) => [rank, received]), [[1, 5], [2, 5], [3, 5]]);
  const medians = document.sessions.map(({ roundTrip }) => roundTrip?.p50Ms ?? 0);
  assert.deepEqual(medians, medians.toSorted((a, b) => a - b));
  const { stdout } = await endedProbe(wsUrl, [...fast, "--runner", "crowd", "--all"]);
  assert.equal(stdout.match(/^[0-9a-f]{8} {2}seq \d+ {2}rtt/gm)?.length, 15);
  assert.match(stdout, /^#1 runner "crowd"[\s\S]+^#2 runner "crowd"[\s\S]+^#3 runner "crowd"/m);
});

Deno.test("probes without a payload and with the largest one come back alike", async () => {
  const before = await probeDocument(stack.gateway.wsUrl, [
    "--count",
    "3",
    "--interval",
    "5ms",
    "--size",
    "0B",
  ]);
  const large = await probeDocument(stack.gateway.wsUrl, [
    "--count",
    "3",
    "--interval",
    "5ms",
    "--size",
    "16KiB",
  ]);
  assert.equal(before.sessions[0].received, 3);
  assert.equal(large.sessions[0].received, 3);
  assert.equal(large.sizeBytes, 16_384);
});

Deno.test("whoever stops reading the output stops the probes", async () => {
  const script = `"$0" run --quiet --allow-net --allow-read --allow-env main.ts ping-probe ` +
    `--gateway-url "$1" --token "$2" --count 0 --interval 5ms | head -n 2`;
  const { stdout, code, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, Deno.execPath(), stack.gateway.wsUrl, testToken],
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(new TextDecoder().decode(stdout).trimEnd().split("\n").length, 2);
});
