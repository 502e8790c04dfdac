import assert from "node:assert/strict";
import {
  CborWriter,
  type Frame,
  frameTypes,
  maxLinkMessageBytes,
  maxPartBytes,
} from "../../lib/protocol/mod.ts";
import { encodeFrame, opcodes } from "../../lib/websocket/mod.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkTap } from "../support/link_tap.ts";
import { startWsOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { sharedStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";
import { RawSocket } from "../unit/websocket/raw_socket.ts";

const stack = sharedStack({ origin: startWsOrigin });

/** A CBOR array of unsigned integers: a frame of any type, known or not. */
function frameBytes(...items: number[]): Uint8Array {
  const writer = new CborWriter();
  writer.array(items.length);
  for (const item of items) writer.uint(item);
  return writer.view().slice();
}

/** A link of its own name that was welcomed. */
async function openLink(runnerName: string): Promise<LinkClient> {
  return (await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName })).link;
}

const violations: { what: string; reason: RegExp; send: (link: LinkClient) => void }[] = [
  { what: "a text message", reason: /binary, found text/, send: (link) => link.ws.socket.send("hello") },
  {
    what: "bytes that are no CBOR",
    reason: /./,
    send: (link) => link.sendBytes(Uint8Array.of(0xff, 0x00, 0x13, 0x37)),
  },
  {
    what: "a frame cut short",
    reason: /./,
    send: (link) => link.sendBytes(frameBytes(4, 1, 1).subarray(0, 2)),
  },
  {
    what: "an unknown even frame",
    reason: /30.*may not be ignored/,
    send: (link) => link.sendBytes(frameBytes(30, 1)),
  },
  {
    what: "a fragmented message",
    reason: /fragmented/,
    send: (link) => link.ws.socket.send(frameBytes(4, 1, 1), { fin: false }),
  },
  {
    what: "a frame of the gateway's",
    reason: /must not send welcome/,
    send: (link) =>
      link.send({
        type: frameTypes.welcome,
        version: 1,
        gatewayId: 1,
        resumed: false,
        resumeWindowMs: 0,
        initialWindow: 65536,
        agent: "",
      }),
  },
];

Deno.test("what breaks the protocol closes its link with 1002 and a reason, and harms no other link", async () => {
  using bystander = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  for (const { what, reason, send } of violations) {
    using link = await openLink("violator");
    send(link);
    const close = await link.ws.ended();
    assert.equal(close.code, 1002, what);
    assert.match(close.reason, reason, what);
    await bystander.send(what);
    assert.equal(await bystander.nextText(), what);
  }
  assert.doesNotMatch(stack.runner.stderr, /link\.down/, "the other runner has noticed nothing");
});

Deno.test("a link message above 256 KiB closes the link with 1009", async () => {
  using link = await openLink("violator");
  link.sendBytes(new Uint8Array(maxLinkMessageBytes + 1));
  assert.equal((await link.ws.ended()).code, 1009);
});

Deno.test("an unknown odd frame is stepped over, and what stands behind it is read", async () => {
  using link = await openLink("newer");
  const ping = frameBytes(frameTypes.ping, 77, 123);
  link.sendBytes(Uint8Array.from([...frameBytes(33, 1, 2, 3), ...ping, ...frameBytes(31)]));
  const pong = await link.frame(frameTypes.pong);
  assert.equal(pong.sequence, 77);
  assert.equal(pong.sentAtUs, 123);
});

Deno.test("the frames of one turn travel in one link message", async () => {
  const tap = new LinkTap();
  await using tapped = await startProxiedStack({ origin: startWsOrigin, proxy: { tap: tap.open } });
  const client = await RawSocket.connect(tapped.gateway.port);
  const before = tap.messages.down.length;
  const count = 200;
  // Messages of one kind would share a frame.
  const frames = Array.from(
    { length: count },
    (_, i) =>
      encodeFrame(
        i % 2 === 0 ? opcodes.text : opcodes.binary,
        true,
        new TextEncoder().encode(String(i)),
        true,
      ),
  );
  client.send(Uint8Array.from(frames.flatMap((frame) => [...frame])));
  for (let i = 0; i < count; i++) await client.nextMessage();
  const isMessage = (frame: Frame) => frame.type === frameTypes.wsMessage;
  const carrying = tap.messages.down.slice(before).filter(({ frames }) => frames.some(isMessage));
  assert.equal(carrying.flatMap(({ frames }) => frames).filter(isMessage).length, count);
  // What is written at once may be read in a few pieces, each a turn of its own.
  assert.ok(carrying.length <= count / 10, `${count} frames took ${carrying.length} messages`);
  await client.end();
});

Deno.test("no link message is larger than 256 KiB, however much waits, and streams take turns", async () => {
  const tap = new LinkTap();
  await using tapped = await startProxiedStack({ proxy: { tap: tap.open } });
  const body = new Uint8Array(6 * 1024 * 1024).fill(1);
  await Promise.all(Array.from({ length: 8 }, async () => {
    const response = await fetch(`${tapped.gateway.url}/mirror`, { method: "POST", body });
    assert.equal((await response.arrayBuffer()).byteLength, body.length);
  }));
  for (const direction of ["up", "down"] as const) {
    assert.ok(tap.largest(direction) <= maxLinkMessageBytes, `${tap.largest(direction)} bytes ${direction}`);
    const chunks = tap.frames(direction).filter((frame) => frame.type === frameTypes.bodyChunk);
    assert.equal(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0), 8 * body.length);
    assert.ok(chunks.every(({ bytes }) => bytes.length <= maxPartBytes));
    // Between the first and the last piece of one body there are pieces of others.
    const first = chunks[0].requestId;
    const last = chunks.findLastIndex(({ requestId }) => requestId === first);
    assert.ok(chunks.slice(0, last).some(({ requestId }) => requestId !== first));
  }
});

Deno.test("a close code that no WebSocket may carry breaks the client off, and the link stays", async () => {
  using link = await openLink("odd");
  const opening = WsClient.open(`${stack.gateway.wsUrl}/`, { headers: { "x-tunnel-runner": "odd" } });
  const { gatewayId, requestId } = await link.frame(frameTypes.wsOpen);
  const ids = { gatewayId, requestId };
  link.send(
    { type: frameTypes.ack, ...ids, index: 1, credit: 65_536 },
    { type: frameTypes.wsAccept, ...ids, index: 0, headers: [], together: true },
    { type: frameTypes.wsMessage, ...ids, index: 1, binary: false, final: true, bytes: Uint8Array.of(0x61) },
    { type: frameTypes.wsClose, ...ids, index: 2, code: 1004, reason: "reserved" },
  );
  using client = await opening;
  assert.equal(await client.nextText(), "a");
  assert.equal((await client.ended()).code, 1006);
  const answer = await link.frame(frameTypes.wsClose);
  assert.equal(answer.requestId, requestId);
  assert.equal(link.ws.socket.readyState, link.ws.socket.OPEN);
});
