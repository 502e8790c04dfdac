/** Responses that an origin writes at once, through a gateway and a runner. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { RawHttpClient, textOf } from "../support/raw_http.ts";
import { startGateway, startRunner } from "../support/processes.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { eventually, healthOf } from "../support/stack.ts";

async function start() {
  await using started = new AsyncDisposableStack();
  const origin = started.use(await RawOrigin.start());
  const gateway = started.use(await startGateway());
  started.use(await startRunner(gateway.wsUrl, origin.url));
  const owned = started.move();
  return { origin, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`;

/** A response as an origin writes it. */
function whole(body: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

Deno.test("a whole response to a request whose body is not all sent reaches the client, and ends the origin's connection", async () => {
  await using stack = await start();
  const { origin, gateway } = stack;
  const answer = async (target: string, text: string): Promise<Socket> => {
    const socket = await origin.asked(target);
    socket.write(text);
    return socket;
  };
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  using first = await RawHttpClient.connect(gateway.port);
  await first.send(get("/first"));
  const kept = await answer("/first", ok);
  assert.equal(textOf(await first.response()), "ok");

  using uploading = await RawHttpClient.connect(gateway.port);
  await uploading.send("POST /early HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhello");
  const early = await answer("/early", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  assert.equal(early, kept, "the connection was used again after a whole response to a whole request");
  const refused = await uploading.response();
  assert.deepEqual([refused.status, textOf(refused), refused.complete], [413, "no", true]);
  assert.equal((await uploading.rest()).length, 0);

  // On the connection of the upload it would be taken for the rest of that.
  await first.send(get("/after"));
  assert.notEqual(await answer("/after", ok), early);
  assert.equal(textOf(await first.response()), "ok");
  await eventually(() => early.destroyed, (destroyed) => destroyed);
  await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
});

/** On both sides of what is copied byte by byte, shares a slab, is kept by a stream, and fits in a read and in a frame. */
const sizes = [
  ...[0, 1, 127, 128, 129, 950, 960, 1_023, 1_024, 1_025, 2_048, 2_049, 4_096, 4_097, 16_384, 40_000],
  ...[65_400, 65_535, 65_536, 65_537, 200_000],
];

Deno.test("a response of any size that the origin writes at once arrives byte for byte, one after another", async () => {
  await using stack = await start();
  const { origin, gateway } = stack;
  using client = await RawHttpClient.connect(gateway.port);
  const sockets = new Set<Socket>();
  // The runner's reads are larger after a large response: more of those that follow come whole.
  for (const [n, size] of [...sizes, ...sizes.toReversed(), ...sizes].entries()) {
    const body = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) + n * 31) & 0xff);
    const target = `/${n}`;
    await client.send(get(target));
    const socket = await origin.asked(target);
    sockets.add(socket);
    socket.write(whole(body));
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.deepEqual(response.body, body, `${size} bytes`);
  }
  assert.equal(sockets.size, 1, "one connection served them all");
});
