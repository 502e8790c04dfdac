import assert from "node:assert/strict";
import fc from "fast-check";
import { end, historyAt, start } from "./exchanges.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (kept: { bytes(): Uint8Array }) => new TextDecoder().decode(kept.bytes());

Deno.test("a record tells when the answer began and how long all of it took", () => {
  const { history, at } = historyAt();
  const record = history.record(start());
  at(5);
  assert.equal(record.durationMs, 5, "while it goes on, until now");
  record.responded(201, ["Server", "s"]);
  at(9);
  record.done({ ...end, status: 201, durationMs: 8.5 });
  assert.deepEqual([record.firstByteMs, record.durationMs, record.status], [5, 8.5, 201]);
});

Deno.test("an exchange that was not answered has the status it ended with", () => {
  const { history } = historyAt();
  const record = history.record(start());
  record.done({ status: 499, durationMs: 1, problem: "client_gone" });
  assert.deepEqual([record.status, record.end!.problem], [499, "client_gone"]);
});

Deno.test("parts of a large message are one message, in both directions at once", () => {
  const { history } = historyAt();
  const record = history.record(start({ kind: "websocket" }));
  record.message("received", { binary: false, bytes: bytes("one "), final: false });
  record.message("sent", { binary: true, bytes: bytes("other"), final: true });
  record.message("received", { binary: false, bytes: bytes("message"), final: true });
  assert.deepEqual(
    record.messages.map(({ direction, binary, bytes }) => [direction, binary, textOf(bytes)]),
    [["received", false, "one message"], ["sent", true, "other"]],
  );
  assert.deepEqual(record.messageCounts, { received: 1, sent: 1 });
  assert.deepEqual([record.requestBytes.totalBytes, record.responseBytes.totalBytes], [11, 5]);
});

Deno.test("of many messages the newest are kept, of a large one its beginning", () => {
  const { history } = historyAt();
  const record = history.record(start({ kind: "websocket" }));
  for (let i = 0; i < 300; i++) {
    record.message("sent", { binary: false, bytes: bytes(`${i} ${"x".repeat(10_000)}`), final: true });
  }
  assert.equal(record.messages.length, 200);
  const numbers = record.messages.map(({ bytes }) => Number(textOf(bytes).split(" ")[0]));
  assert.deepEqual(numbers, Array.from({ length: 200 }, (_, i) => 100 + i), "the oldest first");
  assert.deepEqual([record.messages[0].bytes.keptBytes, record.messages[0].bytes.totalBytes], [4096, 10_004]);
  assert.equal(record.messageCounts.sent, 300);
});

Deno.test("what a record takes in memory is what its messages do, whatever those that they replaced took", () => {
  const anyLengths = fc.array(fc.oneof(fc.nat(100), fc.nat(6_000)), { minLength: 1, maxLength: 600 });
  fc.assert(
    fc.property(anyLengths, (lengths) => {
      const record = historyAt().history.record(start({ kind: "websocket" }));
      const before = record.size;
      for (const length of lengths) {
        record.message("sent", { binary: true, bytes: new Uint8Array(length).fill(length), final: true });
      }
      const { messages } = record;
      const newest = lengths.slice(-200).map((length) => new Uint8Array(Math.min(length, 4096)).fill(length));
      assert.deepEqual(messages.map((message) => message.bytes.bytes()), newest);
      const held = messages.reduce((sum, message) => sum + message.bytes.size, 0);
      assert.equal(record.size - before, 150 * messages.length + held);
      assert.ok(held <= newest.reduce((sum, { length }) => sum + Math.max(512, length), 0), `${held} bytes`);
    }),
    { numRuns: 50 },
  );
});

Deno.test("messages that came together are recorded as if they had come one by one", () => {
  const record = () => historyAt().history.record(start({ kind: "websocket" }));
  const [together, alone] = [record(), record()];
  const empty = alone.size;
  const texts = Array.from({ length: 300 }, (_, i) => `${i}`);
  together.messagesTogether("sent", {
    binary: false,
    sizes: texts.map((text) => text.length),
    bytes: bytes(texts.join("")),
  });
  for (const text of texts) alone.message("sent", { binary: false, bytes: bytes(text), final: true });
  for (const each of [together, alone]) {
    each.message("sent", { binary: true, bytes: bytes("next"), final: true });
    assert.equal(each.messages.length, 200);
    assert.deepEqual(each.messageCounts, { received: 0, sent: 301 });
    const held = each.messages.reduce((sum, message) => sum + message.bytes.size, 0);
    assert.equal(each.size - empty, 150 * 200 + held);
  }
  const told = ({ messages, responseBytes }: typeof alone) => ({
    messages: messages.map(({ bytes, ...rest }) => ({ ...rest, text: textOf(bytes) })),
    totalBytes: responseBytes.totalBytes,
  });
  assert.deepEqual(told(together), told(alone));
});

Deno.test("of messages that came together no more are recorded than may be, and all are counted", () => {
  const { history } = historyAt();
  const record = history.record(start({ kind: "websocket" }));
  const sizes = Array(1_000).fill(1);
  const newest = (batch: number) => {
    record.messagesTogether("received", { binary: true, sizes, bytes: new Uint8Array(1_000).fill(batch) });
    return record.messages.at(-1)!.bytes.bytes()[0];
  };
  // A thousand a second may be recorded, of which a WebSocket asks for no more than it keeps.
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(newest), [1, 2, 3, 4, 5, 5, 5]);
  assert.equal(record.messages.length, 200);
  assert.equal(record.messageCounts.received, 7_000);
  assert.equal(record.requestBytes.totalBytes, 7_000);
});

Deno.test("a message whose beginning has been dropped for newer ones is not taken up again in its middle", () => {
  const { history } = historyAt();
  const record = history.record(start({ kind: "websocket" }));
  record.message("received", { binary: false, bytes: bytes("begun"), final: false });
  for (let i = 0; i < 200; i++) record.message("sent", { binary: false, bytes: bytes("."), final: true });
  const { size } = record;
  record.message("received", { binary: false, bytes: bytes("ended"), final: true });
  assert.equal(record.size, size, "nothing of it is kept");
  record.message("received", { binary: false, bytes: bytes("next"), final: true });
  assert.equal(record.messageCounts.received, 2);
  assert.deepEqual(
    record.messages.filter(({ direction }) => direction === "received").map(({ bytes }) => textOf(bytes)),
    ["next"],
  );
});

Deno.test("what an exchange goes through again and again is listed fifty times at most", () => {
  const { history } = historyAt();
  const record = history.record(start({ kind: "websocket" }));
  for (let i = 0; i < 80; i++) {
    record.opened(`9f3ac01b-${i}`);
    record.linkChanged("woken", String(i));
    record.closing("sent", 1000, String(i));
  }
  assert.deepEqual([record.streams.length, record.linkChanges.length, record.closes.length], [50, 50, 50]);
  assert.equal(record.streams.at(-1), "9f3ac01b-79");
  assert.equal(record.linkChanges.at(-1)!.detail, "79");
});
