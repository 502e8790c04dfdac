/** Which responses of an origin a runner sends in one frame, and which in parts. */
import assert from "node:assert/strict";
import { type Frame, frameTypes, type ResponseFrame } from "../../lib/protocol/mod.ts";
import { LinkServer, type ServedLink } from "../support/link_server.ts";
import { testToken, tunnel } from "../support/processes.ts";
import { RawOrigin } from "../support/raw_origin.ts";
import { eventually } from "../support/stack.ts";

const gatewayId = 7;

/** A runner between an origin and a gateway that are both driven by hand. */
async function start() {
  const origin = await RawOrigin.start();
  const server = await LinkServer.start();
  const runner = tunnel([
    "runner",
    "--gateway-url",
    server.wsUrl,
    "--target",
    origin.url,
    "--token",
    testToken,
  ]);
  const link = await server.welcomed();
  let requests = 0;
  const ask = (method: string, options: { hasBody?: boolean } = {}) => {
    const { hasBody = false } = options;
    const requestId = ++requests;
    const target = `/${requestId}`;
    const headers = ["Host", "a"];
    link.send({
      type: frameTypes.requestStart,
      gatewayId,
      requestId,
      index: 0,
      method,
      target,
      headers,
      hasBody,
    });
    return { requestId, target };
  };
  const dispose = async () => {
    await runner[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await origin[Symbol.asyncDispose]();
  };
  return { origin, link, ask, [Symbol.asyncDispose]: dispose };
}

/** All frames of a stream's response, once it is complete. */
async function answerOf(link: ServedLink, requestId: number): Promise<Frame[]> {
  const kinds = [frameTypes.response, frameTypes.responseStart, frameTypes.bodyChunk, frameTypes.bodyEnd];
  const frames = () =>
    kinds.flatMap((type) => link.frames(type as typeof frameTypes.response))
      .filter((frame) => frame.requestId === requestId).sort((a, b) => a.index - b.index) as Frame[];
  return await eventually(
    frames,
    (found) => found.some(({ type }) => type === frameTypes.response || type === frameTypes.bodyEnd),
  );
}

const typesOf = (frames: readonly Frame[]) => frames.map(({ type }) => type);

function textOf(frames: readonly Frame[]): string {
  return frames.map((frame) => "bytes" in frame ? new TextDecoder().decode(frame.bytes as Uint8Array) : "")
    .join("");
}

/** What an origin writes at once, and what of it a client gets. */
const whole: { what: string; method: string; writes: string; status: number; body: string }[] = [
  {
    what: "a body with its length",
    method: "GET",
    writes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    status: 200,
    body: "hello",
  },
  {
    what: "no body, though its length is told (HEAD)",
    method: "HEAD",
    writes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    status: 200,
    body: "",
  },
  {
    what: "no body by its status",
    method: "DELETE",
    writes: "HTTP/1.1 204 No Content\r\n\r\n",
    status: 204,
    body: "",
  },
  {
    what: "an empty body",
    method: "GET",
    writes: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    status: 404,
    body: "",
  },
  {
    what: "a chunk and the end of its chunks",
    method: "GET",
    writes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    status: 200,
    body: "hello",
  },
  {
    what: "an early hint before it",
    method: "GET",
    writes: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    status: 200,
    body: "hi",
  },
];

Deno.test("a response that is complete at once goes in one frame, which acknowledges its request", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  for (const { what, method, writes, status, body } of whole) {
    const { requestId, target } = ask(method);
    (await origin.asked(target)).write(writes);
    const frames = await answerOf(link, requestId);
    assert.deepEqual(typesOf(frames), [frameTypes.response], what);
    const [frame] = frames;
    assert.ok(frame.type === frameTypes.response);
    assert.deepEqual([frame.index, frame.status, textOf([frame])], [0, status, body], what);
    const names = frame.headers.filter((_, i) => i % 2 === 0);
    assert.equal(names.includes("Transfer-Encoding"), false, what);
  }

  // Acknowledgements wait for company: when that of a later request is here, none of an earlier one is to come.
  const { requestId, target } = ask("GET");
  const socket = await origin.asked(target);
  socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
  await link.frame(frameTypes.responseStart);
  await eventually(
    () => link.frames(frameTypes.ack),
    (acks) => acks.some((ack) => ack.requestId === requestId),
  );
  socket.write("b");
  assert.equal(textOf(await answerOf(link, requestId)), "ab");
  // An origin that takes longer than 25 ms is waited for with an acknowledgement: in a message before its response.
  for (const response of link.frames(frameTypes.response)) {
    assert.deepEqual(acknowledgedWithOrBehind(link, response), [], `request ${response.requestId}`);
  }
});

/** The acknowledgements of a request that came in one message with its whole response, or later. */
function acknowledgedWithOrBehind({ messages }: ServedLink, response: ResponseFrame): Frame[] {
  const from = messages.findIndex((frames) => frames.includes(response));
  return messages.slice(from).flat()
    .filter((frame) => frame.type === frameTypes.ack && frame.requestId === response.requestId);
}

Deno.test("an upload that came whole is answered in one frame", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  const { requestId, target } = ask("POST", { hasBody: true });
  const ids = { gatewayId, requestId };
  link.send(
    { type: frameTypes.bodyChunk, ...ids, index: 1, bytes: new TextEncoder().encode("hello") },
    { type: frameTypes.bodyEnd, ...ids, index: 2, cut: false, stop: false, trailers: [] },
  );
  // The last chunk of the upload is written with the body-end, before any answer is read.
  const socket = await origin.asked(target);
  await eventually(() => link.frames(frameTypes.ack).some((ack) => ack.index === 3), (all) => all);
  socket.write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  const frames = await answerOf(link, requestId);
  assert.deepEqual(typesOf(frames), [frameTypes.response]);
  assert.equal(textOf(frames), "ok");
});

Deno.test("a body that comes in two pieces goes ahead in parts", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  const { requestId, target } = ask("GET");
  const socket = await origin.asked(target);
  socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
  assert.equal((await link.frame(frameTypes.responseStart)).requestId, requestId);
  assert.equal(textOf([await link.frame(frameTypes.bodyChunk)]), "first", "the origin has not gone on yet");
  socket.write("after");
  const frames = await answerOf(link, requestId);
  const { responseStart, bodyChunk, bodyEnd } = frameTypes;
  assert.deepEqual(typesOf(frames), [responseStart, bodyChunk, bodyChunk, bodyEnd]);
  assert.equal(textOf(frames), "firstafter");
});

Deno.test("a head that comes before its body goes ahead of it", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  const { requestId, target } = ask("GET");
  const socket = await origin.asked(target);
  socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  assert.equal((await link.frame(frameTypes.responseStart)).requestId, requestId);
  socket.write("5\r\nhello\r\n0\r\n\r\n");
  const frames = await answerOf(link, requestId);
  assert.deepEqual(typesOf(frames), [frameTypes.responseStart, frameTypes.bodyChunk, frameTypes.bodyEnd]);
});

Deno.test("trailers, a body that ends with its connection, and one too large for a frame go in parts", async () => {
  await using under = await start();
  const { origin, link, ask } = under;

  const trailed = ask("GET");
  (await origin.asked(trailed.target)).write(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
  );
  const withTrailers = await answerOf(link, trailed.requestId);
  assert.deepEqual(typesOf(withTrailers), [
    frameTypes.responseStart,
    frameTypes.bodyChunk,
    frameTypes.bodyEnd,
  ]);
  const last = withTrailers.at(-1)!;
  assert.deepEqual(last.type === frameTypes.bodyEnd && last.trailers, ["X-Sum", "1"]);

  const closed = ask("GET");
  (await origin.asked(closed.target)).end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  const untilClose = await answerOf(link, closed.requestId);
  assert.deepEqual(typesOf(untilClose), [frameTypes.responseStart, frameTypes.bodyChunk, frameTypes.bodyEnd]);
  assert.equal(textOf(untilClose), "until the end");

  const large = ask("GET");
  const body = "0123456789".repeat(10_000);
  (await origin.asked(large.target)).write(
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const parts = await answerOf(link, large.requestId);
  assert.equal(parts[0].type, frameTypes.responseStart);
  assert.equal(parts.at(-1)!.type, frameTypes.bodyEnd);
  assert.equal(textOf(parts), body);
});

Deno.test("a response that does not wait for the whole request goes in parts, and stops the upload", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  const { requestId, target } = ask("POST", { hasBody: true });
  const bytes = new TextEncoder().encode("hello");
  link.send({ type: frameTypes.bodyChunk, gatewayId, requestId, index: 1, bytes });
  (await origin.asked(target)).write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  const frames = await answerOf(link, requestId);
  assert.deepEqual(typesOf(frames), [frameTypes.responseStart, frameTypes.bodyChunk, frameTypes.bodyEnd]);
  const last = frames.at(-1)!;
  assert.equal(last.type === frameTypes.bodyEnd && last.stop, true);
});

Deno.test("a response that breaks HTTP behind a head that does not is no response at all", async () => {
  await using under = await start();
  const { origin, link, ask } = under;
  const { requestId, target } = ask("GET");
  (await origin.asked(target)).write(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
  );
  const reset = await link.frame(frameTypes.reset);
  assert.equal(reset.requestId, requestId);
  assert.deepEqual([link.frames(frameTypes.response), link.frames(frameTypes.responseStart)], [[], []]);
});
