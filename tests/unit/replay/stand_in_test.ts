import assert from "node:assert/strict";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import { Pace, Recordings, StandIn } from "../../../lib/replay/mod.ts";
import { stepsOf } from "../../../lib/replay/serve/conversation.ts";
import type { PlayedAcceptance, PlayedRequest, PlayedResponse } from "../../../lib/replay/serve/stand_in.ts";
import {
  accept,
  chunk,
  close,
  end,
  get,
  message,
  ok,
  open,
  post,
  RecordedSession,
} from "./recorded_session.ts";
import { exchangesOf } from "./exchanges_of.ts";
import { settled, VirtualClock } from "./virtual_clock.ts";

/** In a {@link RecordedSession} each record comes a millisecond after the one before. */
function standIn(session: RecordedSession, { speed = 1, clock = new VirtualClock() } = {}) {
  return {
    clock,
    standIn: new StandIn(new Recordings(exchangesOf(session), "loose"), new Pace(speed, clock)),
  };
}

function request(given: Partial<PlayedRequest> = {}): PlayedRequest {
  return {
    method: "GET",
    target: "/a",
    headers: [],
    body: null,
    signal: new AbortController().signal,
    ...given,
  };
}

/** Lengths of a body's parts and when they came, and when it ended. */
async function played(
  body: ReadableStream<Uint8Array>,
  clock: VirtualClock,
  startMs: number,
): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const part of body) seen.push([part.length, clock.now() - startMs]);
  return [...seen, ["end", clock.now() - startMs]];
}

for (const [speed, times] of [[1, [2, 3, 4, 5]], [2, [1, 1.5, 2, 2.5]], [Infinity, [0, 0, 0, 0]]] as const) {
  Deno.test(`an answer comes at ${speed} times the recorded pace: head, parts and end`, async () => {
    const session = new RecordedSession().connect().up(1, 0, get).ackUp(1, 0)
      .down(1, 0, ok).down(1, 1, chunk(5)).down(1, 2, chunk(7)).down(1, 3, end).collected(1);
    const { clock, standIn: origin } = standIn(session, { speed });
    const startMs = clock.now();
    const [head, first, second, over] = times;
    const response = origin.http(request()).then(async (response) => ({
      atMs: clock.now() - startMs,
      parts: await played(response.body!, clock, startMs),
    }));
    await clock.pass(100);
    assert.deepEqual(await response, { atMs: head, parts: [[5, first], [7, second], ["end", over]] });
  });
}

Deno.test("an answer that had waited for the request's end waits for it again; one that had not does not", async () => {
  const session = new RecordedSession().connect()
    .up(1, 0, post).up(1, 1, chunk(3)).up(1, 2, end).down(1, 0, ok).down(1, 1, end).collected(1)
    .up(2, 0, { ...post, target: "/early" }).up(2, 1, chunk(3)).down(2, 0, ok).down(2, 1, end).up(2, 2, end)
    .collected(2);
  const { clock, standIn: origin } = standIn(session);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const startMs = clock.now();
  const late = origin.http(request({ method: "POST", body: readable })).then(() => clock.now() - startMs);
  const early = origin.http(request({ method: "POST", target: "/early", body: new ReadableStream() }))
    .then(() => clock.now() - startMs);
  await clock.pass(50);
  assert.equal(await early, 2);
  await writer.close();
  await clock.pass(50);
  assert.equal(await late, 51);
});

Deno.test("heads, reasons, fields and trailers are as recorded", async () => {
  const session = new RecordedSession().connect().up(1, 0, get)
    .down(1, 0, { ...ok, status: 404, reason: "Nö", headers: ["X-B", "1", "x-a", "2", "X-B", "3"] })
    .down(1, 1, { ...end, trailers: ["t", "1"] }).collected(1);
  const { standIn: origin } = standIn(session, { speed: Infinity });
  const { status, reason, headers, body, trailers } = await origin.http(request());
  assert.deepEqual([status, reason, headers, body, trailers?.()], [
    ...[404, "Nö", ["X-B", "1", "x-a", "2", "X-B", "3"], null, ["t", "1"]],
  ]);
});

Deno.test("a client that goes away is waited for no longer", async () => {
  const { clock, standIn: origin } = standIn(
    new RecordedSession().connect().up(1, 0, get).down(1, 0, ok)
      .down(1, 1, end).collected(1),
  );
  const gone = new AbortController();
  const response = origin.http(request({ signal: gone.signal }));
  await settled();
  gone.abort(new Error("gone"));
  await assert.rejects(response, /gone/);
  await clock.pass(10);
});

Deno.test("what was not recorded gets 501, with the nearest in a field and in the body", async () => {
  const { standIn: origin } = standIn(
    new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end),
  );
  for (const method of ["GET", "HEAD"]) {
    const response = await origin.http(request({ method, target: "/b" }));
    assert.equal(response.status, 501);
    assert.deepEqual(response.headers.slice(-4), [
      "X-Tunnel-Error",
      "not_recorded",
      "X-Tunnel-Nearest",
      "GET /a",
    ]);
    const body = response.body === null ? "" : await new Response(response.body as never).text();
    if (method === "HEAD") assert.equal(body, "");
    else {
      assert.deepEqual(JSON.parse(body), {
        error: "not_recorded",
        message: "GET /b was not recorded. The nearest that was is GET /a.",
        nearest: { method: "GET", target: "/a", status: 200, stream: "abc00001-1" },
      });
    }
  }
  assert.equal(await origin.probe(), 204);
});

/** A client of a recorded WebSocket, and what it sees: lengths of messages and close codes, with times. */
async function dialled(session: RecordedSession, options: { speed?: number } = {}) {
  const { clock, standIn: origin } = standIn(session, options);
  const seen: unknown[] = [];
  const answer = origin.websocket(request({ target: "/ws" }));
  await clock.pass(100);
  const { handlers, headers } = await answer as PlayedAcceptance & PlayedResponse;
  let startMs = clock.now();
  const say = (what: unknown) => seen.push([what, clock.now() - startMs]);
  handlers.open({
    send: (data) => Promise.resolve(void say(data.length)),
    close: (code) => void say(`close ${code}`),
  });
  return {
    clock,
    handlers,
    headers,
    /** What came since it was asked last, times since then. */
    heard: async (ms: number) => {
      await clock.pass(ms);
      startMs = clock.now();
      return seen.splice(0);
    },
  };
}

const conversation = () =>
  new RecordedSession().connect().up(1, 0, open).down(1, 0, {
    ...accept,
    headers: ["Sec-WebSocket-Protocol", "v2"],
  })
    .down(1, 1, message(1)).up(1, 1, message(9)).down(1, 2, message(2)).up(1, 2, message(9)).up(
      1,
      3,
      message(9),
    )
    .ackUp(1, 3).down(1, 3, message(3)).down(1, 4, { ...close, code: 4001, reason: "done" }).up(1, 4, close)
    .collected(1);

Deno.test("an origin's message waits for as many of the client's as had come before it, and then as long as it did", async () => {
  const { handlers, headers, heard } = await dialled(conversation());
  assert.deepEqual(headers, ["Sec-WebSocket-Protocol", "v2"]);
  assert.deepEqual(await heard(50), [[1, 1]]);
  handlers.message();
  assert.deepEqual(await heard(50), [[2, 1]]);
  handlers.message();
  assert.deepEqual(await heard(50), []);
  handlers.message();
  assert.deepEqual(await heard(50), [[3, 2], ["close 4001", 3]]);
});

Deno.test("without waiting, only the client's messages are waited for", async () => {
  const { handlers, heard } = await dialled(conversation(), { speed: Infinity });
  assert.deepEqual(await heard(0), [[1, 0]]);
  for (let i = 0; i < 3; i++) handlers.message();
  assert.deepEqual(await heard(0), [[2, 0], [3, 0], ["close 4001", 0]]);
});

Deno.test("a client that leaves ends the conversation", async () => {
  const { handlers, heard } = await dialled(conversation());
  await heard(50);
  handlers.message();
  handlers.close();
  assert.deepEqual(await heard(50), []);
});

Deno.test("who closed is kept: the origin's close is made, the client's is waited for, a break is a break", () => {
  const opened = () => new RecordedSession().connect().up(1, 0, open).down(1, 0, accept);
  const closing = (session: RecordedSession) => stepsOf(exchangesOf(session)[0]).map(({ does }) => does);
  assert.deepEqual(closing(opened().up(1, 1, close).down(1, 1, close)), []);
  assert.deepEqual(closing(opened().down(1, 1, close).up(1, 1, close)), [{
    kind: "close",
    code: 1000,
    reason: "",
  }]);
  assert.deepEqual(closing(opened().down(1, 1, { ...close, code: 1005 })), [{
    kind: "close",
    code: 1005,
    reason: "",
  }]);
  assert.deepEqual(closing(opened().down(1, 1, { ...close, code: 1006 })), [{
    kind: "close",
    code: 1006,
    reason: "",
  }]);
  const reset = {
    type: frameTypes.reset,
    gatewayId: 0xabc0_0001,
    requestId: 1,
    index: 1,
    code: 2,
    reason: "gone",
  };
  assert.deepEqual(closing(opened().received(reset as never)), [{ kind: "close", code: 1006, reason: "" }]);
  assert.deepEqual(closing(opened().sent(reset as never)), []);
});
