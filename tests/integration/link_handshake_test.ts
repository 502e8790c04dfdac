import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { field, rawRequest } from "../support/raw_http.ts";
import { errorCodes, frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { startGateway, startRunner, startWsOrigin, testToken, tunnel } from "../support/processes.ts";
import { sharedStack } from "../support/stack.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

const stack = sharedStack({ origin: startWsOrigin });

async function refusalOf(opening: Promise<LinkClient>): Promise<UpgradeRefusedError> {
  try {
    using _link = await opening;
  } catch (error) {
    if (error instanceof UpgradeRefusedError) return error;
    throw error;
  }
  throw new Error("the link was accepted");
}

Deno.test("a link with a wrong token is refused with 401 before any WebSocket exists", async () => {
  const refusal = await refusalOf(LinkClient.open(stack.gateway.wsUrl, { token: "wrong-token" }));
  assert.equal(refusal.status, 401);
  assert.equal(refusal.headers["x-tunnel-error"], "wrong_token");
  assert.equal(refusal.headers["www-authenticate"], "Bearer");
  assert.doesNotMatch(refusal.body, /wrong-token|test-token/);
});

Deno.test("a link without a token is refused with 401, which says that it is missing", async () => {
  const refusal = await refusalOf(LinkClient.open(stack.gateway.wsUrl, { token: "" }));
  assert.equal(refusal.status, 401);
  assert.match(JSON.parse(refusal.body).message, /missing/);
});

Deno.test("a runner with a wrong token ends with status 2 and one line", async () => {
  await using runner = tunnel([
    "runner",
    ...["--gateway-url", stack.gateway.wsUrl, "--target", stack.origin.url, "--token", "wrong-token"],
  ]);
  const { code } = await runner.status();
  assert.equal(code, 2);
  assert.equal(runner.stdout, "");
  assert.match(runner.stderr, /^error: .*401.*token is wrong.*\n$/);
  assert.doesNotMatch(runner.stderr, /wrong-token/);
});

Deno.test("a runner that somebody before the gateway refuses for a while dials on", async () => {
  // Answers of a firewall or a proxy, of which the last has no word of the gateway's either.
  const refusals = ["403 Forbidden", "401 Unauthorized"];
  const sockets: Socket[] = [];
  const front = createServer((client) => {
    const refused = refusals.shift();
    sockets.push(client);
    client.on("error", () => {});
    if (refused !== undefined) {
      client.once("data", () => client.end(`HTTP/1.1 ${refused}\r\nContent-Length: 0\r\n\r\n`));
      return;
    }
    const gateway = connect(stack.gateway.port, "127.0.0.1");
    sockets.push(gateway);
    gateway.on("error", () => {});
    client.pipe(gateway).pipe(client);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const { port } = front.address() as AddressInfo;
  {
    await using runner = await startRunner(`ws://127.0.0.1:${port}`, stack.origin.url, ["--name", "behind"]);
    for (const status of [403, 401]) {
      assert.match(runner.stderr, new RegExp(` warn +link\\.down .*refused the link \\(${status}\\)`));
    }
    runner.signal("SIGTERM");
    assert.equal((await runner.status()).code, 0);
  }
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => front.close(resolve));
});

Deno.test("a gateway URL with a path that leads to no gateway is told with what was asked for", async () => {
  // Both requests are a client's: the origin answers the first, and no runner is there for the second.
  await using empty = await startGateway();
  const cases = [
    { gateway: stack.gateway, says: /is not a tunnel gateway/ },
    { gateway: empty, says: /refused the probe \(503\)/ },
  ];
  for (const { gateway, says } of cases) {
    await using probe = tunnel(["ping-probe", "--gateway-url", `${gateway.wsUrl}/app`, "--token", testToken]);
    assert.equal((await probe.status()).code, 2);
    assert.match(probe.stderr, says);
    assert.match(probe.stderr, /; it was asked for \/app\/\.tunnel\/probe, as its URL has a path\n$/);
  }
  await using plain = tunnel([
    "ping-probe",
    "--gateway-url",
    stack.gateway.wsUrl,
    "--token",
    testToken,
    "--runner",
    "no",
  ]);
  assert.equal((await plain.status()).code, 2);
  assert.match(plain.stderr, /refused the probe \(404\)/);
  assert.doesNotMatch(plain.stderr, /has a path/);
});

Deno.test("a link that asks for another subprotocol, or none, is refused with 400", async () => {
  for (const subprotocols of [["tunnel.v0"], []]) {
    const refusal = await refusalOf(LinkClient.open(stack.gateway.wsUrl, { subprotocols }));
    assert.equal(refusal.status, 400);
    assert.match(JSON.parse(refusal.body).message, /tunnel\.v1/);
  }
});

for (const path of ["link", "probe"]) {
  Deno.test(`a plain request to a ${path}'s path is told to upgrade`, async () => {
    const response = await rawRequest(
      stack.gateway.port,
      `GET /.tunnel/${path} HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    assert.equal(response.status, 426);
    assert.equal(field(response, "upgrade"), "websocket");
    assert.equal(field(response, "connection"), "Upgrade");
  });
}

Deno.test("the highest version that both sides know is chosen", async () => {
  const { link, welcome } = await LinkClient.welcomed(stack.gateway.wsUrl, {
    runnerName: "newer",
    minVersion: 1,
    maxVersion: 7,
  });
  using _link = link;
  assert.equal(welcome.version, 1);
  assert.equal(welcome.resumed, false);
  assert.equal(link.ws.socket.protocol, "tunnel.v1");
});

Deno.test("a runner of versions the gateway does not know gets an error frame and 1002 with both ranges", async () => {
  using link = await LinkClient.open(stack.gateway.wsUrl);
  link.send(link.hello({ minVersion: 2, maxVersion: 3 }));
  const error = await link.frame(frameTypes.error);
  assert.equal(error.code, errorCodes.version);
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /1 to 1.*2 to 3/);
});

Deno.test("hello must be right, and come first and once", async () => {
  const wrong: { why: RegExp; send: (link: LinkClient) => void }[] = [
    { why: /runner name/, send: (link) => link.send(link.hello({ runnerName: "not a name" })) },
    { why: /window/, send: (link) => link.send(link.hello({ initialWindow: 1 })) },
    { why: /second hello/, send: (link) => link.send(link.hello(), link.hello()) },
    {
      why: /before hello/,
      send: (link) => link.send({ type: frameTypes.resume, last: true, streams: [] }),
    },
    {
      why: /before the link was welcomed/,
      send: (link) =>
        link.send(link.hello(), {
          type: frameTypes.ack,
          gatewayId: 1,
          requestId: 1,
          index: 0,
          credit: 0,
        }),
    },
  ];
  for (const { why, send } of wrong) {
    using link = await LinkClient.open(stack.gateway.wsUrl);
    send(link);
    const { code, reason } = await link.ws.ended();
    assert.equal(code, 1002);
    assert.match(reason, why);
    assert.deepEqual(link.frames(frameTypes.welcome), []);
  }
});

Deno.test("a session id keeps the name it was first welcomed with", async () => {
  const first = await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: "first" });
  using _first = first.link;
  using second = await LinkClient.open(stack.gateway.wsUrl);
  second.send(
    second.hello({ runnerName: "second", sessionId: first.link.sessionId }),
    { type: frameTypes.resume, last: true, streams: [] },
  );
  const { code, reason } = await second.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /is named "first"/);
});

Deno.test("links that were refused have harmed nobody", async () => {
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  await client.send("still here");
  assert.equal(await client.nextText(), "still here");
  assert.doesNotMatch(stack.runner.stderr, /link\.down/);
});
