import assert from "node:assert/strict";
import type { CapturedExchange } from "../../../lib/capture/mod.ts";
import { type Matching, Recordings, wordsOf } from "../../../lib/replay/mod.ts";
import { accept, chunk, end, get, message, ok, open, RecordedSession } from "./recorded_session.ts";
import { exchangesOf } from "./exchanges_of.ts";

/** Exchanges with these requests, each answered; their ids count from 1. */
function recorded(...requests: string[]): CapturedExchange[] {
  const session = new RecordedSession().connect();
  requests.forEach((request, i) => {
    const [method, target] = request.split(" ");
    if (method === "WS") session.up(i + 1, 0, { ...open, target }).down(i + 1, 0, accept);
    else {
      session.up(i + 1, 0, { ...get, method, target }).down(i + 1, 0, ok).down(i + 1, 1, end).collected(
        i + 1,
      );
    }
  });
  return exchangesOf(session).sort((a, b) => a.startedAtUs - b.startedAtUs);
}

/** What each request in turn is answered with: the number of a recording, or why not. */
function answers(exchanges: CapturedExchange[], matching: Matching, requests: string[]): (number | string)[] {
  const recordings = new Recordings(exchanges, matching);
  return requests.map((request) => {
    const [method, target] = request.split(" ");
    const kind = method === "WS" ? "websocket" as const : "http" as const;
    const asked = { kind, method: method === "WS" ? "GET" : method, target };
    const found = recordings.take(asked);
    if (found.kind === "found") return found.recording.exchange.requestId;
    const { code, nearest } = wordsOf(asked, found);
    return `${code} ${nearest === null ? "-" : `${nearest.method} ${nearest.target}`}`;
  });
}

Deno.test("the same request gets its recorded answers in order; then the last again, or in strict matching none", () => {
  const exchanges = recorded("GET /a", "GET /b", "GET /a", "POST /a");
  const requests = ["GET /a", "GET /a", "GET /a", "GET /b", "POST /a"];
  assert.deepEqual(answers(exchanges, "loose", requests), [1, 3, 3, 2, 4]);
  assert.deepEqual(answers(exchanges, "strict", requests), [1, 3, "used_up GET /a", 2, 4]);
});

Deno.test("in loose matching parameters may stand in another order, and an unknown query gets what is most like it", () => {
  const exchanges = recorded("GET /a?x=1&y=2", "GET /a?x=1&y=3", "GET /a");
  const requests = ["GET /a?y=3&x=1", "GET /a?y=2&x=1&z=9", "GET /a?y=3&z=9", "GET /a", "GET /a?q"];
  assert.deepEqual(answers(exchanges, "loose", requests), [2, 1, 2, 3, 3]);
  assert.deepEqual(answers(exchanges, "strict", requests), [
    ...["not_recorded GET /a?x=1&y=3", "not_recorded GET /a?x=1&y=2", "not_recorded GET /a?x=1&y=3"],
    ...[3, "not_recorded GET /a"],
  ]);
});

Deno.test("a redacted parameter stands for any value", () => {
  const exchanges = recorded("GET /a?token=*****&x=1", "GET /a?token=*****&x=2");
  const requests = ["GET /a?token=other&x=2", "GET /a?token=&x=1", "GET /a?x=1&token=t"];
  assert.deepEqual(answers(exchanges, "strict", requests), [2, 1, "not_recorded GET /a?token=*****&x=1"]);
  assert.deepEqual(answers(exchanges, "loose", requests), [2, 1, 1]);
});

Deno.test("a WebSocket and a GET of the same path are not taken for each other", () => {
  assert.deepEqual(answers(recorded("WS /a", "GET /b"), "loose", ["GET /a", "WS /a", "WS /b"]), [
    ...["not_recorded GET /a", 1, "not_recorded GET /b"],
  ]);
});

Deno.test("the nearest is the one with the most of path, method and query in common", () => {
  const exchanges = recorded(
    "GET /",
    "GET /api/users/17",
    "GET /api/orders?page=1",
    "POST /api/orders/7",
    "WS /live",
  );
  const nearest = (request: string) => answers(exchanges, "strict", [request])[0];
  assert.equal(nearest("GET /api/users/18"), "not_recorded GET /api/users/17");
  assert.equal(nearest("GET /api/orders?page=2"), "not_recorded GET /api/orders?page=1");
  assert.equal(nearest("PUT /api/orders/7"), "not_recorded POST /api/orders/7");
  assert.equal(nearest("POST /api/orders"), "not_recorded GET /api/orders?page=1");
  assert.equal(nearest("WS /love"), "not_recorded GET /live");
  assert.equal(answers([], "loose", ["GET /"])[0], "not_recorded -");
});

Deno.test("what is not whole is never served: each way in which it can lack something has its reason", () => {
  const session = new RecordedSession().connect()
    .up(1, 0, { ...get, target: "/no-answer" })
    .up(2, 0, { ...get, target: "/no-end" }).down(2, 0, ok).down(2, 1, chunk(3))
    .up(3, 0, { ...get, target: "/cut" }).down(3, 0, ok).down(3, 1, { ...end, cut: true })
    .up(4, 0, { ...open, target: "/resumed", resumed: true }).down(4, 0, accept)
    .up(5, 0, { ...open, target: "/half-message" }).down(5, 0, accept).down(5, 1, message(3, false))
    .down(6, 9, chunk(3));
  const left = exchangesOf(
    new RecordedSession().connect().up(7, 0, { ...get, target: "/left-out" }).down(7, 0, ok)
      .frame("received", { ...chunk(10), gatewayId: 0xabc0_0001, requestId: 7, index: 1 } as never, {
        omit: 4,
      })
      .down(7, 2, end),
  );
  const { all } = new Recordings([...exchangesOf(session), ...left], "loose");
  const problems = Object.fromEntries(all.map(({ exchange, problem }) => [exchange.target, problem]));
  assert.deepEqual(problems, {
    "/no-answer": "it was not answered",
    "/no-end": "its body did not come to its end",
    "/cut": "its body was cut short, because its client wanted no more of it",
    "/resumed": "it goes on from an earlier one: its client had been connected before",
    "/half-message": "a message of it did not come to its end",
    "": "the capture does not have its beginning",
    "/left-out": "4 bytes of its body were left out by the capture",
  });
  assert.deepEqual(answers(left, "loose", ["GET /left-out"]), ["not_whole GET /left-out"]);
});

Deno.test("in loose matching an answer that is not whole gives way to one that is; in strict it keeps its turn", () => {
  const session = new RecordedSession().connect().up(1, 0, get).down(1, 0, ok)
    .up(2, 0, get).down(2, 0, ok).down(2, 1, end).up(3, 0, get);
  const exchanges = exchangesOf(session).sort((a, b) => a.requestId - b.requestId);
  const requests = ["GET /a", "GET /a", "GET /a"];
  assert.deepEqual(answers(exchanges, "loose", requests), [2, 2, 2]);
  assert.deepEqual(answers(exchanges, "strict", requests), ["not_whole GET /a", 2, "not_whole GET /a"]);
});
