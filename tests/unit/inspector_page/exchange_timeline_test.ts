import assert from "node:assert/strict";
import type { ExchangeDetail, MessageJson } from "../../../lib/inspector/api_shapes.ts";
import { exchangeTimeline, messagesNotKept } from "../../../lib/inspector/page/model/exchange_timeline.js";

function message(atMs: number, direction: "received" | "sent"): MessageJson {
  return { atMs, direction, binary: false, bytes: 1, keptBytes: 1, unpacked: null, text: "x", base64: null };
}

const exchange = {
  messages: { received: 5, sent: 1 },
  messageList: [message(1, "received"), message(30, "received")],
  linkChangeList: [{ atMs: 10, change: "dropped", detail: "" }, { atMs: 20, change: "resumed", detail: "" }],
  closes: [{ atMs: 40, direction: "received", code: 1000, reason: "" }],
} as unknown as ExchangeDetail;

Deno.test("messages, link changes and closes stand in the order they happened", () => {
  const kinds = exchangeTimeline(exchange).map((entry) => entry.kind);
  assert.deepEqual(kinds, ["message", "link", "link", "message", "close"]);
});

Deno.test("an entry keeps its key when older messages are gone", () => {
  const before = exchangeTimeline(exchange).map(({ key }) => key);
  const after = exchangeTimeline({ ...exchange, messageList: exchange.messageList.slice(1) }).map(({ key }) =>
    key
  );
  assert.deepEqual(after, before.slice(1));
  assert.equal(new Set(before).size, before.length);
});

Deno.test("messages that are not kept are counted", () => {
  assert.equal(messagesNotKept(exchange), 4);
});
