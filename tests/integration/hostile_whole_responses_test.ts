/** A gateway against runners that send whole responses where none may be. */
import assert from "node:assert/strict";
import { type Frame, frameTypes } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { sharedStack } from "../support/stack.ts";

// A link that is closed is over at once: its clients are answered, not held.
const stack = sharedStack({ gatewayArgs: ["--resume-window", "0s"] });

type Ids = { gatewayId: number; requestId: number };
const head = (ids: Ids, index: number): Frame => ({
  ...{ type: frameTypes.responseStart, ...ids, index, status: 200, reason: "OK", headers: [] },
});
const whole = (ids: Ids, index = 0): Frame => ({
  ...{ type: frameTypes.response, ...ids, index, status: 200, reason: "OK" },
  ...{ headers: ["Content-Length", "3"], bytes: new TextEncoder().encode("yes") },
});

async function openLink(runnerName: string): Promise<LinkClient> {
  return (await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName })).link;
}

/** A client's request that has come to a runner driven by hand. */
async function asked(
  runnerName: string,
  options: { method?: string; rest?: string; opening?: Opening } = {},
) {
  const { method = "GET", rest = "\r\n", opening = frameTypes.requestStart } = options;
  const link = await openLink(runnerName);
  const client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`${method} / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: ${runnerName}\r\n${rest}`);
  const { gatewayId, requestId } = await link.frame(opening);
  const dispose = () => {
    client[Symbol.dispose]();
    link[Symbol.dispose]();
  };
  return { link, client, ids: { gatewayId, requestId }, [Symbol.dispose]: dispose };
}

type Opening = typeof frameTypes.requestStart | typeof frameTypes.wsOpen;

async function assertClosed(link: LinkClient, why: RegExp): Promise<void> {
  const { code, reason } = await link.ws.ended();
  assert.equal(code, 1002);
  assert.match(reason, why);
}

/** The client has got the whole response. */
async function assertAnswered(client: RawHttpClient): Promise<void> {
  const { status, body, complete } = await client.response();
  assert.deepEqual([status, new TextDecoder().decode(body), complete], [200, "yes", true]);
}

Deno.test("what comes behind a whole response closes the link, and its client has the whole", async () => {
  const behind: [frame: (ids: Ids) => Frame, why: RegExp][] = [
    [(ids) => whole(ids, 1), /response has no place at stage "done"/],
    [(ids) => head(ids, 1), /response-start has no place at stage "done"/],
    [
      (ids) => ({ type: frameTypes.bodyChunk, ...ids, index: 1, bytes: new Uint8Array(1) }),
      /body-chunk has no place at stage "done"/,
    ],
  ];
  for (const [frame, why] of behind) {
    using given = await asked("violator");
    given.link.send(whole(given.ids), frame(given.ids));
    await assertClosed(given.link, why);
    await assertAnswered(given.client);
  }
});

Deno.test("a whole response before the request's body was sent closes the link, and the client is told", async () => {
  using given = await asked("hasty", { method: "POST", rest: "Content-Length: 10\r\n\r\nhello" });
  await given.link.frame(frameTypes.bodyChunk);
  given.link.send(whole(given.ids));
  await assertClosed(given.link, /a whole response came before the whole request was sent/);
  assert.equal((await given.client.response("POST")).status, 502);
});

Deno.test("a WebSocket that is answered with a whole response closes the link, and its client waits for a better runner", async () => {
  const rest = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  using given = await asked("mistaken", { rest, opening: frameTypes.wsOpen });
  given.link.send(whole(given.ids));
  await assertClosed(given.link, /response has no place at stage "start" of a websocket response/);
  using better = await openLink("mistaken");
  const { gatewayId, requestId, resumed } = await better.frame(frameTypes.wsOpen);
  assert.equal(resumed, false);
  better.send({ type: frameTypes.wsAccept, gatewayId, requestId, index: 0, headers: [], together: true });
  assert.equal((await given.client.response()).status, 101);
});

Deno.test("a whole response that comes again and again is given to its client once", async () => {
  using given = await asked("repeater", { method: "POST", rest: "Content-Length: 5\r\n\r\nhello" });
  await given.link.frame(frameTypes.bodyEnd);
  for (let i = 0; i < 50; i++) given.link.send(whole(given.ids));
  await assertAnswered(given.client);
  // The connection is kept, and what comes over it next is the answer to the next request.
  await given.client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: repeater\r\n\r\n");
  const { gatewayId, requestId } = await given.link.frame(frameTypes.requestStart);
  given.link.send(whole({ gatewayId, requestId }));
  await assertAnswered(given.client);
  assert.equal(given.link.ws.socket.readyState, given.link.ws.socket.OPEN);
});
