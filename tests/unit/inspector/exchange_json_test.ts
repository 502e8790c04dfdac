import assert from "node:assert/strict";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { exchangeDetail } from "../../../lib/inspector/exchange_detail.ts";
import { exchangeSummary } from "../../../lib/inspector/exchange_json.ts";
import { end, historyAt, start } from "./exchanges.ts";

/** An exchange whose answer has this body. */
function detailOf(body: Uint8Array, headers: readonly string[] = []) {
  const record = historyAt().history.record(start());
  record.responded(200, headers);
  record.responseBody(body);
  record.done(end);
  return exchangeDetail(record);
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("whatever a body's bytes are, what is shown gives them back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
    const { responseBody } = detailOf(body);
    const { text, base64 } = responseBody;
    assert.ok((text === null) !== (base64 === null), "one of the two");
    assert.deepEqual(text === null ? Uint8Array.fromBase64(base64!) : bytes(text), body);
    assert.deepEqual([responseBody.bytes, responseBody.keptBytes], [body.length, body.length]);
  }));
});

Deno.test("whatever a text is, it is shown as text, unless it has control characters", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    // deno-lint-ignore no-control-regex -- they are what is looked for
    const hasControl = /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text);
    assert.equal(detailOf(bytes(text)).responseBody.text, hasControl ? null : text);
  }));
});

Deno.test("a packed body is unpacked for display, and its length on the way is told", () => {
  const text = "a text that is packed ".repeat(50);
  const packed: [coding: string, body: Uint8Array][] = [
    ["gzip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    // Without zlib's frame, as some servers send it and every browser reads it.
    ["deflate", deflateRawSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["br", brotliCompressSync(text)],
    ["GZip", gzipSync(text)],
    ["gzip, br", brotliCompressSync(gzipSync(text))],
  ];
  for (const [coding, body] of packed) {
    const { responseBody } = detailOf(new Uint8Array(body), ["Content-Encoding", coding]);
    assert.equal(responseBody.text, text, coding);
    assert.equal(responseBody.unpacked, coding.toLowerCase());
    assert.equal(responseBody.bytes, body.length);
  }
});

Deno.test("a body that is not what its header says, or is a bomb, is shown as it came", () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(20 * 1024 * 1024)));
  assert.ok(bomb.length < 64 * 1024);
  for (
    const [body, coding] of [[bomb, "gzip"], [bytes("plain"), "gzip"], [bytes("plain"), "zstd"]] as const
  ) {
    const { responseBody } = detailOf(body, ["Content-Encoding", coding]);
    assert.equal(responseBody.unpacked, null);
    const { text, base64 } = responseBody;
    assert.deepEqual(text === null ? Uint8Array.fromBase64(base64!) : bytes(text), body);
  }
});

Deno.test("where there is no body nothing was unpacked, whatever the header says", () => {
  const { responseBody } = detailOf(bytes(""), ["Content-Encoding", "gzip"]);
  assert.deepEqual([responseBody.unpacked, responseBody.text], [null, ""]);
});

Deno.test("a cut body of which nothing can be unpacked is shown as it came", () => {
  // Its first block is longer than what is kept, packed as it is.
  const text = Array.from({ length: 40_000 }, (_, i) => (i * 7919).toString(36)).join(" ");
  for (
    const [coding, body] of [["zstd", zstdCompressSync(text)], ["deflate", deflateRawSync(text)]] as const
  ) {
    assert.ok(body.length > 64 * 1024);
    const { responseBody } = detailOf(new Uint8Array(body), ["content-encoding", coding]);
    assert.equal(responseBody.unpacked, null, coding);
    assert.deepEqual(
      Uint8Array.fromBase64(responseBody.base64 ?? ""),
      new Uint8Array(body).subarray(0, 64 * 1024),
    );
  }
});

Deno.test("of a cut body in zstd the blocks that came whole are unpacked", () => {
  const text = Array.from({ length: 150_000 }, (_, i) => `{"n":${(i * 7919) % 65_536}}`).join("\n");
  const body = new Uint8Array(zstdCompressSync(text));
  assert.ok(body.length > 64 * 1024);
  const { responseBody } = detailOf(body, ["content-encoding", "zstd"]);
  assert.ok(responseBody.text !== null && responseBody.text.length >= 128 * 1024);
  assert.ok(text.startsWith(responseBody.text));
});

Deno.test("of a packed body that was cut the beginning is unpacked", () => {
  const text = Array.from({ length: 40_000 }, (_, i) => (i * 7919).toString(36)).join(" ");
  const body = new Uint8Array(gzipSync(text));
  assert.ok(body.length > 64 * 1024);
  const { responseBody } = detailOf(body, ["content-encoding", "gzip"]);
  assert.ok(responseBody.text !== null && responseBody.text.length > 50_000);
  assert.ok(text.startsWith(responseBody.text));
});

Deno.test("headers keep their case, their order and their repetitions", () => {
  const { responseHeaders } = detailOf(bytes(""), ["Set-Cookie", "a=1", "X-a", "1", "set-cookie", "b=2"]);
  assert.deepEqual(responseHeaders, [["Set-Cookie", "a=1"], ["X-a", "1"], ["set-cookie", "b=2"]]);
});

Deno.test("a WebSocket's bodies are told by its messages, those of a refused upgrade as a body", () => {
  const { history } = historyAt();
  const open = history.record(start({ kind: "websocket" }));
  open.responded(101, []);
  open.message("received", { binary: false, bytes: bytes("hello"), final: true });
  open.message("sent", { binary: true, bytes: new Uint8Array([0, 255]), final: true });
  const detail = exchangeDetail(open);
  assert.deepEqual([detail.requestBody.text, detail.responseBody.text], ["", ""]);
  assert.deepEqual([detail.requestBytes, detail.responseBytes], [5, 2]);
  assert.deepEqual(detail.messageList.map(({ text, base64 }) => text ?? base64), ["hello", "AP8="]);
  const refused = history.record(start({ kind: "websocket" }));
  refused.responded(403, []);
  refused.responseBody(bytes("no"));
  assert.equal(exchangeDetail(refused).responseBody.text, "no");
});

Deno.test("a summary is JSON's own: what is read back is what was said", () => {
  const record = historyAt().history.record(start({ replayOf: "7" }));
  record.linkChanged("dropped", "gone");
  const summary = exchangeSummary(record);
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
  assert.deepEqual([summary.replayOf, summary.lastLinkChange, summary.linkChanges], [7, "dropped", 1]);
});
