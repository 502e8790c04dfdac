import assert from "node:assert/strict";
import { api, withAdmin } from "../support/admin.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { LinkClient } from "../support/link_client.ts";
import { type ChildProcess, startRunner, startWsOrigin, testToken, tunnel } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { rawRequest } from "../support/raw_http.ts";
import { eventually, startStack } from "../support/stack.ts";
import { assertUsageError } from "../support/usage_error.ts";
import { WsClient } from "../support/ws_client.ts";

interface Line {
  time: string;
  level: string;
  event: string;
  [field: string]: unknown;
}

const levels = ["debug", "info", "warn", "error"];
const streamId = /^[0-9a-f]{8}-[0-9]+$/;
const messageId = /^[0-9a-f]{8}-[0-9]+:[0-9]+$/;

function linesOf(process: ChildProcess): string[] {
  return process.stderr.split("\n").filter((line) => line !== "");
}

function readJson(line: string): Line {
  return JSON.parse(line);
}

/** One line of the format for people, by its grammar: time, level, event, then `name=value` or `name="value"`. */
function readText(line: string): Line {
  const match =
    /^(\S+) (debug|info|warn|error) *? ([a-z_.]+)((?: [a-zA-Z]+=(?:[^\s"=]+|"(?:[^"\\]|\\.)*"))*)$/.exec(
      line,
    );
  assert.ok(match !== null, `not a line of the log: ${line}`);
  const [, time, level, event, rest] = match;
  const fields = [...rest.matchAll(/ ([a-zA-Z]+)=([^\s"=]+|"(?:[^"\\]|\\.)*")/g)].map(([, name, value]) => [
    name,
    value.startsWith('"') ? JSON.parse(value) : value,
  ]);
  return { time, level, event, ...Object.fromEntries(fields) };
}

/** What must never be in a log, each as a client, an origin or an operator gives it. */
const secrets = {
  authorization: "s3cret-authorization",
  cookie: "s3cret-cookie",
  query: "s3cret-query",
  password: "s3cret-password",
  body: "s3cret-body",
  message: "s3cret-message",
  adminToken: "s3cret-admin-token",
  wrongToken: "s3cret-wrong-token",
};

/** Everything that logs speak of: requests good and bad, WebSockets, a lost link, a runner that is refused, a drain. */
async function liveThrough(
  format: "text" | "json",
): Promise<{ gateway: ChildProcess; runner: ChildProcess }> {
  const args = [
    "--log-level",
    "debug",
    "--log-format",
    format,
    ...withAdmin,
    "--admin-token",
    secrets.adminToken,
  ];
  const stack = await startProxiedStack({ gatewayArgs: args, runnerArgs: args });
  await using _stack = stack;
  await using ws = await startWsOrigin();
  await using _other = await startRunner(stack.gateway.wsUrl, ws.url, ["--name", "ws"]);
  const { url, port, wsUrl, process } = stack.gateway;
  const headers = {
    authorization: `Bearer ${secrets.authorization}`,
    cookie: `session=${secrets.cookie}`,
    "proxy-authorization": `Basic ${secrets.authorization}`,
  };
  const body = secrets.body;
  await (await fetchOnce(`${url}/echo?token=${secrets.query}`, { method: "POST", headers, body })).text();
  await (await fetchOnce(`${url}/cookies`)).text();
  await (await fetchOnce(`${url}/none?q=${secrets.query}`, { headers: { "x-tunnel-runner": "nobody" } }))
    .text();
  await assert.rejects(async () => await (await fetchOnce(`${url}/die?length&q=${secrets.query}`)).text());
  await rawRequest(
    port,
    `GET http://user:${secrets.password}@app/name HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`,
  );
  await rawRequest(port, `GET /x HTTP/1.1\r\nHost: a\r\nAuthorization ${secrets.authorization}\r\n\r\n`);
  const client = await WsClient.open(`${wsUrl}/echo?key=${secrets.query}`, {
    headers: { ...headers, "x-tunnel-runner": "ws" },
  });
  await client.send(secrets.message);
  await client.next();
  await client.close(1000);
  await assert.rejects(LinkClient.open(wsUrl, { token: secrets.wrongToken }));
  const admin = { headers: { authorization: `Bearer ${secrets.wrongToken}` } };
  assert.equal((await api(process, `requests?q=${secrets.query}`, admin)).status, 401);
  const right = { headers: { authorization: `Bearer ${secrets.adminToken}` } };
  assert.equal((await api(process, "requests/1/replay", { method: "POST", ...right })).status, 200);
  stack.proxy.cut();
  await stack.proxy.accepted(2);
  await process.line(/runner\.resumed/);
  await (await fetchOnce(`${url}/name`)).text();
  stack.runner.signal("SIGTERM");
  await stack.runner.status();
  process.signal("SIGTERM");
  await process.status();
  return { gateway: process, runner: stack.runner };
}

for (const [format, read] of [["text", readText], ["json", readJson]] as const) {
  Deno.test(`at debug, as ${format}, every line says when, how bad and what, and of what stream or link`, async () => {
    const ends = await liveThrough(format);
    for (const [end, process] of Object.entries(ends)) {
      const lines = linesOf(process).map(read);
      const events = new Set(lines.map(({ event }) => event));
      let session: unknown;
      for (const line of lines) {
        const { time, level, event } = line;
        assert.match(time, /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$/);
        assert.ok(levels.includes(level), level);
        if (event.startsWith("frame.")) assertFrame(line);
        const isOfStream = event === "request" && line.problem !== "no_runner";
        if (isOfStream) assert.match(String(line.stream), streamId, Deno.inspect(line));
        if (end === "gateway" && event === "runner.connected") session = line.session;
        const isOfLink = /^(?:link|frame)\./.test(event) || (/^runner\./.test(event) && end === "gateway");
        // Before its hello nobody knows whose a link is.
        const known = end === "runner" || line.runner !== undefined;
        if (isOfLink && known) {
          assert.match(String(line.session), /^[0-9a-f]{32}$/, Deno.inspect(line));
          assert.ok(["default", "ws"].includes(String(line.runner)), Deno.inspect(line));
        }
        if (isOfLink && end === "gateway") assert.ok(line.address !== undefined, Deno.inspect(line));
      }
      const expected = end === "gateway"
        ? [
          "runner.connected",
          "runner.resumed",
          "link.closed",
          "link.phase",
          "request",
          "link.refused",
          "frame.sent",
        ]
        : ["link.up", "link.down", "request", "runner.draining", "frame.sent", "frame.received"];
      for (const event of expected) assert.ok(events.has(event), `${event} at the ${end}: ${[...events]}`);
      if (end === "gateway") assert.ok(session !== undefined);
    }
  });

  Deno.test(`as ${format}, no line at any level holds a secret`, async () => {
    const { gateway, runner } = await liveThrough(format);
    for (const process of [gateway, runner]) {
      const printed = process.stdout + process.stderr;
      assert.match(printed, /POST/, "the request with the secrets was logged");
      for (const [what, secret] of Object.entries({ ...secrets, token: testToken, value: "HttpOnly" })) {
        assert.ok(
          !printed.includes(secret),
          `${what} in ${printed.split("\n").find((line) => line.includes(secret))}`,
        );
        assert.ok(!printed.includes(btoa(secret)), what);
      }
    }
  });
}

/** A frame is told in words: of a stream by its message id, what it is, and what it says. */
function assertFrame({ frame, id, says }: Line): void {
  const ofLink = ["hello", "welcome", "resume", "ping", "pong", "go-away", "error"];
  if (ofLink.includes(String(frame))) assert.equal(id, undefined);
  else assert.match(String(id), messageId, String(frame));
  assert.ok(String(says).length > 0);
  if (frame === "request-start") assert.match(String(says), /^[A-Z]+ \/[^?]*, [0-9]+ headers?/);
  if (frame === "body-chunk") assert.match(String(says), /^[0-9]+ bytes?$/);
  if (frame === "response-start") assert.match(String(says), /^[0-9]{3}/);
}

Deno.test("each level leaves out what is less, and off leaves out everything", async () => {
  for (const [at, level] of [...levels, "off"].entries()) {
    await using stack = await startStack({ gatewayArgs: ["--log-level", level] });
    const nobody = { headers: { "x-tunnel-runner": "nobody" } };
    assert.equal((await fetchOnce(stack.gateway.url, nobody)).status, 503);
    await assert.rejects(LinkClient.open(stack.gateway.wsUrl, { token: "wrong" }));
    await (await fetchOnce(`${stack.gateway.url}/name`)).text();
    stack.gateway.process.signal("SIGTERM");
    await stack.gateway.process.status();
    const seen = new Set(linesOf(stack.gateway.process).map((line) => readText(line).level));
    for (const [rank, name] of levels.entries()) {
      if (rank < at) assert.ok(!seen.has(name), `${name} at ${level}`);
    }
    // Each of them is something that just happened, but for errors.
    for (const name of ["debug", "info", "warn"].slice(at)) assert.ok(seen.has(name), `${name} at ${level}`);
  }
});

Deno.test("what goes wrong at an origin is told by its runner, with the stream and the reason", async () => {
  await using stack = await startStack();
  await assert.rejects(async () => await (await fetchOnce(`${stack.gateway.url}/die?length`)).text());
  await stack.runner.line(/request .*problem=origin_failed/);
  const line = linesOf(stack.runner).map(readText).find(({ event }) => event === "request")!;
  assert.match(String(line.stream), streamId);
  assert.deepEqual([line.level, line.method, line.path, line.runner], ["info", "GET", "/die", "default"]);
  assert.match(String(line.reason), /connection ended/);
  const atGateway = await eventually(
    () => linesOf(stack.gateway.process).map(readText).find(({ event }) => event === "request"),
    (line) => line !== undefined,
  );
  assert.deepEqual([atGateway!.stream, atGateway!.problem], [line.stream, line.problem]);
});

Deno.test("what happens by the hundred is told twenty times, and then how often it happened", async () => {
  await using stack = await startStack();
  const nobody = { headers: { "x-tunnel-runner": "nobody" } };
  for (let i = 0; i < 100; i++) await (await fetchOnce(stack.gateway.url, nobody)).text();
  await assert.rejects(async () => await (await fetchOnce(`${stack.gateway.url}/die?length`)).text());
  stack.gateway.process.signal("SIGTERM");
  await stack.gateway.process.status();
  const lines = linesOf(stack.gateway.process).map(readText);
  const told = lines.filter(({ problem, event }) => event === "request" && problem === "no_runner").length;
  const repeated = lines.filter(({ event, problem }) => event === "log.repeated" && problem === "no_runner");
  const summed = repeated.reduce((sum, { times }) => sum + Number(times), 0);
  assert.equal(told + summed, 100);
  assert.ok(told >= 20 && told <= 60, `${told} of 100 one by one`);
  assert.ok(repeated.every(({ of, withinMs }) => of === "request" && Number(withinMs) >= 0));
  const other = lines.filter(({ problem }) => problem === "origin_failed");
  assert.equal(other.length, 1, "what is of another kind is told all the same");
});

Deno.test("no value of a client's makes a line that is not one, or something that a terminal obeys", async () => {
  await using stack = await startStack({ gatewayArgs: ["--log-level", "debug"] });
  const hostile = [
    "/a%0d%0a2026-01-01T00:00:00.000Z error fake=1",
    "/\u009b31m",
    "/\u202egnp.exe",
    '/"quoted"=x',
    "/\u2028line",
  ];
  for (const path of hostile) {
    const bytes = new TextEncoder().encode(
      `GET ${path.replaceAll(" ", "%20")} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    await rawRequest(stack.gateway.port, bytes);
  }
  stack.gateway.process.signal("SIGTERM");
  await stack.gateway.process.status();
  const { stderr } = stack.gateway.process;
  for (const line of linesOf(stack.gateway.process)) readText(line);
  // deno-lint-ignore no-control-regex -- they are what must not be there
  assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]|\p{Cf}/u);
});

Deno.test("an error about a setting does not repeat a secret that was in it", async () => {
  const runner = ["runner", "--target", "http://h", "--token", "t"];
  const cases: [args: string[], env?: Record<string, string>][] = [
    [["gateway", "--token", "s3cret one"]],
    [["gateway", "--token", "s3cret' is invalid one"]],
    [["gateway", "--admin-token", "s3cret one"]],
    [["gateway"], { TUNNEL_TOKEN: "s3cret\none" }],
    [[...runner, "--gateway-url", "ws://user:s3cret@h"]],
    [["runner", "--gateway-url", "ws://h", "--token", "t", "--target", "http://u:s3@cret@h"]],
  ];
  for (const [args, env] of cases) {
    await assertUsageError(args, /is invalid\. A /, env);
    await using process = tunnel(args, { env });
    await process.status();
    assert.doesNotMatch(process.stderr, /s3|cret|one/);
    if (env !== undefined) assert.match(process.stderr, /from env 'TUNNEL_TOKEN'/);
  }
});
