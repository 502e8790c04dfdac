import assert from "node:assert/strict";
import { type Frame, frameTypes, resetCodes, resetName } from "../../lib/protocol/mod.ts";
import type { FrameOf } from "../support/frame_inbox.ts";
import { LinkClient } from "../support/link_client.ts";
import { startGateway } from "../support/processes.ts";
import { field, rawRequest } from "../support/raw_http.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

type Opening = FrameOf<typeof frameTypes.requestStart> | FrameOf<typeof frameTypes.wsOpen>;

const nothingHeld: Frame = { type: frameTypes.resume, last: true, streams: [] };

/** Acknowledges everything before `index` of the stream that `opening` opened. */
function ack(opening: Opening, index: number): Frame {
  const { gatewayId, requestId } = opening;
  return { type: frameTypes.ack, gatewayId, requestId, index, credit: 1024 * 1024 };
}

const text = ({ bytes }: { bytes: Uint8Array }) => new TextDecoder().decode(bytes);

/** Says hello as another link of the same runner. */
async function again(
  gatewayWsUrl: string,
  first: LinkClient,
  resumeGatewayId: number,
): Promise<{ link: LinkClient; welcome: FrameOf<typeof frameTypes.welcome> }> {
  const link = await LinkClient.open(gatewayWsUrl);
  link.send(link.hello({ sessionId: first.sessionId, resumeGatewayId }), nothingHeld);
  return { link, welcome: await link.frame(frameTypes.welcome) };
}

/** Opens a WebSocket through a runner driven by hand, which accepts it. */
async function acceptedSocket(gatewayWsUrl: string, link: LinkClient): Promise<[WsClient, Opening]> {
  const opening = WsClient.open(`${gatewayWsUrl}/`);
  const open = await link.frame(frameTypes.wsOpen);
  const { gatewayId, requestId } = open;
  link.send(
    { type: frameTypes.wsAccept, gatewayId, requestId, index: 0, headers: [], together: true },
    ack(open, 1),
  );
  return [await opening, open];
}

Deno.test("a runner that was lost before it had its welcome goes on: what was opened is opened again", async () => {
  await using gateway = await startGateway();
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl);
  const answer = fetch(`${gateway.url}/once`, { method: "POST", body: "unheard" });
  await first.frame(frameTypes.requestStart);
  first.ws.socket.terminate();
  const { link, welcome } = await again(gateway.wsUrl, first, 0);
  using _link = link;
  assert.equal(welcome.resumed, true);
  const { gatewayId, requestId, method } = await link.frame(frameTypes.requestStart);
  assert.equal(method, "POST");
  const of = { gatewayId, requestId };
  link.send(
    { type: frameTypes.responseStart, ...of, index: 0, status: 204, reason: "", headers: [] },
    { type: frameTypes.bodyEnd, ...of, index: 1, cut: false, stop: false, trailers: [] },
  );
  assert.equal((await answer).status, 204);
});

Deno.test("a hello that was held up on its way costs its own link alone: the session goes on", async () => {
  await using gateway = await startGateway();
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl);
  const [client, open] = await acceptedSocket(gateway.wsUrl, first);
  // It was said before the first link was welcomed.
  const late = await LinkClient.open(gateway.wsUrl);
  late.send(late.hello({ sessionId: first.sessionId, resumeGatewayId: 0 }), nothingHeld);
  assert.match((await late.frame(frameTypes.error)).message, /was welcomed since/);
  assert.equal((await late.ws.ended()).code, 1002);
  // Nor does it while the session waits for its next link.
  client.socket.send("one");
  assert.equal(text(await first.frame(frameTypes.wsMessage)), "one");
  first.ws.socket.terminate();
  await eventually(() => healthOf(gateway), ({ links }) => links === 0);
  const later = await LinkClient.open(gateway.wsUrl);
  later.send(later.hello({ sessionId: first.sessionId, resumeGatewayId: 0 }), nothingHeld);
  await later.frame(frameTypes.error);
  const { gatewayId, requestId } = open;
  const link = await LinkClient.open(gateway.wsUrl);
  const position = { requestId, received: 1, delivered: 1, credit: 1024 * 1024 };
  link.send(
    link.hello({ sessionId: first.sessionId, resumeGatewayId: gatewayId }),
    { ...nothingHeld, streams: [position] },
  );
  assert.equal((await link.frame(frameTypes.welcome)).resumed, true);
  assert.equal(text(await link.frame(frameTypes.wsMessage)), "one");
  client.socket.terminate();
});

Deno.test("a runner that has let go of its session is not taken to go on with it", async () => {
  await using gateway = await startGateway();
  const { link: first, welcome: former } = await LinkClient.welcomed(gateway.wsUrl);
  const [client, open] = await acceptedSocket(gateway.wsUrl, first);
  const get = fetch(`${gateway.url}/get`);
  const post = fetch(`${gateway.url}/post`, { method: "POST" });
  await first.frame(frameTypes.requestStart);
  const second = await first.frame(frameTypes.requestStart);
  first.send(ack(open, 1), ack(second, 1));
  // The gateway still takes this link for alive. The runner has been another gateway's since.
  const { link, welcome } = await again(gateway.wsUrl, first, former.gatewayId === 1 ? 2 : 1);
  using _link = link;
  assert.equal(welcome.resumed, false);
  const woken = await link.frame(frameTypes.wsOpen);
  assert.equal(woken.resumed, true);
  const repeated = await link.frame(frameTypes.requestStart);
  assert.equal(repeated.target, "/get");
  const refused = await post;
  assert.equal(refused.status, 502);
  assert.equal(refused.headers.get("x-tunnel-error"), "link_lost");
  await refused.body?.cancel();
  const { gatewayId, requestId } = repeated;
  link.send(
    {
      type: frameTypes.responseStart,
      gatewayId,
      requestId,
      index: 0,
      status: 200,
      reason: "OK",
      headers: [],
    },
    { type: frameTypes.bodyEnd, gatewayId, requestId, index: 1, cut: false, stop: false, trailers: [] },
  );
  assert.equal(await (await get).text(), "");
  assert.equal(link.frames(frameTypes.requestStart).length, 1);
  client.socket.terminate();
});

Deno.test("a runner that comes back from another gateway's session begins anew here", async () => {
  await using gateway = await startGateway();
  const { link: first, welcome } = await LinkClient.welcomed(gateway.wsUrl);
  const [client] = await acceptedSocket(gateway.wsUrl, first);
  first.ws.socket.terminate();
  const back = await again(gateway.wsUrl, first, welcome.gatewayId === 1 ? 2 : 1);
  using _link = back.link;
  assert.equal(back.welcome.resumed, false);
  assert.equal((await back.link.frame(frameTypes.wsOpen)).resumed, true);
  client.socket.terminate();
});

Deno.test("a PUT whose empty body the lost runner had is not repeated without its end", async () => {
  await using gateway = await startGateway();
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl);
  const answer = rawRequest(
    gateway.port,
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  );
  const start = await first.frame(frameTypes.requestStart);
  await first.frame(frameTypes.bodyEnd);
  first.send(ack(start, 2));
  await eventually(
    () => healthOf(gateway),
    ({ streams, bufferedBytes }) => streams === 1 && bufferedBytes === 0,
  );
  // A ping that comes back says that the acknowledgement was read.
  first.send({ type: frameTypes.ping, sequence: 7, sentAtUs: 0 });
  await first.frame(frameTypes.pong);
  first.ws.socket.terminate();
  const { link } = await LinkClient.welcomed(gateway.wsUrl);
  using _link = link;
  const response = await answer;
  assert.equal(response.status, 502);
  assert.equal(field(response, "x-tunnel-error"), "link_lost");
  assert.deepEqual(link.frames(frameTypes.requestStart), []);
});

Deno.test("a client that had closed when its runner was lost gets its answer, and wakes nowhere", async () => {
  await using gateway = await startGateway();
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl);
  const [client, open] = await acceptedSocket(gateway.wsUrl, first);
  client.socket.close(4321, "enough");
  const close = await first.frame(frameTypes.wsClose);
  assert.equal(close.code, 4321);
  first.send(ack(open, 2), { type: frameTypes.ping, sequence: 7, sentAtUs: 0 });
  await first.frame(frameTypes.pong);
  first.ws.socket.terminate();
  const { link } = await LinkClient.welcomed(gateway.wsUrl);
  using _link = link;
  assert.equal((await client.closed).code, 1000);
  assert.deepEqual(link.frames(frameTypes.wsOpen), []);
  await eventually(() => healthOf(gateway), ({ streams, hibernating }) => streams + hibernating === 0);
});

Deno.test("a client that closes while it waits for a runner is answered, and wakes nowhere", async () => {
  await using gateway = await startGateway();
  const { link: first } = await LinkClient.welcomed(gateway.wsUrl);
  const [client] = await acceptedSocket(gateway.wsUrl, first);
  first.send({ type: frameTypes.goAway, drainMs: 0, reason: "a test" });
  first.ws.socket.close();
  await eventually(() => healthOf(gateway), ({ hibernating }) => hibernating === 1);
  assert.equal((await client.close(4321)).code, 4321);
  await eventually(() => healthOf(gateway), ({ hibernating }) => hibernating === 0);
});

for (const code of [resetCodes.linkLost, resetCodes.resumeTimeout]) {
  Deno.test(`a runner that resets a stream with "${resetName(code)}" while its link is up ends it, and is not asked again`, async () => {
    await using gateway = await startGateway();
    const { link } = await LinkClient.welcomed(gateway.wsUrl);
    using _link = link;
    const [client, { gatewayId, requestId }] = await acceptedSocket(gateway.wsUrl, link);
    link.send({ type: frameTypes.reset, gatewayId, requestId, index: 1, code, reason: "no" });
    assert.equal((await client.ended()).code, 1006, "as where an origin breaks off");
    const get = fetch(`${gateway.url}/get`);
    const start = await link.frame(frameTypes.requestStart);
    const ids = { gatewayId, requestId: start.requestId };
    link.send({ type: frameTypes.reset, ...ids, index: 0, code, reason: "no" });
    const { status, headers } = await get;
    assert.deepEqual([status, headers.get("x-tunnel-error")], [502, "origin_failed"]);
    const openings = [...link.frames(frameTypes.wsOpen), ...link.frames(frameTypes.requestStart)];
    assert.equal(openings.length, 2, "each was opened once");
  });
}
