import assert from "node:assert/strict";
import { bytesOf, SpillStore } from "../../../../lib/capture/mod.ts";
import { ExchangeShelf } from "../../../../lib/replay/send/exchange_shelf.ts";
import { answerOf, bodyOf, exchangeOf, messageOf, stored } from "./exchanges.ts";

Deno.test("exchanges come off the shelf in the order of their starts, whole, bodies included", () => {
  using store = new SpillStore();
  const shelf = new ExchangeShelf(store);
  const text = (part: string) => store.keep(new TextEncoder().encode(part), 0);
  shelf.add(exchangeOf({ id: "late", startedAtUs: 9000, messages: [messageOf("client", 9500, "hi")] }), null);
  const early = exchangeOf({
    id: "early",
    startedAtUs: 500,
    headers: ["X-Latin", "caf\u00e9"],
    body: bodyOf(text("ques"), text("tion")),
    answer: answerOf(bodyOf(stored("answer"))),
  });
  shelf.add(early, "because");
  const spans = shelf.sort();
  assert.deepEqual([...spans.startUs], [500, 9000]);
  assert.deepEqual([...spans.endUs], [3000, 9000]);
  assert.deepEqual([...spans.skipped], [1, 0]);
  const [first, second] = [shelf.take(0), shelf.take(1)];
  assert.deepEqual([first.exchange.id, first.skip], ["early", "because"]);
  assert.deepEqual([second.exchange.id, second.skip], ["late", null]);
  assert.deepEqual(first.exchange.headers, early.headers);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(decode(bytesOf(first.exchange.body.parts)), "question");
  assert.equal(decode(bytesOf(first.exchange.answer!.body.parts)), "answer");
  assert.equal(decode(bytesOf(second.exchange.messages[0].parts)), "hi");
});

Deno.test("a WebSocket of any number of messages comes off the shelf whole, and is put there in small pieces", () => {
  let largest = 0;
  class Watched extends SpillStore {
    override keep(bytes: Uint8Array, omittedBytes: number) {
      largest = Math.max(largest, bytes.length);
      return super.keep(bytes, omittedBytes);
    }
  }
  using store = new Watched();
  const shelf = new ExchangeShelf(store);
  const messages = Array.from({ length: 12_345 }, (_, i) => messageOf("client", 2000 + i, `message ${i}`));
  shelf.add(exchangeOf({ kind: "websocket", messages }), "because");
  shelf.sort();
  const { exchange, skip } = shelf.take(0);
  const said = ({ timeUs, parts }: typeof messages[0]) =>
    `${timeUs} ${new TextDecoder().decode(bytesOf(parts))}`;
  assert.deepEqual(exchange.messages.map(said), messages.map(said));
  assert.equal(skip, "because");
  assert.ok(largest < 512 * 1024, `${largest} bytes in one piece`);
});
