import assert from "node:assert/strict";
import type { CapturedExchange, CapturedMessage } from "../../../../lib/capture/mod.ts";
import type { Answered } from "../../../../lib/replay/send/answered.ts";
import { compareAnswer } from "../../../../lib/replay/send/compare_answer.ts";
import { comparedByDefault, SeenHeaders } from "../../../../lib/replay/send/compare_headers.ts";
import { RedactedValues } from "../../../../lib/replay/send/redacted.ts";
import { answerOf, bodyOf, exchangeOf, messageOf, stored } from "./exchanges.ts";

async function compare(exchange: CapturedExchange, answered: Partial<Answered>, more: string[] = []) {
  const seen = new SeenHeaders();
  const whole: Answered = {
    answer: exchange.answer,
    messages: exchange.messages.filter(({ from }) => from === "origin"),
    close: exchange.closes.find(({ from }) => from === "origin") ?? null,
    failure: null,
    durationMs: 1,
    ...answered,
  };
  const { differences, notes } = await compareAnswer(exchange, whole, {
    headers: new Set([...comparedByDefault, ...more]),
    redacted: new RedactedValues([]),
    seen,
  });
  const found = differences.list.map((
    { part, message, at, recorded, replayed },
  ) => [message === undefined ? part : `${part} ${message}`, at, recorded, replayed]);
  return { found, notes, seen };
}

const shop = ["Content-Type", "text/plain", "Date", "Mon", "X-Id", "1"];

Deno.test("an answer that is the same has no difference, with another date and id", async () => {
  const exchange = exchangeOf({ answer: answerOf(bodyOf(stored("a")), { headers: shop }) });
  const headers = [
    "content-type",
    "text/plain",
    "Date",
    "Tue",
    "Keep-Alive",
    "timeout=5",
    "Connection",
    "close",
  ];
  const { found, notes, seen } = await compare(exchange, {
    answer: answerOf(bodyOf(stored("a")), { headers }),
  });
  assert.deepEqual([found, notes], [[], []]);
  assert.deepEqual(seen.ignored(), [
    { name: "date", answers: 1, differing: 1 },
    { name: "x-id", answers: 1, differing: 1 },
  ]);
  assert.deepEqual([...seen.compared], ["content-type"]);
});

Deno.test("status, compared headers, body and trailers each differ for themselves", async () => {
  const trailers = (value: string) => ({ ...bodyOf(stored("a")), trailers: ["x-sum", value] });
  const recorded = exchangeOf({
    answer: answerOf(trailers("1"), { headers: [...shop, "Vary", "a", "Vary", "b"] }),
  });
  const answer = answerOf(trailers("2"), { status: 404, headers: ["X-Id", "2", "Vary", "a"] });
  assert.deepEqual((await compare(recorded, { answer }, ["x-id"])).found, [
    ["status", "", "200", "404"],
    ["header", "content-type", "text/plain", null],
    ["header", "vary", "a\nb", "a"],
    ["header", "x-id", "1", "2"],
    ["trailer", "x-sum", "1", "2"],
  ]);
});

Deno.test("a header that the capture has redacted is said not to be compared, never to be the same", async () => {
  const exchange = exchangeOf({ answer: answerOf(bodyOf(), { headers: ["Set-Cookie", "*****"] }) });
  const answer = answerOf(bodyOf(), { headers: ["Set-Cookie", "a=1;b"] });
  const { found, notes } = await compare(exchange, { answer }, ["set-cookie"]);
  assert.deepEqual(found, []);
  assert.deepEqual(notes, ["the capture has set-cookie redacted: it was not compared"]);
});

Deno.test("a URL whose query the capture has redacted is not compared either", () => {
  const redacted = new RedactedValues(["key"]);
  assert.equal(redacted.header("Location", "/?key=**&a=1"), true);
  assert.equal(redacted.header("location", "/?key[a]=**"), true);
  assert.equal(redacted.header("location", "/?other=**"), false);
  assert.equal(redacted.header("link", "/?key=**"), false);
});

Deno.test("a redacted header that is not compared anyway is not counted as one that differs", async () => {
  const exchange = exchangeOf({
    answer: answerOf(bodyOf(), { headers: ["Set-Cookie", "*****", "ETag", "1"] }),
  });
  const answer = answerOf(bodyOf(), { headers: ["Set-Cookie", "a=1;b", "ETag", "2"] });
  const { seen } = await compare(exchange, { answer });
  assert.deepEqual(seen.ignored(), [
    { name: "etag", answers: 1, differing: 1 },
    { name: "set-cookie", answers: 1, differing: 0 },
  ]);
});

Deno.test("no answer where one was recorded is a difference, and none where none was is not", async () => {
  const recorded = exchangeOf({ answer: answerOf(bodyOf()) });
  assert.deepEqual((await compare(recorded, { answer: null, failure: "it hung up" })).found, [
    ["answer", "", "answered 200", "no answer: it hung up"],
  ]);
  const reset = { timeUs: 3000, from: "origin" as const, code: 3, reason: "it hung up" };
  const broken = exchangeOf({ answer: null, reset });
  const again = await compare(broken, { answer: null, failure: "it was silent" });
  assert.deepEqual(again.found, []);
  assert.match(
    again.notes.join(),
    /broke off in the recording, too: then origin failed: it hung up, now it was silent/,
  );
  assert.deepEqual((await compare(broken, { answer: answerOf(bodyOf()) })).found, [
    ["answer", "", "no answer: origin failed: it hung up", "answered 200"],
  ]);
});

Deno.test("an answer that the client did not wait for is compared as far as it was recorded", async () => {
  const body = { ...bodyOf(stored("tick 1\n")), endedAtUs: null };
  const reset = { timeUs: 3000, from: "client" as const, code: 0, reason: "" };
  const exchange = exchangeOf({ answer: answerOf(body), reset });
  const same = await compare(exchange, { answer: answerOf(bodyOf(stored("tick 1\ntick"))) });
  assert.deepEqual(same.found, []);
  assert.match(same.notes.join(), /the client went away before its end: only what came before/);
  const other = await compare(exchange, { answer: answerOf(bodyOf(stored("tack 1\ntick"))) });
  assert.equal(other.found.length, 1);
});

function chat(...messages: CapturedMessage[]): CapturedExchange {
  return exchangeOf({
    kind: "websocket",
    answer: answerOf(bodyOf(), { status: 101 }),
    messages,
    closes: [
      { timeUs: 9000, from: "origin", code: 1000, reason: "done" },
      { timeUs: 9500, from: "client", code: 1000, reason: "done" },
    ],
  });
}

const said = (...texts: string[]) => texts.map((text, i) => messageOf("origin", 3000 + i, text));

Deno.test("a message that differs is told by its number, JSON by structure", async () => {
  const { found } = await compare(chat(...said("a", '{"n":1}', "c")), {
    messages: said("a", '{ "n": 2 }', "c"),
  });
  assert.deepEqual(found, [["message 2", "$.n", "1", "2"]]);
});

Deno.test("a message too few or too many is one difference, not one for all behind it", async () => {
  const recorded = chat(...said("a", "b", "c", "d"));
  assert.deepEqual((await compare(recorded, { messages: said("a", "c", "d") })).found, [
    ["message 2", "", "b", null],
  ]);
  assert.deepEqual((await compare(recorded, { messages: said("a", "b", "x", "c", "d") })).found, [
    ["message 3", "", null, "x"],
  ]);
});

Deno.test("text in place of binary, and another close, are differences", async () => {
  const recorded = chat(messageOf("origin", 3000, Uint8Array.of(97)));
  const close = { code: 1011, reason: "" };
  assert.deepEqual((await compare(recorded, { messages: said("a"), close })).found, [
    ["message 1", "type", "binary", "text"],
    ["close", "", "1000 done", "1011"],
  ]);
  assert.deepEqual((await compare(recorded, { close: null })).found, [["close", "", "1000 done", null]]);
});

Deno.test("what crossed the client's close on its way may be missing, what was never recorded may not be there", async () => {
  const crossed = {
    ...chat(messageOf("origin", 3000, "a"), messageOf("origin", 8500, "late")),
    closes: [{ timeUs: 8000, from: "client" as const, code: 1000, reason: "" }],
  };
  assert.deepEqual((await compare(crossed, { messages: said("a") })).found, []);
  assert.deepEqual((await compare(crossed, { messages: said("a", "late") })).found, []);
  assert.deepEqual((await compare(crossed, { messages: [] })).found, [["message 1", "", "a", null]]);
  assert.equal((await compare(crossed, { messages: said("a", "late", "more") })).found.length, 1);
});

Deno.test("of a message kept in part only that part is compared, and that is said", async () => {
  const recorded = chat(messageOf("origin", 3000, "0123456789", 5));
  const { found, notes } = await compare(recorded, { messages: said("01234xxxxx") });
  assert.deepEqual(found, []);
  assert.deepEqual(notes, ["the capture kept 5 of 10 bytes of message 1: those alone were compared"]);
});
