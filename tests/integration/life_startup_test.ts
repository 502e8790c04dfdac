import assert from "node:assert/strict";
import { rawRequest, textOf } from "../support/raw_http.ts";
import { ChildProcess, startGateway, startRunner, testToken, tunnel } from "../support/processes.ts";
import { healthOf, startStack } from "../support/stack.ts";

Deno.test("a gateway says where it listens, for clients and for runners", async () => {
  await using gateway = await startGateway();
  const { port, process } = gateway;
  await process.line(new RegExp(`runners +ws://127\\.0\\.0\\.1:${port}\\n`));
  assert.match(process.stdout, new RegExp(`tunnel gateway listens on http://127\\.0\\.0\\.1:${port}\\n`));
  assert.match(process.stdout, new RegExp(`clients +http://127\\.0\\.0\\.1:${port}/\\n`));
});

Deno.test("a gateway without a token makes one, and the line it prints starts a runner as it stands", async () => {
  await using gateway = tunnel(["gateway", "--hostname", "127.0.0.1", "--port", "0"]);
  const line = (await gateway.line(/^ *tunnel (runner .+)\n/m))[1];
  const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
  assert.match(line, / --token [\w-]{43} /, "256 bits");
  await using runner = tunnel(line.split(" "));
  await runner.line(/is connected to/);
  const health = JSON.parse(
    textOf(await rawRequest(port, "GET /.tunnel/health HTTP/1.1\r\nHost: g\r\n\r\n")),
  );
  assert.equal(health.links, 1);
});

Deno.test("each start makes another token", async () => {
  const tokens = new Set<string>();
  for (let i = 0; i < 2; i++) {
    await using gateway = tunnel(["gateway", "--hostname", "127.0.0.1", "--port", "0"]);
    tokens.add((await gateway.line(/--token (\S+)/))[1]);
  }
  assert.equal(tokens.size, 2);
});

Deno.test("a runner says what it is connected to and where it forwards", async () => {
  await using stack = await startStack({ runnerArgs: ["--name", "web"] });
  const { origin, gateway, runner } = stack;
  assert.equal(
    runner.stdout,
    `tunnel runner "web" is connected to 127.0.0.1:${gateway.port} and forwards to ${origin.url}\n`,
  );
});

for (const given of [["--token", "not-the-token"], ["--token", "x"]]) {
  Deno.test(`a wrong token (${given[1]}) is final: exit 2, and one line that says so without the token`, async () => {
    await using gateway = await startGateway();
    await using runner = tunnel([
      "runner",
      "--gateway-url",
      gateway.wsUrl,
      "--target",
      "http://127.0.0.1:9",
      ...given,
    ]);
    assert.equal((await runner.status()).code, 2);
    assert.match(runner.stderr, /^error: [^\n]*\(401\): The token is wrong: [^\n]+\n$/);
    assert.doesNotMatch(runner.stderr, /not-the-token/);
    await gateway.process.line(/link\.refused .*reason="?wrong token/);
    assert.equal((await healthOf(gateway)).links, 0);
  });
}

Deno.test("no token appears in any output, at the most talkative log level", async () => {
  await using gateway = await startGateway(["--log-level", "debug"]);
  await using runner = await startRunner(gateway.wsUrl, "http://127.0.0.1:9", ["--log-level", "debug"]);
  await using stranger = tunnel([
    ...["runner", "--gateway-url", gateway.wsUrl, "--target", "http://127.0.0.1:9"],
    ...["--token", "stranger-token", "--log-level", "debug"],
  ]);
  await stranger.status();
  await rawRequest(gateway.port, "GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  await gateway.process.line(/link\.refused/);
  for (const { stdout, stderr } of [gateway.process, runner, stranger]) {
    assert.doesNotMatch(stdout + stderr, new RegExp(`${testToken}|stranger-token`));
  }
});

Deno.test("--log-format json writes one JSON object a line", async () => {
  await using stack = await startStack({ gatewayArgs: ["--log-format", "json", "--log-level", "debug"] });
  await stack.gateway.process.line(/runner\.connected.*\n/);
  const lines = stack.gateway.process.stderr.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.some((line) => Object.values(line).includes("runner.connected")));
});

Deno.test("the gateway's paths for runners refuse what is no runner", async () => {
  await using gateway = await startGateway();
  const { port } = gateway;
  const plain = await rawRequest(port, "GET /.tunnel/link HTTP/1.1\r\nHost: g\r\n\r\n");
  assert.equal(plain.status, 426);
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const anonymous = await rawRequest(port, `GET /.tunnel/link HTTP/1.1\r\nHost: g\r\n${upgrade}\r\n`);
  assert.equal(anonymous.status, 401);
  assert.match(JSON.parse(textOf(anonymous)).message, /token is missing/);
  const noProtocol = `${upgrade}Authorization: Bearer ${testToken}\r\n`;
  const other = await rawRequest(port, `GET /.tunnel/link HTTP/1.1\r\nHost: g\r\n${noProtocol}\r\n`);
  assert.equal(other.status, 400);
  assert.match(JSON.parse(textOf(other)).message, /tunnel\.v1/);
});

Deno.test("paths are meant from where deno task was called", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/settings.json`, '{"hostname": "127.0.0.1", "port": 0, "token": "t"}');
  const args = ["task", "--quiet", "--config", Deno.realPathSync("deno.json"), "tunnel"];
  const gateway = ["gateway", "--config", "settings.json", "--capture", "captures"];
  await using process = new ChildProcess(Deno.execPath(), [...args, ...gateway], {
    cwd: folder,
    env: { INIT_CWD: folder },
  });
  await process.line(/listens on http:\/\/127\.0\.0\.1:/);
  const [, capture] = await process.line(/captures to (captures\/gateway-\S+)\n/);
  assert.ok((await Deno.stat(`${folder}/${capture}`)).isFile);
  process.signal("SIGTERM");
  await process.status();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what other programs say about where they were called is no matter of tunnel's, and a folder that is not there is told", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/settings.json`, '{"hostname": "127.0.0.1", "port": 0, "token": "t"}');
  const args = ["run", "--quiet", "--allow-all", Deno.realPathSync("main.ts"), "gateway"];
  await using process = new ChildProcess(Deno.execPath(), [...args, "--config", "settings.json"], {
    cwd: folder,
    env: { INIT_CWD: Deno.cwd() },
  });
  await process.line(/listens on http:\/\/127\.0\.0\.1:/);
  process.signal("SIGTERM");
  await process.status();
  await Deno.remove(folder, { recursive: true });
  await using lost = tunnel(["--version"], { env: { INIT_CWD: folder } });
  assert.equal((await lost.status()).code, 2);
  assert.match(
    lost.stderr,
    /^error: cannot change to .*, which INIT_CWD names: there is no such file\n$/,
  );
});
