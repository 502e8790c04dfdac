import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { field, rawRequest, textOf } from "../support/raw_http.ts";
import { type RunningGateway, startGateway, startRunner } from "../support/processes.ts";

let certificates: Certificates;
let gateway: RunningGateway;
let origin: Deno.HttpServer<Deno.NetAddr>;
let url: string;

/** What the origin over TLS answers: what it was asked, or an echo of WebSocket messages. */
async function serve(request: Request): Promise<Response> {
  if (request.headers.get("upgrade") === "websocket") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  }
  const body = await request.text();
  return Response.json({ url: request.url, body, host: request.headers.get("host") });
}

Deno.test.beforeAll(async () => {
  certificates = await makeCertificates();
  const { cert, key } = certificates;
  gateway = await startGateway();
  origin = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} }, serve);
  url = `https://127.0.0.1:${origin.addr.port}`;
});

Deno.test.afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await origin.shutdown();
  await certificates[Symbol.asyncDispose]();
});

Deno.test("an https origin is served through a plain gateway, requests and bodies", async () => {
  await using _runner = await startRunner(gateway.wsUrl, url, ["--ca-file", certificates.caFile]);
  for (let i = 0; i < 3; i++) {
    const response = await rawRequest(
      gateway.port,
      "POST /a%2Fb?c HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4\r\n\r\nbody",
    );
    assert.deepEqual(JSON.parse(textOf(response)), {
      url: "https://app.example/a%2Fb?c",
      body: "body",
      host: "app.example",
    });
  }
});

Deno.test("--host-header rewrite names an https origin by its own host and port", async () => {
  const args = ["--ca-file", certificates.caFile, "--host-header", "rewrite", "--name", "rewrite"];
  await using _runner = await startRunner(gateway.wsUrl, url, args);
  const response = await rawRequest(
    gateway.port,
    "GET / HTTP/1.1\r\nHost: app.example\r\nX-Tunnel-Runner: rewrite\r\n\r\n",
  );
  assert.equal(JSON.parse(textOf(response)).host, new URL(url).host);
});

Deno.test("a WebSocket reaches an https origin as wss", async () => {
  await using _runner = await startRunner(gateway.wsUrl, url, ["--ca-file", certificates.caFile]);
  const socket = new WebSocket(gateway.wsUrl);
  await once(socket, "open");
  socket.send("hello");
  assert.equal((await once(socket, "message"))[0].toString(), "hello");
  socket.close();
  await once(socket, "close");
});

Deno.test("an https origin whose certificate is not trusted gets 502 origin_unreachable, with the reason", async () => {
  await using _runner = await startRunner(gateway.wsUrl, url, ["--name", "untrusted"]);
  const response = await rawRequest(
    gateway.port,
    "GET / HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: untrusted\r\n\r\n",
  );
  assert.equal(response.status, 502);
  assert.equal(field(response, "x-tunnel-error"), "origin_unreachable");
  assert.match(JSON.parse(textOf(response)).message, /certificate/);
});

Deno.test("an http origin that is given as https gets 502 origin_unreachable", async () => {
  await using plain = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(),
  );
  const target = `https://127.0.0.1:${plain.addr.port}`;
  await using _runner = await startRunner(gateway.wsUrl, target, ["--name", "plain"]);
  const response = await rawRequest(
    gateway.port,
    "GET / HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: plain\r\n\r\n",
  );
  assert.equal(response.status, 502);
  assert.equal(field(response, "x-tunnel-error"), "origin_unreachable");
});
