/**
 * Frames drawn at random, well-formed and out of place, from a peer by hand to a real process: it may end the link, and
 * must live and serve on.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Frame, frameTypes, type StreamFrame } from "../../lib/protocol/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkServer, type ServedLink } from "../support/link_server.ts";
import { startNodeOrigin, testToken, tunnel } from "../support/processes.ts";
import { rawRequest } from "../support/raw_http.ts";
import { eventually, sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";
import { frameArbitraries } from "../unit/protocol/frame_arbitraries.ts";

const stack = sharedStack({ gatewayArgs: ["--resume-window", "0s", "--hibernate-window", "0s"] });
const sequences = 60;

/** Frames of streams, by the direction that they have a place in; now and then one of the other. */
function framesOf(own: (keyof typeof frameArbitraries)[]): fc.Arbitrary<StreamFrame[]> {
  const of = (kinds: (keyof typeof frameArbitraries)[]) =>
    fc.oneof(...kinds.map((kind) => frameArbitraries[kind]));
  const all = Object.keys(frameArbitraries) as (keyof typeof frameArbitraries)[];
  const streams = all.filter((kind) => frameTypes[kind] >= frameTypes.requestStart);
  const frame = fc.oneof({ weight: 8, arbitrary: of(own) }, { weight: 1, arbitrary: of(streams) });
  return fc.array(frame as fc.Arbitrary<StreamFrame>, { minLength: 1, maxLength: 12 });
}

/** Puts frames in line: each takes the next index of one of the streams, or now and then any other. */
function inLine(frames: StreamFrame[], gatewayId: number, requestIds: number[]): StreamFrame[] {
  const next = new Map<number, number>();
  return frames.map((frame, i) => {
    const requestId = requestIds[frame.requestId % requestIds.length];
    const due = next.get(requestId) ?? 0;
    const isNumbered = frame.type !== frameTypes.ack && frame.type !== frameTypes.reset;
    const index = i > 2 && frame.index % 17 === 0 ? frame.index : isNumbered ? due : frame.index % 2;
    if (isNumbered && index === due) next.set(requestId, due + 1);
    return { ...frame, gatewayId, requestId, index };
  });
}

function drawn(own: (keyof typeof frameArbitraries)[], seed: number): StreamFrame[][] {
  return fc.sample(framesOf(own), { numRuns: sequences, seed });
}

Deno.test("a gateway lives through whatever frames a runner sends on the streams of its clients", async () => {
  const answers = drawn(
    [
      "responseStart",
      "response",
      "bodyChunk",
      "bodyEnd",
      "wsAccept",
      "wsMessage",
      "wsMessages",
      "wsClose",
      "ack",
    ],
    4711,
  );
  for (const [i, frames] of answers.entries()) {
    const { link } = await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: "random" });
    using _link = link;
    const headers = "Host: a\r\nX-Tunnel-Runner: random\r\nContent-Length: 5\r\n\r\nhello";
    const clients = [
      rawRequest(stack.gateway.port, `PUT /${i} HTTP/1.1\r\n${headers}`).catch(() => null),
      WsClient.open(`${stack.gateway.wsUrl}/`, { headers: { "x-tunnel-runner": "random" } }).catch(() =>
        null
      ),
    ];
    const { gatewayId, requestId } = await link.frame(frameTypes.requestStart);
    const open = await link.frame(frameTypes.wsOpen);
    for (const frame of inLine(frames, gatewayId, [requestId, open.requestId, 1])) link.send(frame);
    // Read by now, or the link is closed: then both clients have heard of it.
    link.send({ type: frameTypes.ping, sequence: i, sentAtUs: 0 });
    await eventually(
      () =>
        link.frames(frameTypes.pong).some(({ sequence }) => sequence === i) || link.ws.socket.readyState > 1,
      (read) => read,
    );
    link.ws.socket.terminate();
    const [, ws] = await Promise.all(clients);
    if (ws instanceof WsClient) await ws.ended();
  }
  const response = await fetch(`${stack.gateway.url}/name`);
  assert.equal(response.status, 200, stack.gateway.process.stderr);
  await response.body?.cancel();
  assert.doesNotMatch(stack.gateway.process.stderr, /Uncaught|TypeError/);
});

Deno.test("a runner lives through whatever frames a gateway sends on its streams", async () => {
  await using server = await LinkServer.start();
  await using origin = await startNodeOrigin();
  const args = ["--gateway-url", server.wsUrl, "--target", origin.url, "--token", testToken];
  const asked = drawn(
    ["requestStart", "bodyChunk", "bodyEnd", "wsOpen", "wsMessage", "wsMessages", "wsClose", "ack"],
    1147,
  );
  // A runner that broke off with its gateway over wrong frames waits longer from time to time: a few links for each.
  for (let first = 0; first < sequences; first += 3) {
    await using runner = tunnel(["runner", ...args]);
    for (const [i, frames] of asked.slice(first, first + 3).entries()) {
      const link = await server.welcomed();
      for (const frame of inLine(frames, 7, [1, 2, 3])) link.send(frame);
      link.send({ type: frameTypes.ping, sequence: i, sentAtUs: 0 });
      await eventually(
        () =>
          link.frames(frameTypes.pong).some(({ sequence }) => sequence === i) || link.socket.readyState > 1,
        (read) => read,
      );
      link.socket.terminate();
    }
    await assertServes(await server.welcomed());
    assert.doesNotMatch(runner.stderr, /Uncaught|TypeError/);
  }
});

async function assertServes(link: ServedLink): Promise<void> {
  const start: Frame = {
    ...{
      type: frameTypes.requestStart,
      gatewayId: 7,
      requestId: 1,
      index: 0,
      method: "GET",
      target: "/name",
    },
    ...{ headers: ["Host", "a"], hasBody: false },
  };
  link.send(start);
  assert.equal((await link.frame(frameTypes.response)).status, 200);
}
