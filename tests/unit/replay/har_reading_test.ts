import assert from "node:assert/strict";
import { bytesOf, type CapturedExchange, isComplete } from "../../../lib/capture/mod.ts";
import { HarError } from "../../../lib/replay/mod.ts";
import { archive, read } from "./har_documents.ts";

async function one(document: unknown): Promise<CapturedExchange> {
  const { exchanges } = await read(document);
  assert.equal(exchanges.length, 1);
  return exchanges[0];
}

function answerText({ answer }: CapturedExchange): string {
  return new TextDecoder().decode(bytesOf(answer?.body.parts ?? []));
}

Deno.test("an entry with nothing but what it must have is an exchange with Host from its URL", async () => {
  const { exchanges, creator, startedAtUs } = await read(archive());
  const [exchange] = exchanges;
  assert.equal(creator, "WebInspector 537.36");
  assert.equal(startedAtUs, Date.parse("2026-07-30T10:22:33.123Z") * 1000);
  assert.deepEqual([exchange.method, exchange.target, exchange.headers], [
    "GET",
    "/cart?id=7",
    ["Host", "shop.example"],
  ]);
  assert.deepEqual([exchange.startedAtUs, exchange.answer?.status, exchange.kind], [0, 200, "http"]);
  assert.ok(isComplete(exchange));
});

Deno.test("pseudo headers of HTTP/2 and headers of one connection are left out; joined values are taken apart", async () => {
  const exchange = await one(archive({
    request: {
      headers: [
        { name: ":method", value: "GET" },
        { name: ":authority", value: "api.example:8443" },
        { name: "connection", value: "keep-alive, x-hop" },
        { name: "x-hop", value: "1" },
        { name: "accept", value: "*/*" },
      ],
    },
    response: {
      headers: [{ name: ":status", value: "200" }, { name: "set-cookie", value: "a=1\nb=2" }, {
        name: "x-name",
        value: "žluť",
      }],
    },
  }));
  assert.deepEqual(exchange.headers, ["Host", "api.example:8443", "accept", "*/*"]);
  assert.deepEqual(exchange.answer?.headers, [
    ...["set-cookie", "a=1", "set-cookie", "b=2"],
    ...["x-name", String.fromCharCode(...new TextEncoder().encode("žluť"))],
  ]);
});

Deno.test("decoded content fits its headers: no content coding, the length it has now, the charset it is in now", async () => {
  const headers = [
    { name: "Content-Encoding", value: "br" },
    { name: "Content-Length", value: "4" },
    { name: "Content-Type", value: "text/html; charset=iso-8859-1" },
  ];
  const exchange = await one(archive({
    response: { headers, content: { size: 5, text: "größe" } },
  }));
  assert.deepEqual(exchange.answer?.headers, [
    ...["Content-Length", "7", "Content-Type", "text/html; charset=utf-8"],
  ]);
  assert.equal(answerText(exchange), "größe");
});

Deno.test("content in base64 is taken as it is, with its charset", async () => {
  const exchange = await one(archive({
    response: {
      headers: [{ name: "content-type", value: "text/plain; charset=windows-1252" }],
      content: { encoding: "base64", text: btoa("gr\xf6\xdfe") },
    },
  }));
  assert.deepEqual(exchange.answer?.headers, ["content-type", "text/plain; charset=windows-1252"]);
  assert.deepEqual([...bytesOf(exchange.answer!.body.parts)], [0x67, 0x72, 0xf6, 0xdf, 0x65]);
});

Deno.test("content that a program left out counts as left out, with its size", async () => {
  const exchange = await one(archive({
    response: {
      headers: [{ name: "content-length", value: "1000000" }],
      content: { size: 1_000_000, mimeType: "video/mp4" },
    },
  }));
  const { body, headers } = exchange.answer!;
  assert.deepEqual([body.length, body.omittedBytes], [1_000_000, 1_000_000]);
  assert.deepEqual(headers, ["content-length", "1000000"]);
});

Deno.test("a request's body is its text, in base64 if so marked, or its form fields", async () => {
  const bodies = [
    { text: "a=1" },
    { encoding: "base64", text: "YT0x" },
    { _encoding: "base64", text: "YT0x" },
    { params: [{ name: "a", value: "1" }] },
  ];
  for (const postData of bodies) {
    const { body } = await one(archive({ request: { method: "POST", postData } }));
    assert.equal(new TextDecoder().decode(bytesOf(body.parts)), "a=1", JSON.stringify(postData));
  }
});

Deno.test("WebSocket messages are read as Chrome and mitmproxy write them; with no close known, the client closes", async () => {
  const at = Date.parse("2026-07-30T10:22:34Z") / 1000;
  const exchange = await one(archive({
    request: {
      url: "wss://shop.example/live",
      headers: [{ name: "Sec-WebSocket-Key", value: "x" }, { name: "Sec-WebSocket-Protocol", value: "v2" }],
    },
    response: { status: 101, headers: [{ name: "Sec-WebSocket-Accept", value: "y" }] },
    _resourceType: "websocket",
    _webSocketMessages: [
      { type: "send", time: at, opcode: 1, data: "hellö" },
      { type: "receive", time: at + 0.25, opcode: 2, data: "AQID" },
      { type: "receive", time: at + 0.25, opcode: -1, data: "net::ERR" },
    ],
  }));
  assert.deepEqual([exchange.kind, exchange.answer?.status, exchange.answer?.headers], [
    "websocket",
    101,
    [],
  ]);
  assert.deepEqual(exchange.headers, ["Host", "shop.example", "Sec-WebSocket-Protocol", "v2"]);
  assert.deepEqual(
    exchange.messages.map(({ from, binary, timeUs, parts }) => [from, binary, timeUs, bytesOf(parts).length]),
    [["client", false, 877_000, 6], ["origin", true, 1_127_000, 3]],
  );
  assert.deepEqual(exchange.closes.map(({ from, code }) => [from, code]), [["client", 1005], [
    "origin",
    1005,
  ]]);
  assert.ok(isComplete(exchange));
});

Deno.test("timings say when a request was sent, answered and over; entries come in the order of their starts", async () => {
  const document = archive({
    time: 130,
    timings: { blocked: 5, dns: -1, connect: 15, ssl: 10, send: 10, wait: 60.5, receive: 39.5 },
    response: { content: { text: "x" } },
  });
  document.log.entries.push({
    ...document.log.entries[0],
    startedDateTime: "2026-07-30T12:22:33.000500+02:00",
  });
  const { exchanges, startedAtUs } = await read(document);
  assert.equal(startedAtUs, Date.parse("2026-07-30T10:22:33Z") * 1000 + 500);
  const [first, second] = exchanges;
  assert.deepEqual([first.startedAtUs, second.startedAtUs], [0, 122_500]);
  const { body, answer, endedAtUs } = first;
  assert.deepEqual(
    [body.endedAtUs, answer?.timeUs, answer?.body.parts[0].timeUs, answer?.body.endedAtUs, endedAtUs],
    [30_000, 90_500, 130_000, 130_000, 130_000],
  );
});

Deno.test("a request without an answer has none; what goes to no server is left aside", async () => {
  const document = archive({ response: { status: 0 } });
  document.log.entries.push(...archive({ request: { url: "data:text/plain,hi" } }).log.entries);
  document.log.entries.push(...archive({ request: { url: "blob:https://a/1" } }).log.entries);
  const { exchanges, skipped } = await read(document);
  assert.equal(exchanges.length, 1);
  assert.equal(exchanges[0].answer, null);
  assert.deepEqual(skipped.map(({ entry, url }) => [entry, url]), [[1, "data:text/plain,hi"], [
    2,
    "blob:https://a/1",
  ]]);
});

Deno.test("what is no HAR is refused, and the place is named", async () => {
  const entry = archive().log.entries[0];
  const refused: [unknown, RegExp][] = [
    ["<html>", /is not JSON/],
    ["", /is not JSON/],
    ["[]", /^log is missing: it must be an object$/],
    [{ log: [] }, /^log must be an object, found a list$/],
    [{ log: {} }, /^log\.entries is missing: it must be a list$/],
    [{ log: { entries: {} } }, /^log\.entries must be a list, found an object$/],
    [{ log: { entries: [entry, 5] } }, /^log\.entries\[1\] must be an object, found 5$/],
    [archive({ request: { method: 7 } }), /^log\.entries\[0\]\.request\.method must be a string, found 7$/],
    [archive({ request: { method: "G T" } }), /request\.method must be a method such as GET, found "G T"$/],
    [
      archive({ request: { url: null } }),
      /^log\.entries\[0\]\.request\.url is missing: it must be a string$/,
    ],
    [
      archive({ startedDateTime: "soon" }),
      /^log\.entries\[0\]\.startedDateTime must be a date .*found "soon"$/,
    ],
    [archive({ response: { status: "200" } }), /response\.status must be a number, found "200"$/],
    [archive({ response: { status: 1200 } }), /response\.status must be a status such as 200, found 1200$/],
    [
      archive({ response: { headers: [{ name: "a b", value: "" }] } }),
      /response\.headers\[0\]\.name must be a header/,
    ],
    [
      archive({ request: { headers: [{ name: "a", value: "\u0000" }] } }),
      /request\.headers\[0\]\.value must be a head/,
    ],
    [
      archive({ response: { content: { encoding: "base64", text: "ä" } } }),
      /content\.text must be base64, found "ä"/,
    ],
    ['{"log":{"entries":[{"a":1,}]}}', /^log\.entries\[0\] is not JSON/],
    ['{"log":{"entries":[] ', /is not JSON/],
    [`{"log":{"entries":[${JSON.stringify(entry)},]}}`, /is not JSON/],
  ];
  for (const [document, message] of refused) {
    await assert.rejects(
      read(document),
      (error) =>
        error instanceof HarError && message.test(error.message) ||
        assert.fail(`${JSON.stringify(document)}: ${error}`),
    );
  }
});

Deno.test("a file is read the same however it is cut into pieces, with entries where others have other fields", async () => {
  const document =
    `\ufeff {"note":{"entries":[1,[2]]},"log":{"pages":[{"entries":["x"]}],"comment":"\\"]}{[","entries":
    [${
      JSON.stringify(archive({ request: { url: "http://a/q\\u0022]}" }, _x: ['\\"', "]"] }).log.entries[0])
    } ,
    ${
      JSON.stringify(archive({ request: { url: "http://b/" } }).log.entries[0])
    }\n], "creator":{"name":"n"}}}`;
  const whole = await read(document);
  assert.deepEqual(whole.exchanges.map((exchange) => exchange.headers[1]), ["a", "b"]);
  assert.equal(whole.creator, "n");
  for (const step of [1, 2, 3, 7, 64]) assert.deepEqual((await read(document, { step })).exchanges.length, 2);
});

Deno.test("reading ends when told to, with what was read so far", async () => {
  const stop = new AbortController();
  stop.abort();
  const { aborted, exchanges } = await read(archive(), { signal: stop.signal });
  assert.deepEqual([aborted, exchanges], [true, []]);
});
