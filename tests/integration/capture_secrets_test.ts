import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import {
  type CapturedExchange,
  CaptureReader,
  ExchangeAssembler,
  readRecords,
} from "../../lib/capture/mod.ts";
import { startGateway, startRunner, testToken } from "../support/processes.ts";
import { bounded } from "../support/bounded.ts";
import { WsClient } from "../support/ws_client.ts";
import { captureFiles, stopAndWait, temporaryDirectory } from "../support/captures.ts";

const secrets = {
  authorization: "Bearer qK7-authorization-secret",
  cookie: "sid=qK7-cookie-secret",
  "proxy-authorization": "Basic qK7-proxy-secret",
  "x-api-key": "qK7-named-secret",
};
const setCookie = "sid=qK7-set-cookie-secret; Path=/";
const querySecret = "qK7-query-secret";
/** What every secret above has in it. */
const mark = "qK7-";

/** An origin that gives a secret of its own, says nothing of what it got, and takes WebSockets. */
function startOrigin() {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = (event) => socket.send(event.data);
      return response;
    }
    return new Response(`token was ${testToken}`, { headers: { "set-cookie": setCookie } });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

async function traffic(gateway: { url: string; wsUrl: string }): Promise<void> {
  const response = await fetch(`${gateway.url}/a?x-api-key=${querySecret}`, { headers: secrets });
  assert.equal(response.headers.get("set-cookie"), setCookie);
  assert.equal(await response.text(), `token was ${testToken}`);
  const client = await WsClient.open(`${gateway.wsUrl}/ws`, { headers: secrets });
  await client.send(`my token is ${testToken}`);
  assert.equal(await client.nextText(), `my token is ${testToken}`);
  await client.close(1000);
}

/** Runs traffic through a gateway and a runner that both capture; the bytes of all files they wrote. */
async function capture(directory: string, flags: string[]): Promise<Uint8Array> {
  const args = ["--capture", directory, ...flags];
  await using origin = startOrigin();
  await using gateway = await startGateway(args);
  const runnerArgs = ["--capture", join(directory, "runner.tunnelcap"), ...flags];
  await using runner = await startRunner(gateway.wsUrl, origin.url, runnerArgs);
  await traffic(gateway);
  await stopAndWait(runner, gateway.process);
  const raw = flags.includes("--capture-raw");
  for (const { stdout } of [runner, gateway.process]) {
    assert.equal(/WARNING: --capture-raw/.test(stdout), raw);
  }
  const files = captureFiles(directory);
  assert.equal(files.length, 2);
  return Buffer.concat(files.map((file) => Deno.readFileSync(file)));
}

Deno.test("no byte of a default capture is part of a secret, at the gateway or at the runner", async () => {
  await using directory = await temporaryDirectory();
  const bytes = Buffer.from(await capture(directory.path, ["--redact", "X-Api-Key"]));
  for (const secret of [mark, testToken, mark.toLowerCase(), Buffer.from(testToken).toString("base64")]) {
    assert.equal(bytes.indexOf(secret), -1, `"${secret}" stands in the capture`);
  }
  // Not because nothing was captured: what is no secret is there, and what was redacted keeps its length.
  assert.notEqual(bytes.indexOf("my token is "), -1);
  assert.notEqual(bytes.indexOf("my token is " + "*".repeat(testToken.length)), -1);
  for (const file of captureFiles(directory.path)) {
    using reader = CaptureReader.open(file);
    assert.equal(reader.header.raw, false);
    const exchanges: CapturedExchange[] = [];
    const assembler = new ExchangeAssembler({ side: reader.header.side, done: (one) => exchanges.push(one) });
    await bounded(readRecords(reader, (record) => assembler.add(record)), "the capture to be read");
    assembler.finish();
    const request = exchanges.find((exchange) => exchange.kind === "http")!;
    assert.equal(request.target, `/a?x-api-key=${"*".repeat(querySecret.length)}`);
    for (const [name, value] of Object.entries(secrets)) {
      const at = request.headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
      // A proxy's own credentials are not for the origin: they may have been taken off before.
      if (at === -1 && name === "proxy-authorization") continue;
      assert.equal(request.headers[at + 1], "*".repeat(value.length), name);
    }
  }
});

Deno.test("what a config file lists under redact is redacted", async () => {
  await using directory = await temporaryDirectory();
  const config = join(directory.path, "config.json");
  await Deno.writeTextFile(config, JSON.stringify({ redact: ["x-other", "X-Api-Key"] }));
  const bytes = Buffer.from(await capture(directory.path, ["--config", config]));
  for (const secret of [secrets["x-api-key"], querySecret]) assert.equal(bytes.indexOf(secret), -1);
});

Deno.test("a raw capture holds what was sent, and says so in its header and on the terminal", async () => {
  await using directory = await temporaryDirectory();
  const bytes = Buffer.from(await capture(directory.path, ["--capture-raw"]));
  for (const secret of [secrets.cookie, setCookie, querySecret]) assert.notEqual(bytes.indexOf(secret), -1);
  // The token itself travels in no frame: only what the client and the origin said of it is there.
  assert.notEqual(bytes.indexOf(`my token is ${testToken}`), -1);
  for (const file of captureFiles(directory.path)) {
    using reader = CaptureReader.open(file);
    assert.equal(reader.header.raw, true);
  }
});
