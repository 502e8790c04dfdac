/** Request lines and reasons that come again are remembered, which must not show. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRequestHead, parseResponseHead } from "../../../lib/http1/mod.ts";
import { http1Error, latin1, requestHead, responseHead } from "./bytes.ts";
import { fieldLines } from "./shared_fields.ts";

/** Few of each, so that they come again in every combination. Their parts put together otherwise are others of them. */
const methods = ["GET", "G", "GE", "get", "CONNECT", "OPTIONS"];
const targets = [
  ...["/", "/a", "/A", "/a?b", "/a/", "*", "a:80", "http://a/", "x", "a", "/\xe9"],
  // 256 bytes are remembered, with a method and a space; behind that they differ.
  ...["k", "l"].flatMap((last) => [251, 252, 253].map((length) => `/${"t".repeat(length - 2)}${last}`)),
];
const versions = ["1.1", "1.0", "2.0"];
const requestFields = [["Host", "a"], ["Host", "b"], ["host", "a", "X", "1"], ["X", "1"], ["Host", "a b"]];
const reasons = [
  ...["", "OK", "Ok", "OK ", "O", "K", "Not Found", "\xe9"],
  ...["k", "l"].flatMap((last) => [63, 64, 65].map((length) => `${"r".repeat(length - 1)}${last}`)),
];
const responseFields = [[], ["X", "1"], ["X", "2"], ["OK", "1"]];

interface Request {
  method: string;
  target: string;
  version: string;
  headers: string[];
}

/** What is wrong with a request, or `null`. */
function problemOf({ method, target, version, headers }: Request): RegExp | null {
  if (version === "2.0") return /only HTTP\/1\.0 and HTTP\/1\.1/;
  const takes = {
    "CONNECT": target === "a:80",
    "OPTIONS": target === "*" || target.startsWith("/") || target === "http://a/",
  }[method] ?? (target.startsWith("/") || target === "http://a/");
  if (!takes) return /target/;
  const host = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  if (host === -1) return version === "1.0" ? null : /Host field is missing/;
  return headers[host + 1].includes(" ") ? /not a host/ : null;
}

/** At any place of a buffer that is used for all of them. */
const buffer = new Uint8Array(1024);
function inBuffer<T>(
  wire: string,
  at: number,
  parse: (bytes: Uint8Array, from: number, end: number) => T,
): T {
  buffer.fill(0x78);
  buffer.set(latin1(wire), at);
  return parse(buffer, at, at + wire.length);
}

Deno.test("requests whose lines come again in any order are read, or refused, as each alone would be", () => {
  const request: fc.Arbitrary<Request> = fc.record({
    method: fc.constantFrom(...methods),
    target: fc.constantFrom(...targets),
    version: fc.constantFrom(...versions),
    headers: fc.constantFrom(...requestFields),
  });
  const sequence = fc.array(fc.tuple(request, fc.integer({ min: 1, max: 3 }), fc.nat(200)), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(sequence, (sequence) => {
      for (const [request, times, at] of sequence) {
        const { method, target, version, headers } = request;
        const wire = `${method} ${target} HTTP/${version}\r\n${fieldLines(headers)}\r\n`;
        const problem = problemOf(request);
        for (let i = 0; i < times; i++) {
          if (problem !== null) {
            const status = version === "2.0" ? 505 : 400;
            assert.throws(() => inBuffer(wire, at, parseRequestHead), http1Error(status, problem), wire);
            continue;
          }
          const head = inBuffer(wire, at, parseRequestHead);
          const minorVersion = version === "1.1" ? 1 : 0;
          assert.deepEqual(head, { method, target, minorVersion, headers }, wire);
          // Whoever puts a target in another form does it to this request alone.
          head.target = "/changed";
          head.method = "CHANGED";
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("responses whose reasons come again in any order are read as each alone would be", () => {
  const response = fc.record({
    status: fc.constantFrom(200, 201, 404),
    reason: fc.constantFrom(...reasons),
    version: fc.constantFrom<(0 | 1)[]>(0, 1),
    headers: fc.constantFrom(...responseFields),
  });
  const sequence = fc.array(fc.tuple(response, fc.integer({ min: 1, max: 3 }), fc.nat(200)), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(sequence, (sequence) => {
      for (const [{ status, reason, version, headers }, times, at] of sequence) {
        const wire = `HTTP/1.${version} ${status} ${reason}\r\n${fieldLines(headers)}\r\n`;
        for (let i = 0; i < times; i++) {
          const head = inBuffer(wire, at, parseResponseHead);
          assert.deepEqual(head, { status, reason, minorVersion: version, headers }, wire);
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a target that is refused is refused each time it comes, alone and between others with the same bytes", () => {
  const refused: [string, string][] = [
    ["GET", "a:80"],
    ["GET", "*"],
    ["GET", "x"],
    ["CONNECT", "/"],
    ["CONNECT", "a"],
    ["CONNECT", "http://a/"],
    ["OPTIONS", "x"],
  ];
  const lines = "HTTP/1.1\r\nHost: a\r\n\r\n";
  for (let times = 0; times < 5; times++) {
    for (const [method, target] of refused) {
      for (let again = 0; again < 3; again++) {
        assert.throws(
          () => requestHead(`${method} ${target} ${lines}`),
          http1Error(400),
          `${method} ${target}`,
        );
      }
    }
    // The same targets where they are right, and methods that begin with another.
    assert.equal(requestHead(`CONNECT a:80 ${lines}`).target, "a:80");
    assert.equal(requestHead(`OPTIONS * ${lines}`).target, "*");
    assert.equal(requestHead(`GET / ${lines}`).method, "GET");
  }
});

Deno.test("a line that is known does not make good what is wrong behind it", () => {
  for (let times = 0; times < 4; times++) {
    assert.equal(requestHead("GET /known HTTP/1.1\r\nHost: a\r\n\r\n").target, "/known");
    const wrong: [string, number][] = [
      ["GET /known\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
      ["GET /known HTTP/1.1 \r\nHost: a\r\n\r\n", 400],
      ["GET /known  HTTP/1.1\r\nHost: a\r\n\r\n", 400],
      ["GET /known HTTP/2.1\r\nHost: a\r\n\r\n", 505],
      ["GET /known HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
    ];
    for (const [wire, status] of wrong) assert.throws(() => requestHead(wire), http1Error(status), wire);
    assert.equal(responseHead("HTTP/1.1 200 Known\r\nX: 1\r\n\r\n").reason, "Known");
    for (const wire of ["HTTP/1.1 200 Known\x01\r\nX: 1\r\n\r\n", "HTTP/1.1 200 Known\r\nX : 1\r\n\r\n"]) {
      assert.throws(() => responseHead(wire), http1Error(502), wire);
    }
  }
});
