/** A runner against a gateway that breaks the protocol: it ends the link, says why, dials again and serves on. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { type Frame, frameTypes, maxLinkMessageBytes, resetCodes } from "../../lib/protocol/mod.ts";
import { bounded } from "../support/bounded.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { LinkServer, ServedLink } from "../support/link_server.ts";
import {
  type ChildProcess,
  type RunningOrigin,
  startNodeOrigin,
  startWsOrigin,
  testToken,
  tunnel,
} from "../support/processes.ts";
import { eventually } from "../support/stack.ts";

/** A runner that dials `server`, and its origin. */
async function startRunnerOf(
  server: { wsUrl: string },
  startOrigin: () => Promise<RunningOrigin> = startNodeOrigin,
  more: string[] = [],
): Promise<{ runner: ChildProcess; origin: RunningOrigin } & AsyncDisposable> {
  const origin = await startOrigin();
  const args = ["--gateway-url", server.wsUrl, "--target", origin.url, "--token", testToken, ...more];
  const runner = tunnel(["runner", ...args]);
  const dispose = async () => {
    await runner[Symbol.asyncDispose]();
    await origin[Symbol.asyncDispose]();
  };
  return { runner, origin, [Symbol.asyncDispose]: dispose };
}

const gatewayId = 7;
const lastList: Frame = { type: frameTypes.resume, last: true, streams: [] };
const start = (requestId: number, changes: Record<string, unknown> = {}): Frame => ({
  ...{ type: frameTypes.requestStart, gatewayId, requestId, index: 0, method: "GET", target: "/name" },
  ...{ headers: ["Host", "a"], hasBody: false },
  ...changes,
} as Frame);
const wsOpen = (requestId: number): Frame => ({
  ...{
    type: frameTypes.wsOpen,
    gatewayId,
    requestId,
    index: 0,
    target: "/report-close",
    headers: ["Host", "a"],
  },
  ...{ resumed: false, subprotocol: "" },
});

/** The runner answers a request over this link. */
async function assertServes(link: ServedLink, requestId = 9_999): Promise<void> {
  link.send(start(requestId));
  const head = await eventually(
    () => link.frames(frameTypes.response).find((frame) => frame.requestId === requestId),
    (frame) => frame !== undefined,
  );
  assert.equal(head!.status, 200);
}

/** Answers to a hello that no gateway may give, and what the runner closes with. */
const badAnswers: { what: string; reason: RegExp; answer: (link: ServedLink) => void }[] = [
  ...[0, 65_535, 2 ** 40].map((initialWindow) => ({
    what: `a window of ${initialWindow} bytes`,
    reason: /welcome's window must be 65536 to 16777216 bytes/,
    answer: (link: ServedLink) => link.send(ServedLink.welcome({ initialWindow }), lastList),
  })),
  {
    what: "a version it did not offer",
    reason: /chose protocol version 2/,
    answer: (link) => link.send(ServedLink.welcome({ version: 2 }), lastList),
  },
  {
    what: "two welcomes",
    reason: /second welcome/,
    answer: (link) => link.send(ServedLink.welcome(), ServedLink.welcome()),
  },
  {
    what: "a list before the welcome",
    reason: /resume must follow welcome/,
    answer: (link) => link.send(lastList),
  },
  {
    what: "streams before the welcome",
    reason: /before the link was welcomed/,
    answer: (link) => link.send(start(1)),
  },
  { what: "text", reason: /must be binary/, answer: (link) => link.socket.send("welcome") },
  { what: "nothing", reason: /must hold a frame/, answer: (link) => link.socket.send(new Uint8Array(0)) },
  { what: "noise", reason: /./, answer: (link) => link.socket.send(Uint8Array.of(0xff, 0xee, 0xdd)) },
];

Deno.test("an answer to hello that no gateway may give ends the link with 1002, and the runner dials again", async () => {
  await using server = await LinkServer.start();
  for (const { what, reason, answer } of badAnswers) {
    // Each its own: one that is wronged again and again waits longer and longer.
    await using under = await startRunnerOf(server);
    const { link } = await server.link();
    answer(link);
    const close = await link.ended();
    assert.equal(close.code, 1002, what);
    assert.match(close.reason, reason, what);
    await under.runner.line(new RegExp(`link\\.down.*${reason.source}`));
    await assertServes(await server.welcomed());
  }
});

interface Breach {
  what: string;
  /** @default 1002 */
  code?: number;
  reason: RegExp;
  send: (link: ServedLink) => void;
}

/** What a gateway must not send over a link that is up. */
const breaches: Breach[] = [
  { what: "a hello", reason: /must not send hello/, send: (link) => link.send(helloFrame()) },
  {
    what: "a second welcome",
    reason: /second welcome/,
    send: (link) => link.send(ServedLink.welcome()),
  },
  {
    what: "a frame for another gateway's stream",
    reason: /is for gateway 8/,
    send: (link) => link.send(start(1, { gatewayId: 8 })),
  },
  {
    what: "a request with a gap behind it",
    reason: /index 5 arrived where 1/,
    send: (link) => link.send(start(1, { hasBody: true }), bodyChunk(1, 5, 1)),
  },
  {
    what: "more of a body than there is credit",
    reason: /bytes arrived with a credit/,
    send: (link) => {
      // The origin takes nothing of it.
      link.send(start(1, { hasBody: true, target: "/hold?id=1&unread", method: "POST" }));
      for (let i = 1; i <= 1_024; i++) link.send(bodyChunk(1, i, 65_536));
    },
  },
  {
    what: "a response",
    reason: /response-start has no place/,
    send: (link) =>
      link.send(start(1, { hasBody: true }), {
        ...{
          type: frameTypes.responseStart,
          gatewayId,
          requestId: 1,
          index: 1,
          status: 200,
          reason: "",
          headers: [],
        },
      }),
  },
  {
    what: "a body cut short that was wanted whole",
    reason: /cut short/,
    send: (link) =>
      link.send(start(1, { hasBody: true, method: "POST", target: "/hash" }), {
        ...{
          type: frameTypes.bodyEnd,
          gatewayId,
          requestId: 1,
          index: 1,
          cut: true,
          stop: false,
          trailers: [],
        },
      }),
  },
  {
    what: "a message above 256 KiB",
    code: 1009,
    reason: /262144/,
    send: (link) => link.socket.send(new Uint8Array(maxLinkMessageBytes + 1)),
  },
  {
    what: "a message with the compression bit",
    reason: /./,
    send: (link) => rawSocketOf(link).write(Uint8Array.of(0xc2, 0x03, 0x02, 0x00, 0x00)),
  },
  {
    what: "a masked message",
    reason: /./,
    send: (link) => rawSocketOf(link).write(Uint8Array.of(0x82, 0x81, 1, 2, 3, 4, 0x80)),
  },
  {
    what: "an acknowledgement of what was never sent",
    reason: /index 700 was acknowledged/,
    send: (link) =>
      link.send(start(1), { type: frameTypes.ack, gatewayId, requestId: 1, index: 700, credit: 1 }),
  },
];

Deno.test("what no gateway may send ends the link, and the runner serves over the next", async () => {
  await using server = await LinkServer.start();
  await using under = await startRunnerOf(server);
  for (const { what, code = 1002, reason, send } of breaches) {
    const link = await server.welcomed();
    await assertServes(link);
    send(link);
    const close = await link.ended();
    assert.equal(close.code, code, what);
    assert.match(close.reason, reason, what);
  }
  await assertServes(await server.welcomed());
  assert.doesNotMatch(under.runner.stderr, /Uncaught/);
});

Deno.test("requests that no client could have sent are reset, and the link serves on", async () => {
  await using server = await LinkServer.start();
  await using _under = await startRunnerOf(server);
  const link = await server.welcomed();
  const bad: [what: string, changes: Record<string, unknown>][] = [
    ["a line break in a header", { headers: ["Host", "a", "X-A", "1\r\nX-B: 2"] }],
    ["a header that is not latin1", { headers: ["Host", "\u20ac"] }],
    ["a method that is none", { method: "G T" }],
    ["a target with a space", { target: "/a b" }],
    ["no target", { target: "" }],
  ];
  for (const [i, [what, changes]] of bad.entries()) {
    link.send(start(i + 1, changes));
    const reset = await link.frame(frameTypes.reset);
    assert.deepEqual([reset.requestId, reset.code], [i + 1, resetCodes.internal], what);
  }
  const ids = { gatewayId, requestId: 50 };
  link.send(
    start(50, { hasBody: true, method: "POST", target: "/hash" }),
    bodyChunk(50, 1, 1),
    { type: frameTypes.bodyEnd, ...ids, index: 2, cut: false, stop: false, trailers: ["X-Sum", "1\r\nX: 2"] },
  );
  assert.equal((await link.frame(frameTypes.reset)).requestId, 50);
  await assertServes(link);
});

Deno.test("an opening that comes twice reaches the origin once", async () => {
  await using server = await LinkServer.start();
  await using under = await startRunnerOf(server);
  const link = await server.welcomed();
  for (let i = 0; i < 20; i++) link.send(start(1, { target: "/hold?id=twice" }), start(1));
  const held = await fetchOnce(`${under.origin.url}/held?id=twice`);
  assert.equal(await held.text(), "held");
  await assertServes(link);
  assert.deepEqual(link.frames(frameTypes.response).map(({ requestId }) => requestId), [9_999]);
});

Deno.test("a close code that no close frame may carry breaks the origin's WebSocket off, and the link serves on", async () => {
  await using server = await LinkServer.start();
  await using under = await startRunnerOf(server, startWsOrigin);
  const link = await server.welcomed();
  for (const [i, code] of [1004, 1006, 1015, 2999].entries()) {
    const requestId = i + 1;
    link.send(wsOpen(requestId));
    await link.frame(frameTypes.wsMessage);
    link.send({ type: frameTypes.wsClose, gatewayId, requestId, index: 1, code, reason: "" });
    await eventually(
      async () => await (await fetchOnce(`${under.origin.url}/last-close`)).json(),
      (close) => close?.code === 1006,
    );
  }
  link.send(start(99, { target: "/" }));
  assert.equal((await link.frame(frameTypes.response)).status, 200);
});

Deno.test("two thousand requests at once are all answered, and resets of them all leave nothing", async () => {
  await using server = await LinkServer.start();
  await using under = await startRunnerOf(server, startNodeOrigin, ["--drain-timeout", "1h"]);
  const link = await server.welcomed();
  const count = 2_000;
  for (let i = 1; i <= count; i++) link.send(start(i));
  const answered = () => link.frames(frameTypes.response).length;
  await eventually(answered, (ends) => ends === count, 60_000);
  assert.ok(link.frames(frameTypes.response).every(({ status }) => status === 200));

  for (let i = 1; i <= count; i++) link.send(start(count + i, { target: `/hold?id=${i}` }));
  for (let i = 1; i <= count; i++) {
    link.send({ type: frameTypes.reset, gatewayId, requestId: count + i, index: 1, code: 0, reason: "" });
  }
  await assertServes(link);
  await eventually(answered, (ends) => ends === count + 1);
  for (const { requestId, index } of link.frames(frameTypes.response)) {
    link.send({ type: frameTypes.ack, gatewayId, requestId, index: index + 1, credit: 262_144 });
  }
  under.runner.signal("SIGTERM");
  const { code } = await bounded(under.runner.status(), "the runner, with nothing left to drain, to end");
  assert.equal(code, 0);
});

Deno.test("a port that answers with noise, or nothing, is dialled again until a gateway is there", async () => {
  await using server = await LinkServer.start();
  const port = Number(new URL(server.wsUrl).port);
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    `HTTP/1.1 400 Bad\r\nX: ${"y".repeat(200_000)}`,
    "\0".repeat(1_000),
    "",
  ];
  let dials = 0;
  // As a proxy that is not ready yet: it answers for itself a few times, then passes on.
  const front = createServer((socket: Socket) => {
    socket.on("error", () => socket.destroy());
    const answer = answers[dials++];
    if (answer !== undefined) return void socket.once("data", () => socket.end(answer));
    const through = connect(port, "127.0.0.1");
    through.on("error", () => socket.destroy());
    through.on("close", () => socket.destroy());
    socket.pipe(through).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  try {
    const wsUrl = `ws://127.0.0.1:${(front.address() as AddressInfo).port}`;
    await using under = await startRunnerOf({ wsUrl });
    await assertServes(await server.welcomed());
    assert.equal(dials, answers.length + 1);
    assert.equal(under.runner.stderr.match(/link\.down/g)?.length, answers.length);
  } finally {
    front.close();
  }
});

function bodyChunk(requestId: number, index: number, bytes: number): Frame {
  return { type: frameTypes.bodyChunk, gatewayId, requestId, index, bytes: new Uint8Array(bytes) };
}

/** The TCP socket beneath a link, to write what no WebSocket library would. */
function rawSocketOf(link: ServedLink): Socket {
  return (link.socket as unknown as { _socket: Socket })._socket;
}

function helloFrame(): Frame {
  const hello = { minVersion: 1, maxVersion: 1, sessionId: new Uint8Array(16), runnerName: "a", agent: "" };
  return { type: frameTypes.hello, ...hello, resumeGatewayId: 0, initialWindow: 65_536 };
}
