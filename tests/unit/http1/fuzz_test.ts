import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1 } from "./bytes.ts";
import { type Reading, readRequests, readResponses } from "./message_reader.ts";
import { chunkedBody, cut, fields, pieceSizes } from "./messages.ts";

const requests = [
  "POST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: [::1]:1\r\nConnection: close, X\r\n\r\n",
  "GET http://a/b HTTP/1.0\r\nCookie: a=b; c=d\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
];
const responses = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: x\r\n\r\n",
  "HTTP/1.1 204\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
];

/** Reads to the end and holds the reading to what any reading is: an error of ours with a status of ours, or none. */
function check(reading: Reading<unknown>, statuses: readonly number[]): void {
  if (typeof reading.end === "object") {
    assert.ok(statuses.includes(reading.end.status), `status ${reading.end.status}`);
  }
}

function checkRequest(...pieces: Uint8Array[]): void {
  check(readRequests(...pieces), [400, 431, 501, 505]);
}

function checkResponse(...pieces: Uint8Array[]): void {
  check(readResponses("GET", ...pieces), [400, 431, 502]);
}

Deno.test("a request cut short anywhere is incomplete, never complete and never an error", () => {
  for (const request of requests) {
    const whole = readRequests(latin1(request));
    assert.deepEqual([whole.end, whole.messages.length], ["clean", 1], request);
    for (let to = 1; to < request.length; to++) {
      const { messages, end } = readRequests(latin1(request.slice(0, to)));
      assert.deepEqual([messages.length, end], [0, "incomplete"], `${request} cut at ${to}`);
    }
  }
});

Deno.test("a response cut short anywhere is an error or incomplete, unless the connection's end is its own", () => {
  for (const response of responses.slice(0, 3)) {
    assert.equal(readResponses("GET", latin1(response)).messages.length, 1, response);
    for (let to = 1; to < response.length; to++) {
      const { messages, end } = readResponses("GET", latin1(response.slice(0, to)));
      assert.equal(messages.length, 0, `${response} cut at ${to}`);
      assert.notEqual(end, "clean");
    }
  }
});

Deno.test("any one byte replaced by any other gives a message or an Http1Error", () => {
  const interesting = [0, 9, 10, 11, 13, 32, 34, 43, 44, 45, 48, 58, 59, 64, 65, 91, 127, 128, 160, 255];
  for (const [samples, checkOne] of [[requests, checkRequest], [responses, checkResponse]] as const) {
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at++) {
        for (const byte of interesting) {
          const bytes = latin1(sample);
          bytes[at] = byte;
          checkOne(bytes);
        }
      }
    }
  }
});

Deno.test("bytes removed, repeated and put in give a message or an Http1Error", () => {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat(8),
    insert: fc.oneof(
      fc.constantFrom(
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        " ",
        ":",
        "\0",
        ";",
        ",",
        "0",
        "ffffffffffffff",
        "chunked",
        "Host: a\r\n",
      ),
      fc.string({ maxLength: 8, unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
    ),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...requests, ...responses),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      pieceSizes,
      (sample, edits, sizes) => {
        let wire = sample;
        for (const { at, remove, insert } of edits) {
          const from = at % (wire.length + 1);
          wire = wire.slice(0, from) + insert + wire.slice(from + remove);
        }
        const bytes = latin1(wire);
        checkRequest(bytes);
        checkResponse(bytes);
        assert.deepEqual(readRequests(...cut(bytes, sizes)), readRequests(bytes));
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("noise gives a message or an Http1Error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), pieceSizes, (noise, sizes) => {
      checkRequest(...cut(noise, sizes));
      checkResponse(...cut(noise, sizes));
      checkRequest(latin1("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), noise);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("chunked bodies with a broken byte never yield more than the bytes that came", () => {
  fc.assert(
    fc.property(fields, chunkedBody, fc.nat(), fc.nat(255), (fields, chunked, at, byte) => {
      const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
      const bytes = latin1(`${head}${chunked.wire}${fields.length > 0 ? "A: b\r\n" : ""}\r\n`);
      bytes[head.length + at % (bytes.length - head.length)] = byte;
      const { messages } = readResponses("GET", bytes);
      for (const message of messages) assert.ok(message.body.length <= bytes.length);
      checkResponse(bytes);
    }),
    { numRuns: 1000 },
  );
});
