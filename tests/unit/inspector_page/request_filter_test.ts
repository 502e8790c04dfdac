import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExchangeSummary } from "../../../lib/inspector/api_shapes.ts";
import { requestFilter } from "../../../lib/inspector/page/model/request_filter.js";

const request: ExchangeSummary = {
  id: 1,
  kind: "http",
  method: "GET",
  target: "/api/Orders?page=2",
  host: "shop.example.com",
  client: "10.0.0.7",
  runner: "web",
  startedAt: 0,
  durationMs: 1,
  firstByteMs: 1,
  status: 404,
  state: "done",
  problem: null,
  requestBytes: 0,
  responseBytes: 0,
  messages: { received: 0, sent: 0 },
  linkChanges: 0,
  lastLinkChange: null,
  replayOf: null,
};

function holds(line: string, changes: Partial<ExchangeSummary> = {}): boolean {
  return requestFilter(line)({ ...request, ...changes });
}

Deno.test("a word matches as part of method, host, path, runner or status, in whatever case", () => {
  for (const word of ["get", "ORDERS", "page=2", "example.com/api", "web", "404"]) {
    assert.ok(holds(word), word);
  }
  assert.ok(!holds("delete"));
});

Deno.test("all words must match, and a dash turns one round", () => {
  assert.ok(holds("get orders -delete"));
  assert.ok(!holds("get orders -404"));
  assert.ok(!holds("get delete"));
  assert.ok(holds("-status:5xx -kind:ws"));
});

Deno.test("a status is matched by its code, by its class, and not by chance", () => {
  assert.ok(holds("4xx") && holds("status:404") && holds("status:4xx"));
  assert.ok(!holds("status:40") && !holds("5xx"));
  assert.ok(!holds("status:404", { status: 200, target: "/404" }));
});

Deno.test("fields match what they are named after", () => {
  assert.ok(holds("method:get runner:web host:shop path:orders client:10.0 kind:http"));
  assert.ok(!holds("runner:we") && !holds("path:shop") && !holds("kind:ws") && !holds("method:ge"));
  assert.ok(holds("kind:websocket", { kind: "websocket" }));
});

Deno.test("is: knows what is open, what failed, what is a replay and what outlived a link", () => {
  assert.ok(holds("is:error") && !holds("is:open") && !holds("is:replay") && !holds("is:moved"));
  assert.ok(holds("is:open", { state: "open" }));
  assert.ok(holds("is:error", { status: 200, problem: "origin_failed" }));
  assert.ok(!holds("is:error", { status: 302 }));
  assert.ok(holds("is:replay", { replayOf: 3 }) && holds("is:moved", { linkChanges: 2 }));
});

Deno.test("what looks like a field and is none is looked for as it stands", () => {
  assert.ok(holds("is:nothing", { target: "/is:nothing" }));
  assert.ok(holds("constructor:x", { target: "/constructor:x" }) && !holds("constructor:x"));
});

Deno.test("a filter takes whatever is typed, and adding a word never finds more", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (line, word) => {
    if (holds(`${line} ${word}`)) assert.ok(holds(line));
  }));
});
