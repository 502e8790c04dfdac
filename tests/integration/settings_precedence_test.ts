import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { rawRequest, textOf } from "../support/raw_http.ts";
import { startGateway, startNodeOrigin, testToken, tunnel } from "../support/processes.ts";

const listening = /listens on http:\/\/(\S+):(\d+)/;

/** A file with `settings` as JSON, removed at the end of the block that owns it. */
async function configFile(settings: unknown): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  // Some programs put a byte order mark in front.
  await Deno.writeTextFile(path, `\ufeff${JSON.stringify(settings)}`);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

Deno.test("a setting of the config file wins over the default", async () => {
  await using file = await configFile({ hostname: "127.0.0.1", port: 0, "log-format": "json" });
  await using gateway = tunnel(["gateway", "--config", file.path]);
  const [, hostname, port] = await gateway.line(listening);
  assert.equal(hostname, "127.0.0.1");
  assert.notEqual(port, "8080");
});

Deno.test("an environment variable wins over the config file", async () => {
  await using file = await configFile({ hostname: "127.0.0.1", port: 0 });
  await using gateway = tunnel(["gateway", "--config", file.path], { env: { TUNNEL_HOSTNAME: "127.0.0.2" } });
  assert.equal((await gateway.line(listening))[1], "127.0.0.2");
});

Deno.test("a flag wins over the environment and the config file", async () => {
  await using file = await configFile({ hostname: "127.0.0.1", port: 0 });
  const args = ["gateway", "--config", file.path, "--hostname", "127.0.0.3"];
  await using gateway = tunnel(args, { env: { TUNNEL_HOSTNAME: "127.0.0.2" } });
  assert.equal((await gateway.line(listening))[1], "127.0.0.3");
});

Deno.test("what the environment and a config file hold for other times is no error when it has no meaning now", async () => {
  await using file = await configFile({ hostname: "127.0.0.1", port: 0, redact: ["key"], "admin-port": 0 });
  const env = { TUNNEL_CAPTURE_MAX: "1MiB", TUNNEL_ADMIN_TOKEN: "t", TUNNEL_TLS_RELOAD: "5s" };
  await using gateway = tunnel(["gateway", "--config", file.path], { env });
  await gateway.line(listening);
});

Deno.test("the admin port's IPv6 address may be written as in a URL", async () => {
  const args = ["gateway", "--hostname", "127.0.0.1", "--port", "0", "--admin-port", "any"];
  await using gateway = tunnel([...args, "--admin-hostname", "[::1]"]);
  const [, url] = await gateway.line(/inspector (http:\/\/\[::1\]:\d+\/)/);
  assert.equal((await (await fetch(url)).text()).startsWith("<!doctype html>"), true);
});

Deno.test("TUNNEL_CONFIG names the config file", async () => {
  await using file = await configFile({ hostname: "127.0.0.2", port: 0 });
  await using gateway = tunnel(["gateway"], { env: { TUNNEL_CONFIG: file.path } });
  assert.equal((await gateway.line(listening))[1], "127.0.0.2");
});

Deno.test("a runner takes all it needs from the environment", async () => {
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  await using runner = tunnel(["runner"], {
    env: {
      TUNNEL_GATEWAY_URL: gateway.wsUrl,
      TUNNEL_TARGET: origin.url,
      TUNNEL_TOKEN: testToken,
      TUNNEL_NAME: "from-env",
      TUNNEL_HOST_HEADER: "rewrite",
    },
  });
  await runner.line(/"from-env" is connected to/);
  const request = "GET /echo HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: from-env\r\n\r\n";
  const seen = JSON.parse(textOf(await rawRequest(gateway.port, request)));
  assert.ok(seen.rawHeaders.includes(new URL(origin.url).host));
});

Deno.test("a token file serves both ends, with a line end behind the token", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "from-a-file\n");
    const args = ["--hostname", "127.0.0.1", "--port", "0", "--token-file", path];
    await using gateway = tunnel(["gateway", ...args]);
    const [, , port] = await gateway.line(listening);
    assert.doesNotMatch(gateway.stdout, /--token/, "a token that was given is not printed");
    const target = ["--gateway-url", `http://127.0.0.1:${port}`, "--target", "http://127.0.0.1:9"];
    await using runner = tunnel(["runner", ...target, "--token-file", path]);
    await runner.line(/is connected to/);
  } finally {
    await Deno.remove(path);
  }
});

for (const args of [["--help"], ["gateway", "--help"], ["runner", "--help"], ["help"], ["help", "gateway"]]) {
  Deno.test(`tunnel ${args.join(" ")} prints its usage and exits with 0`, async () => {
    await using process = tunnel(args);
    assert.equal((await process.status()).code, 0);
    assert.match(process.stdout, /^Usage: tunnel /);
    assert.equal(process.stderr, "");
  });
}

Deno.test("each flag's help names its environment variable", async () => {
  for (const command of ["gateway", "runner"]) {
    await using process = tunnel([command, "--help"]);
    await process.status();
    const flags = process.stdout.match(/^ {2}(?:-\w, )?--[\w-]+/gm)!.map((flag) => flag.trim())
      .filter((flag) => !flag.endsWith("--help"));
    assert.ok(flags.length > 10);
    for (const flag of flags) {
      const variable = `TUNNEL_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`;
      assert.ok(process.stdout.replace(/\s+/g, " ").includes(`env: ${variable}`), variable);
    }
  }
});

Deno.test("tunnel --version prints the version of deno.json", async () => {
  await using process = tunnel(["--version"]);
  assert.equal((await process.status()).code, 0);
  assert.equal(process.stdout, `${config.version}\n`);
});

Deno.test("tunnel without a command prints its usage on standard error and exits with 2", async () => {
  await using process = tunnel([]);
  assert.equal((await process.status()).code, 2);
  assert.match(process.stderr, /^Usage: tunnel /);
  assert.equal(process.stdout, "");
});

Deno.test("a token of a kind that none can be is refused without being told", async () => {
  for (
    const [key, value] of [["token", ["s3cret"]], ["admin-token", { s: "s3cret" }], ["token", 'a "s3cret']]
  ) {
    await using file = await configFile({ [key as string]: value });
    await using gateway = tunnel(["gateway", "--hostname", "127.0.0.1", "--config", file.path]);
    assert.equal((await gateway.status()).code, 2);
    assert.match(gateway.stderr, new RegExp(`^error: .*"${key}" (?:must be|is) .*\\*\\*\\*.*\n$`));
    assert.doesNotMatch(gateway.stderr, /s3cret/);
  }
});
