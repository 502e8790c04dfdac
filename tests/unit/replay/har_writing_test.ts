import assert from "node:assert/strict";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import {
  bytesOf,
  type CapturedBody,
  type CapturedExchange,
  MemoryStore,
  type StoredBytes,
} from "../../../lib/capture/mod.ts";
import { harProblems } from "../../support/har_programs.ts";
import { exchangeArbitrary } from "./exchange_arbitraries.ts";
import { read, written } from "./har_documents.ts";
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

const store = new MemoryStore();

/** What must come back, in one form: bytes in one piece. */
function essence(exchange: CapturedExchange, zeroUs: number) {
  const { id, kind, method, target, headers, answer, messages, closes, reset, startedAtUs } = exchange;
  const { resumed, subprotocol, linkChanges, hasGaps, hasBeginning } = exchange;
  const bytes = (parts: CapturedBody["parts"] | StoredBytes[]) => bytesOf(parts).toHex();
  const bodyOf = (body: CapturedBody) => ({
    bytes: bytes(body.parts),
    length: body.length,
    omittedBytes: body.omittedBytes,
    ended: body.endedAtUs !== null,
    cut: body.cut,
    trailers: body.trailers,
  });
  const at = (us: number) => us - zeroUs;
  const ending = (ending: CapturedExchange["closes"][number]) => ({ ...ending, timeUs: at(ending.timeUs) });
  return {
    ...{ id, kind, method, target, headers, resumed, subprotocol, linkChanges, hasGaps, hasBeginning },
    startedAtUs: at(startedAtUs),
    body: kind === "http" ? bodyOf(exchange.body) : null,
    answer: answer === null ? null : {
      ...{ status: answer.status, reason: answer.reason, headers: answer.headers, timeUs: at(answer.timeUs) },
      body: kind === "http" ? bodyOf(answer.body) : null,
    },
    messages: messages.map(({ timeUs, endedAtUs, from, binary, parts, omittedBytes, complete }) => ({
      ...{ timeUs: at(timeUs), endedAtUs: at(endedAtUs), from, binary, omittedBytes, complete },
      bytes: bytes(parts),
    })),
    closes: closes.map(ending),
    reset: reset === null ? null : ending(reset),
  };
}

/** By start, then by id: the order of what began together is nobody's. */
function essences(exchanges: CapturedExchange[]) {
  const zeroUs = Math.min(...exchanges.map(({ startedAtUs }) => startedAtUs));
  return exchanges.map((exchange) => essence(exchange, zeroUs))
    .sort((a, b) => a.startedAtUs - b.startedAtUs || (a.id < b.id ? -1 : 1));
}

Deno.test("method, URL, headers, bodies, messages and endings are the same after a way through a HAR", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(exchangeArbitrary, { minLength: 1, maxLength: 4, selector: ({ id }) => id }),
      async (exchanges) => {
        const har = await read(written(exchanges), { step: 1000 });
        assert.deepEqual(essences(har.exchanges), essences(exchanges));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("whatever was captured, what is written is a HAR to another program", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(exchangeArbitrary, { minLength: 1, maxLength: 3 }), async (exchanges) => {
      assert.deepEqual(await harProblems(JSON.parse(written(exchanges))), []);
    }),
    { numRuns: 100 },
  );
});

Deno.test("times of a body's parts are kept", async () => {
  const session = new RecordedSession().connect().up(1, 0, get)
    .down(1, 0, ok).down(1, 1, chunk(5)).down(1, 2, chunk(7)).down(1, 3, end).collected(1);
  const [captured] = exchangesOf(session);
  const { exchanges: [exchange] } = await read(written([captured]));
  const times = ({ answer, startedAtUs }: CapturedExchange) => [
    answer!.timeUs - startedAtUs,
    ...answer!.body.parts.map(({ timeUs, bytes }) => [timeUs - startedAtUs, bytes.length]),
    answer!.body.endedAtUs! - startedAtUs,
  ];
  assert.deepEqual(times(exchange), times(captured));
  assert.deepEqual(times(exchange), [1000, [2000, 5], [3000, 7], 4000]);
});

Deno.test("content is written as its reader sees it: decoded, as text where it is some", async () => {
  const text = '{"name":"größe"}';
  const codings: [string, Uint8Array][] = [
    ["gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["deflate, GZIP", gzipSync(deflateSync(text))],
  ];
  for (const [coding, bytes] of codings) {
    const [exchange] = exchangesOf(
      new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end),
    );
    exchange.answer!.headers = ["Content-Encoding", coding, "Content-Length", String(bytes.length)];
    exchange.answer!.body.parts = [{ timeUs: 0, bytes: store.keep(bytes, 0) }];
    exchange.answer!.body.length = bytes.length;
    const json = written([exchange]);
    const { content, bodySize, headers } = JSON.parse(json).log.entries[0].response;
    assert.deepEqual([content.text, content.size, bodySize], [text, 18, bytes.length], coding);
    assert.equal(headers[0].value, coding);
    const { exchanges: [again] } = await read(json);
    assert.deepEqual(again.answer!.headers, ["Content-Length", "18"]);
    assert.equal(new TextDecoder().decode(bytesOf(again.answer!.body.parts)), text);
  }
});

Deno.test("codings on two lines of a header are both taken off", () => {
  const [exchange] = exchangesOf(
    new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end),
  );
  const bytes = gzipSync(deflateSync("plain"));
  exchange.answer!.headers = ["Content-Encoding", "deflate", "content-encoding", "gzip"];
  exchange.answer!.body.parts = [{ timeUs: 0, bytes: store.keep(bytes, 0) }];
  exchange.answer!.body.length = bytes.length;
  assert.equal(JSON.parse(written([exchange])).log.entries[0].response.content.text, "plain");
});

Deno.test("content that cannot be decoded stays in its coding, and is read so again", async () => {
  for (const coding of ["zstd", "gzip"]) {
    const [exchange] = exchangesOf(
      new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end),
    );
    const headers = ["Content-Encoding", coding, "Content-Length", "3"];
    exchange.answer!.headers = headers;
    exchange.answer!.body.parts = [{ timeUs: 0, bytes: store.keep(new Uint8Array([0x61, 0x62, 0x63]), 0) }];
    exchange.answer!.body.length = 3;
    const json = written([exchange]);
    assert.equal(JSON.parse(json).log.entries[0].response.content.encoding, "base64");
    const { exchanges: [again] } = await read(json);
    assert.deepEqual(again.answer!.headers, headers);
    assert.equal(bytesOf(again.answer!.body.parts).toHex(), "616263");
  }
});

Deno.test("a large body is written piece by piece, none of them larger than its parts", async () => {
  const [exchange] = exchangesOf(
    new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end),
  );
  const bytes = new Uint8Array(65_536).map((_, i) => i % 251);
  exchange.answer!.body.parts = Array.from(
    { length: 100 },
    (_, i) => ({ timeUs: i, bytes: store.keep(bytes, 0) }),
  );
  exchange.answer!.body.length = 100 * bytes.length;
  let largest = 0;
  const json = written([exchange], (piece) => largest = Math.max(largest, piece.length));
  assert.ok(largest < 100_000, `a piece of ${largest} characters`);
  const { exchanges: [again] } = await read(json);
  assert.equal(again.answer!.body.parts.length, 100);
  assert.ok(
    again.answer!.body.parts.every((part) => part.bytes.read().every((byte, i) => byte === bytes[i])),
  );
});

Deno.test("an entry has what HAR asks for: URL, query, cookies, form, redirection, sizes and times", () => {
  const session = new RecordedSession().connect()
    .up(1, 0, {
      ...post,
      target: "/a%20b?x=1&y=%C3%A4&x=",
      headers: [
        ...["Host", "shop.example:8443", "X-Forwarded-Proto", "https"],
        ...["Cookie", "a=1; b = 2", "Cookie", "*****", "Content-Type", "text/plain"],
      ],
    }).up(1, 1, chunk(3)).up(1, 2, end)
    .down(1, 0, {
      ...ok,
      status: 302,
      reason: "Found",
      headers: [
        ...[
          "Location",
          "/next",
          "Set-Cookie",
          "s=1; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        ],
        ...["Set-Cookie", "***"],
      ],
    }).down(1, 1, chunk(2)).down(1, 2, end).collected(1);
  const [entry] = JSON.parse(written(exchangesOf(session))).log.entries;
  const { request, response, timings, time, startedDateTime } = entry;
  assert.match(startedDateTime, /^2025-07-30T10:22:33\.\d{6}Z$/);
  assert.equal(request.url, "https://shop.example:8443/a%20b?x=1&y=%C3%A4&x=");
  assert.deepEqual(request.queryString, [
    { name: "x", value: "1" },
    { name: "y", value: "ä" },
    { name: "x", value: "" },
  ]);
  assert.deepEqual(request.cookies, [{ name: "a", value: "1" }, { name: "b", value: "2" }]);
  assert.deepEqual([request.bodySize, request.postData], [3, {
    mimeType: "text/plain",
    _encoding: "base64",
    text: "AAAA",
  }]);
  assert.deepEqual([response.status, response.statusText, response.redirectURL], [302, "Found", "/next"]);
  assert.deepEqual(response.cookies, [
    { name: "s", value: "1", path: "/", httpOnly: true, expires: "2026-10-21T07:28:00.000Z" },
  ]);
  assert.deepEqual([timings.send, timings.wait, timings.receive, time], [2, 1, 2, 5]);
});

Deno.test("WebSockets stand where Chrome puts them", () => {
  const session = new RecordedSession().connect().up(1, 0, { ...open, headers: ["Host", "h"] }).down(
    1,
    0,
    accept,
  )
    .up(1, 1, { ...message(2), binary: false, bytes: new TextEncoder().encode("hi") } as never)
    .down(1, 1, message(3)).up(1, 2, close).down(1, 2, close).collected(1);
  const [captured] = exchangesOf(session);
  const [entry] = JSON.parse(written([captured])).log.entries;
  assert.deepEqual([entry.request.url, entry._resourceType, entry.response.status], [
    "ws://h/ws",
    "websocket",
    101,
  ]);
  const [sent, received] = entry._webSocketMessages;
  assert.deepEqual([sent.type, sent.opcode, sent.data], ["send", 1, "hi"]);
  assert.deepEqual([received.type, received.opcode, received.data], ["receive", 2, "AAAA"]);
  const seconds = Date.parse(entry.startedDateTime) / 1000;
  assert.ok(Math.abs(sent.time - seconds - 0.002) < 0.001, `${sent.time} is 2 ms after ${seconds}`);
});

Deno.test("what the capture left out is said, and how much; a request without an answer has status 0", () => {
  const session = new RecordedSession().connect().up(1, 0, get).down(1, 0, ok).down(1, 1, end).collected(1)
    .up(2, 0, get);
  const [answered, open] = exchangesOf(session);
  answered.answer!.body.parts = [{ timeUs: 0, bytes: store.keep(new Uint8Array([97, 98, 0, 0]), 2) }];
  Object.assign(answered.answer!.body, { length: 4, omittedBytes: 2 });
  const [first, second] = JSON.parse(written([answered, open])).log.entries;
  assert.deepEqual(first.response.content, {
    size: 4,
    mimeType: "",
    comment: "2 bytes more are not in the capture",
    text: "ab",
  });
  assert.deepEqual([second.response.status, second.response.comment], [
    0,
    "no response: the capture ended before it",
  ]);
});
