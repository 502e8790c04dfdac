import assert from "node:assert/strict";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import {
  type ChildProcess,
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
} from "../support/processes.ts";

const names = ["default", "api", "web"];

let owned: AsyncDisposableStack;
let gateway: RunningGateway;

Deno.test.beforeAll(async () => {
  owned = new AsyncDisposableStack();
  gateway = owned.use(await startGateway(["--domain", "Tunnel.Example"]));
  for (const name of names) {
    const origin: RunningOrigin = owned.use(await startNodeOrigin([], { env: { ORIGIN_NAME: name } }));
    const runner: ChildProcess = await startRunner(gateway.wsUrl, origin.url, ["--name", name]);
    owned.use(runner);
  }
});

Deno.test.afterAll(() => owned.disposeAsync());

/** Name of the origin that answers a request with these header lines. */
async function answeredBy(...lines: string[]): Promise<string> {
  const response = await rawRequest(gateway.port, ["GET /name HTTP/1.1", ...lines, "", ""].join("\r\n"));
  return response.status === 200
    ? textOf(response)
    : `${response.status} ${field(response, "x-tunnel-error")}`;
}

Deno.test("x-tunnel-runner names the runner", async () => {
  for (const name of names) {
    assert.equal(await answeredBy("Host: anything.example", `X-Tunnel-Runner: ${name}`), name);
  }
});

Deno.test("x-tunnel-runner goes before the host name", async () => {
  assert.equal(await answeredBy("Host: api.tunnel.example", "X-Tunnel-Runner: web"), "web");
});

Deno.test("names are the same in upper and lower case", async () => {
  assert.equal(await answeredBy("Host: app", "X-TUNNEL-RUNNER: API"), "api");
  assert.equal(await answeredBy("Host: API.Tunnel.EXAMPLE"), "api");
});

Deno.test("the label before --domain names the runner, with or without a port behind", async () => {
  assert.equal(await answeredBy("Host: web.tunnel.example"), "web");
  assert.equal(await answeredBy("Host: api.tunnel.example:8443"), "api");
});

Deno.test("the host of an absolute target names the runner, also in HTTP/1.0 without a Host", async () => {
  for (const rest of ["HTTP/1.1\r\nHost: web.tunnel.example", "HTTP/1.0"]) {
    const request = `GET http://api.tunnel.example/name ${rest}\r\n\r\n`;
    assert.equal(textOf(await rawRequest(gateway.port, request)), "api");
  }
});

Deno.test("a host written as far as the root, with a dot at its end, is the same host", async () => {
  assert.equal(await answeredBy("Host: web.tunnel.example."), "web");
  assert.equal(await answeredBy("Host: api.tunnel.example.:8443"), "api");
  assert.equal(await answeredBy("Host: nobody.tunnel.example."), "503 no_runner");
});

Deno.test("labels in front of the runner's are the application's own", async () => {
  assert.equal(await answeredBy("Host: tenant.staging.web.tunnel.example"), "web");
});

Deno.test("the domain itself and every other host go to the default runner", async () => {
  for (
    const host of ["tunnel.example", "other.example", "nottunnel.example", "127.0.0.1:8080", "[::1]:8080"]
  ) {
    assert.equal(await answeredBy(`Host: ${host}`), "default", host);
  }
});

Deno.test("a name that nobody bears is not served by another runner", async () => {
  assert.equal(await answeredBy("Host: nobody.tunnel.example"), "503 no_runner");
  assert.equal(await answeredBy("Host: app", "X-Tunnel-Runner: nobody"), "503 no_runner");
});

Deno.test("requests of one connection go each to its own runner", async () => {
  using client = await RawHttpClient.connect(gateway.port);
  for (const name of [...names, ...names.toReversed()]) {
    await client.send(`GET /name HTTP/1.1\r\nHost: ${name}.tunnel.example\r\n\r\n`);
    assert.equal(textOf(await client.response()), name);
  }
});
