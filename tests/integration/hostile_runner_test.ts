/** A gateway against runners that break the protocol: it ends their links, answers their clients, and serves all others. */
import assert from "node:assert/strict";
import {
  type Frame,
  frameTypes,
  initialWindowBytes,
  maxPositionsPerFrame,
  resetCodes,
} from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { RawHttpClient, rawRequest, type RawResponse, textOf } from "../support/raw_http.ts";
import { testToken } from "../support/processes.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

// A link that is closed is over at once: its clients are answered, not held.
const stack = sharedStack({ gatewayArgs: ["--resume-window", "0s"] });

async function assertOthersServed(): Promise<void> {
  const response = await fetch(`${stack.gateway.url}/status?code=200`, { headers: { connection: "close" } });
  assert.equal(response.status, 200);
  await response.body?.cancel();
  assert.doesNotMatch(stack.runner.stderr, /link\.down/, "the other runner has noticed nothing");
}

/** Broken off, or told of the failure: never a success that is none. */
function assertNotWhole(response: RawResponse | null): void {
  if (response === null || !response.complete) return;
  assert.equal(response.status, 502, textOf(response));
}

/** A link of a runner of that name, welcomed. */
async function openLink(runnerName: string): Promise<LinkClient> {
  return (await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName })).link;
}

interface Asked {
  link: LinkClient;
  ids: { gatewayId: number; requestId: number };
  /** `null` when the connection broke off before anything came. */
  response: Promise<RawResponse | null>;
}

/** A client's request that has come to a runner driven by hand. */
async function asked(runnerName: string, method = "GET"): Promise<Asked> {
  const link = await openLink(runnerName);
  const body = method === "POST" ? "Content-Length: 5\r\n\r\nhello" : "\r\n";
  const request = `${method} / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: ${runnerName}\r\n${body}`;
  const response = rawRequest(stack.gateway.port, request).catch((error: Error) => {
    if (!error.message.startsWith("no response came")) throw error;
    return null;
  });
  const { gatewayId, requestId } = await link.frame(frameTypes.requestStart);
  return { link, ids: { gatewayId, requestId }, response };
}

type Ids = Asked["ids"];
const head = (ids: Ids, index = 0, headers: readonly string[] = []): Frame => ({
  ...{ type: frameTypes.responseStart, ...ids, index, status: 200, reason: "OK", headers },
});
const chunk = (ids: Ids, index: number, bytes: number): Frame => ({
  ...{ type: frameTypes.bodyChunk, ...ids, index, bytes: new Uint8Array(bytes) },
});
const whole = (ids: Ids, index: number, bytes: number, headers: readonly string[] = []): Frame => ({
  ...{ type: frameTypes.response, ...ids, index, status: 200, reason: "OK", headers },
  bytes: new Uint8Array(bytes),
});
const end = (ids: Ids, index: number, cut = false): Frame => ({
  ...{ type: frameTypes.bodyEnd, ...ids, index, cut, stop: false, trailers: [] },
});

/** What breaks the protocol within a stream that a client waits for: it costs the link, and the client hears so. */
const violations: { what: string; reason: RegExp; send: (ids: Ids) => Frame[] }[] = [
  {
    what: "an index far out of the window",
    reason: /index 20000 arrived/,
    send: (ids) => [head(ids, 20_000)],
  },
  { what: "a gap", reason: /index 1 arrived where 0/, send: (ids) => [chunk(ids, 1, 1)] },
  { what: "a body before its head", reason: /body-chunk has no place/, send: (ids) => [chunk(ids, 0, 1)] },
  {
    what: "an accepted WebSocket where a response is due",
    reason: /ws-accept has no place/,
    send: (ids) => [{ type: frameTypes.wsAccept, ...ids, index: 0, headers: [], together: true }],
  },
  {
    what: "a WebSocket's message where a response is due",
    reason: /ws-message has no place/,
    send: (ids) => [{
      ...{
        type: frameTypes.wsMessage,
        ...ids,
        index: 0,
        binary: true,
        final: true,
        bytes: new Uint8Array(1),
      },
    }],
  },
  {
    what: "a request where a response is due",
    reason: /request-start has no place/,
    send: (ids) => [{
      ...{
        type: frameTypes.requestStart,
        ...ids,
        index: 0,
        method: "GET",
        target: "/",
        headers: [],
        hasBody: false,
      },
    }],
  },
  { what: "two heads", reason: /response-start has no place/, send: (ids) => [head(ids), head(ids, 1)] },
  {
    what: "a whole response behind a head",
    reason: /response has no place at stage "body"/,
    send: (ids) => [head(ids), whole(ids, 1, 3)],
  },
  {
    what: "a body cut short that was wanted whole",
    reason: /cut short/,
    send: (ids) => [head(ids), end(ids, 1, true)],
  },
  {
    what: "an acknowledgement of frames that were never sent",
    reason: /index 900 was acknowledged/,
    send: (ids) => [{ type: frameTypes.ack, ...ids, index: 900, credit: 65_536 }],
  },
  {
    what: "a frame for another gateway's stream",
    reason: /is for gateway 1/,
    send: (ids) => [{ ...head(ids), gatewayId: ids.gatewayId === 1 ? 2 : 1 } as Frame],
  },
];

for (const { what, reason, send } of violations) {
  Deno.test(`${what} closes the link with 1002, and its client is told or cut off`, async () => {
    const { link, ids, response } = await asked("violator");
    using _link = link;
    // Message by message: none above what a link may carry.
    for (const frame of send(ids)) link.send(frame);
    const close = await link.ws.ended();
    assert.equal(close.code, 1002);
    assert.match(close.reason, what.includes("another gateway") ? /is for gateway/ : reason);
    assertNotWhole(await response);
    await assertOthersServed();
  });
}

Deno.test("what comes behind the end of a response closes the link, and its client has the whole", async () => {
  const { link, ids, response } = await asked("violator");
  using _link = link;
  link.send(head(ids), chunk(ids, 1, 3), end(ids, 2), chunk(ids, 3, 1));
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /body-chunk has no place at stage "done"/);
  const { status, body, complete } = (await response)!;
  assert.deepEqual([status, body.length, complete], [200, 3, true]);
  await assertOthersServed();
});

Deno.test("more bytes than there is credit close the link with 1002", async () => {
  const link = await openLink("pusher");
  using _link = link;
  using client = await RawHttpClient.connect(stack.gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: pusher\r\n\r\n");
  const { gatewayId, requestId } = await link.frame(frameTypes.requestStart);
  const ids = { gatewayId, requestId };
  link.send(head(ids));
  // The client reads nothing: once the kernel holds what it can, no more credit is given.
  for (let i = 1; i <= 512; i++) link.send(chunk(ids, i, 65_536));
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /bytes arrived with a credit of/);
  await assertOthersServed();
});

/** Heads and bodies that are frames of the protocol, but no HTTP: they cost the stream alone. */
const badResponses: { what: string; send: (ids: Ids) => Frame[] }[] = [
  { what: "a line break in a header", send: (ids) => [head(ids, 0, ["X-A", "1\r\nX-B: 2"])] },
  { what: "a character that no header may have", send: (ids) => [head(ids, 0, ["X-A", "\u20ac"])] },
  { what: "a name that is none", send: (ids) => [head(ids, 0, ["a b", "1"])] },
  { what: "two lengths", send: (ids) => [head(ids, 0, ["Content-Length", "1", "content-length", "2"])] },
  { what: "a length that is none", send: (ids) => [head(ids, 0, ["Content-Length", "1x"])] },
  { what: "a transfer coding", send: (ids) => [head(ids, 0, ["Transfer-Encoding", "chunked"])] },
  {
    what: "a body longer than its head said",
    send: (ids) => [head(ids, 0, ["Content-Length", "1"]), chunk(ids, 1, 2)],
  },
  {
    what: "a body shorter than its head said",
    send: (ids) => [head(ids, 0, ["Content-Length", "3"]), chunk(ids, 1, 2), end(ids, 2)],
  },
  { what: "a line break in a header of a whole", send: (ids) => [whole(ids, 0, 1, ["X-A", "1\r\nX-B: 2"])] },
  {
    what: "a whole body longer than its head said",
    send: (ids) => [whole(ids, 0, 2, ["Content-Length", "1"])],
  },
  {
    what: "a whole body shorter than its head said",
    send: (ids) => [whole(ids, 0, 2, ["Content-Length", "3"])],
  },
];

for (const { what, send } of badResponses) {
  Deno.test(`a response with ${what} reaches no client, and costs the stream alone`, async () => {
    const { link, ids, response } = await asked("odd");
    using _link = link;
    link.send(...send(ids));
    const reset = await link.frame(frameTypes.reset);
    assert.equal(reset.requestId, ids.requestId);
    assert.equal(reset.code, resetCodes.cancelled);
    assertNotWhole(await response);
    assert.equal(link.ws.socket.readyState, link.ws.socket.OPEN);
    await assertOthersServed();
  });
}

Deno.test("frames for streams that nobody opened are answered with a reset each, and the link stays", async () => {
  using link = await openLink("stranger");
  using other = await LinkClient.open(stack.gateway.wsUrl);
  other.send(other.hello({ runnerName: "stranger-2" }), { type: frameTypes.resume, last: true, streams: [] });
  const { gatewayId } = await other.frame(frameTypes.welcome);
  const strange = Array.from({ length: 3_000 }, (_, i) => i + 1_000_000);
  for (const requestId of strange) {
    const ids = { gatewayId, requestId };
    link.send(head(ids), { type: frameTypes.ack, ...ids, index: 5, credit: 1 });
    link.send({ type: frameTypes.reset, ...ids, index: 0, code: 0, reason: "" });
  }
  await eventually(() => link.frames(frameTypes.reset).length, (resets) => resets === strange.length);
  assert.deepEqual(
    new Set(link.frames(frameTypes.reset).map(({ code }) => code)),
    new Set([resetCodes.unknownStream]),
  );
  assert.equal(link.ws.socket.readyState, link.ws.socket.OPEN);
  await assertOthersServed();
});

Deno.test("what came before is ignored when it comes again", async () => {
  const { link, ids, response } = await asked("repeater");
  using _link = link;
  const frames = [head(ids, 0, ["Content-Length", "3"]), chunk(ids, 1, 3)];
  for (let i = 0; i < 50; i++) link.send(...frames);
  link.send(end(ids, 2));
  const { status, body, complete } = (await response)!;
  assert.deepEqual([status, body.length, complete], [200, 3, true]);
});

Deno.test("a second hello, or a welcome of the runner's, closes a link that was welcomed", async () => {
  for (const again of [(link: LinkClient) => link.hello(), () => resume([], true)]) {
    using link = await openLink("twice");
    link.send(again(link));
    assert.equal((await link.ws.ended()).code, 1002);
  }
  await assertOthersServed();
});

Deno.test("an empty link message closes the link with 1002", async () => {
  using link = await openLink("empty");
  link.sendBytes(new Uint8Array(0));
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /must hold a frame/);
});

Deno.test("resume frames without end are ended at 2^20 streams", async () => {
  using link = await LinkClient.open(stack.gateway.wsUrl);
  link.send(link.hello({ runnerName: "endless" }));
  const position = { requestId: 1, received: 0, delivered: 0, credit: 0 };
  const full = resume(new Array(maxPositionsPerFrame).fill(position), false);
  for (let i = 0; i < 300; i++) link.send(full);
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, /more than 1048576 streams/);
  await assertOthersServed();
});

Deno.test("a list of streams that are not known is answered with a reset each", async () => {
  using link = await openLink("lister");
  using again = await LinkClient.open(stack.gateway.wsUrl);
  const streams = Array.from({ length: 2_000 }, (_, i) => ({
    ...{ requestId: 2_000_000 + i, received: 9, delivered: 9, credit: initialWindowBytes },
  }));
  const { gatewayId } = link.frames(frameTypes.welcome)[0];
  again.send(
    again.hello({ runnerName: "lister", sessionId: link.sessionId, resumeGatewayId: gatewayId }),
    resume(streams, true),
  );
  assert.equal((await again.frame(frameTypes.welcome)).resumed, true);
  await eventually(() => again.frames(frameTypes.reset).length, (resets) => resets === streams.length);
  await assertOthersServed();
});

Deno.test("compressed, unmasked and garbled WebSocket frames close the link with 1002", async () => {
  const frames: [what: string, bytes: number[]][] = [
    ["the compression bit", [0xc2, 0x81, 1, 2, 3, 4, 5]],
    ["no mask", [0x82, 0x01, 0x80]],
    ["a reserved opcode", [0x8b, 0x80, 1, 2, 3, 4]],
    ["a continuation of nothing", [0x80, 0x81, 1, 2, 3, 4, 5]],
    ["a fragmented ping", [0x09, 0x80, 1, 2, 3, 4]],
    ["a length with its highest bit set", [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4]],
    ["noise", Array.from({ length: 400 }, (_, i) => (i * 151 + 67) & 0xff)],
  ];
  for (const [what, bytes] of frames) {
    using link = await openLink("garbler");
    rawSocketOf(link).write(Uint8Array.from(bytes));
    const { code } = await link.ws.ended();
    assert.ok(code === 1002 || code === 1009, `${what}: ${code}`);
  }
  await assertOthersServed();
});

Deno.test("what no prober may send ends its connection with 1002, and nobody else's", async () => {
  const url = `${stack.gateway.wsUrl}/.tunnel/probe?interval-us=1000000&size=8`;
  const wrong: [what: string, data: string | Uint8Array][] = [
    ["text", "hello"],
    ["nothing", new Uint8Array(0)],
    ["noise", Uint8Array.of(0xff, 0x00, 0x13)],
    ["a ping", Uint8Array.of(0x83, 0x04, 0x00, 0x00)],
    ["a probe that is cut short", Uint8Array.of(0x84, 0x03, 0x01)],
  ];
  for (const [what, data] of wrong) {
    using prober = await WsClient.open(url, {
      headers: { authorization: `Bearer ${testToken}` },
      protocols: ["tunnel.v1"],
    });
    prober.socket.send(data);
    assert.equal((await prober.ended()).code, 1002, what);
  }
  await assertOthersServed();
});

Deno.test("a flood of pings is answered ping by ping, and the link stays", async () => {
  using link = await openLink("pinger");
  const count = 20_000;
  for (let from = 0; from < count; from += 500) {
    const pings = Array.from({ length: 500 }, (_, i) => from + i);
    link.send(...pings.map((sequence): Frame => ({ type: frameTypes.ping, sequence, sentAtUs: 1 })));
  }
  await eventually(() => link.frames(frameTypes.pong).length, (pongs) => pongs === count);
  await assertOthersServed();
});

Deno.test("handshakes that come byte by byte hold up nobody", async () => {
  const start = "GET /.tunnel/link HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n";
  using open = new DisposableStack();
  const slow = await Promise.all(
    Array.from({ length: 300 }, () => RawHttpClient.connect(stack.gateway.port)),
  );
  for (const client of slow) open.use(client);
  for (const character of start) {
    await Promise.all(slow.map((client) => client.send(character)));
  }
  await assertOthersServed();
});

Deno.test("a thousand links that end as soon as they are welcomed leave nothing", async () => {
  for (let round = 0; round < 10; round++) {
    const links = await Promise.all(Array.from({ length: 100 }, (_, i) => openLink(`crowd-${i}`)));
    for (const link of links) link[Symbol.dispose]();
  }
  const { streams } = await eventually(() => healthOf(stack.gateway), ({ links }) => links === 1);
  assert.equal(streams, 0);
  await assertOthersServed();
});

function resume(
  streams: { requestId: number; received: number; delivered: number; credit: number }[],
  last: boolean,
): Frame {
  return { type: frameTypes.resume, last, streams };
}

/** The TCP socket beneath a link, to write what no WebSocket library would. */
function rawSocketOf(link: LinkClient): { write(bytes: Uint8Array): void } {
  return (link.ws.socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket;
}
