import assert from "node:assert/strict";
import { startGateway, testToken, tunnel } from "../support/processes.ts";
import { sharedStack } from "../support/stack.ts";
import { assertUsageError } from "../support/usage_error.ts";

const stack = sharedStack();

/** A file with `text`, removed at the end of the block that owns it. */
async function fileOf(text: string): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** A probe that works when the token that counts is right. */
async function probe(args: string[], env: Record<string, string>): Promise<{ code: number; stdout: string }> {
  const flags = ["--gateway-url", stack.gateway.wsUrl, "--count", "1", "--interval", "1ms"];
  await using process = tunnel(["ping-probe", ...flags, ...args], { env });
  const { code } = await process.status();
  return { code, stdout: process.stdout };
}

Deno.test("a token file on the command line wins over a token in the environment", async () => {
  await using file = await fileOf(testToken);
  assert.equal((await probe(["--token-file", file.path], { TUNNEL_TOKEN: "wrong" })).code, 0);
  assert.equal((await probe(["--token", testToken], { TUNNEL_TOKEN_FILE: "missing" })).code, 0);
});

Deno.test("a token in the environment wins over a token file of the config file", async () => {
  await using config = await fileOf(JSON.stringify({ "token-file": "missing" }));
  const args = ["--config", config.path];
  assert.equal((await probe(args, { TUNNEL_TOKEN: testToken })).code, 0);
  await using file = await fileOf(testToken);
  await using other = await fileOf(JSON.stringify({ token: "wrong" }));
  assert.equal((await probe(["--config", other.path], { TUNNEL_TOKEN_FILE: file.path })).code, 0);
});

Deno.test("a gateway takes the token of the file on its command line", async () => {
  await using file = await fileOf("of-the-file");
  const port = ["--hostname", "127.0.0.1", "--port", "0", "--admin-port", "0"];
  const env = { TUNNEL_TOKEN: "of-the-environment" };
  await using gateway = tunnel(["gateway", ...port, "--token-file", file.path], { env });
  const [, wsPort] = await gateway.line(/listens on http:\/\/127\.0\.0\.1:(\d+)/);
  const url = ["--gateway-url", `ws://127.0.0.1:${wsPort}`, "--target", "http://127.0.0.1:9"];
  await using runner = tunnel(["runner", ...url, "--token", "of-the-file"]);
  await runner.line(/is connected to/);
});

Deno.test("two tokens of one rank are refused, by the names they were given under", async () => {
  const env = { TUNNEL_TOKEN: "a", TUNNEL_TOKEN_FILE: "b" };
  await assertUsageError(["gateway"], /TUNNEL_TOKEN and TUNNEL_TOKEN_FILE exclude each other/, env);
  await using config = await fileOf(JSON.stringify({ token: "a", "token-file": "b" }));
  const says = /"token" of the config file and "token-file" of the config file exclude each other/;
  await assertUsageError(["gateway", "--config", config.path], says);
});

Deno.test("two formats in the environment are refused; one on the command line wins", async () => {
  const both = { TUNNEL_JSON: "yes", TUNNEL_NDJSON: "1", TUNNEL_TOKEN: testToken };
  await assertUsageError(["ping-probe"], /TUNNEL_JSON and TUNNEL_NDJSON exclude each other/, both);
  const { code, stdout } = await probe(["--ndjson"], { TUNNEL_JSON: "true", TUNNEL_TOKEN: testToken });
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout.split("\n", 1)[0]).type, "probe");
});

for (const value of ["false", "0", "no", "False", "NO"]) {
  Deno.test(`a switch whose variable says ${value} is off`, async () => {
    const env = { TUNNEL_JSON: value, TUNNEL_QUIET: value, TUNNEL_TOKEN: testToken };
    const { stdout } = await probe([], env);
    assert.match(stdout, /^seq 0 /m, "neither JSON nor the summary alone");
  });
}

for (const value of ["true", "1", "yes", "TRUE", "Yes"]) {
  Deno.test(`a switch whose variable says ${value} is on`, async () => {
    const { stdout } = await probe([], { TUNNEL_JSON: value, TUNNEL_TOKEN: testToken });
    assert.equal(typeof JSON.parse(stdout), "object");
  });
}

Deno.test("a switch turned off in the environment stays off whatever the config file says", async () => {
  await using config = await fileOf(JSON.stringify({ json: true }));
  const env = { TUNNEL_JSON: "false", TUNNEL_TOKEN: testToken };
  assert.match((await probe(["--config", config.path], env)).stdout, /^seq 0 /m);
});

Deno.test("a switch on the command line is on whatever the environment says", async () => {
  const { stdout } = await probe(["--json"], { TUNNEL_JSON: "maybe", TUNNEL_TOKEN: testToken });
  assert.equal(typeof JSON.parse(stdout), "object");
});

Deno.test("a switch whose variable says anything else is refused with what is accepted", async () => {
  const accepted = /accepted are true, 1, yes, false, 0, no/;
  for (const value of ["on", "", "2", "truth"]) {
    await assertUsageError(["gateway"], accepted, { TUNNEL_TRUST_FORWARDED: value });
  }
  await assertUsageError(["gateway"], /TUNNEL_CAPTURE_RAW is "off"/, { TUNNEL_CAPTURE_RAW: "off" });
  for (const name of ["ALL", "ORIGIN", "JSON", "NDJSON", "QUIET"]) {
    const says = new RegExp(`TUNNEL_${name} is "perhaps"; accepted are`);
    await assertUsageError(["ping-probe"], says, { [`TUNNEL_${name}`]: "perhaps" });
  }
});

Deno.test("TUNNEL_TRUST_FORWARDED=false passes on no X-Forwarded-Host of a client's", async () => {
  for (const [value, host] of [["false", "app"], ["true", "forged"]]) {
    await using gateway = await startGateway([], { env: { TUNNEL_TRUST_FORWARDED: value } });
    const target = ["--target", stack.origin.url, "--token", testToken];
    await using runner = tunnel(["runner", "--gateway-url", gateway.wsUrl, ...target]);
    await runner.line(/is connected to/);
    const headers = { Host: "app", "X-Forwarded-Host": "forged" };
    const seen = await (await fetch(`${gateway.url}/echo`, { headers })).json();
    assert.equal(
      valueOf(seen.rawHeaders, "x-forwarded-host"),
      value === "true" ? host : `127.0.0.1:${gateway.port}`,
    );
  }
});

function valueOf(rawHeaders: string[], name: string): string | undefined {
  return rawHeaders[rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name) + 1];
}
