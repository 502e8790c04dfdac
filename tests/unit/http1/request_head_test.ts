import assert from "node:assert/strict";
import {
  findHeadEnd,
  maxFields,
  maxHeadBytes,
  mayBeginRequest,
  parseRequestHead,
} from "../../../lib/http1/mod.ts";
import { http1Error, latin1, requestHead } from "./bytes.ts";

Deno.test("a request's head is read as it was sent: order, case, repetition and bytes", () => {
  const head = requestHead(
    "GET /a%2Fb//c?x=1&x=2 HTTP/1.1\r\nHost: example.com\r\nx-A: 1\r\nX-a:2\r\nEmpty:\r\nName: caf\xe9 \x80\xff\r\n\r\n",
  );
  assert.deepEqual(head, {
    method: "GET",
    target: "/a%2Fb//c?x=1&x=2",
    minorVersion: 1,
    headers: ["Host", "example.com", "x-A", "1", "X-a", "2", "Empty", "", "Name", "caf\xe9 \x80\xff"],
  });
});

Deno.test("white space around a value is not part of it, white space inside is", () => {
  const { headers } = requestHead("GET / HTTP/1.1\r\nHost:\t a \t\r\nX: \t b \t c\t \r\nY:   \r\n\r\n");
  assert.deepEqual(headers, ["Host", "a", "X", "b \t c", "Y", ""]);
});

Deno.test("a head is read from the middle of a buffer and does not look beyond its end", () => {
  const bytes = latin1("junk\r\n\r\nGET / HTTP/1.0\r\nA: b\r\n\r\nHost: not of this head\r\n\r\n");
  const end = findHeadEnd(bytes, 8, bytes.length);
  assert.equal(end, 8 + "GET / HTTP/1.0\r\nA: b\r\n\r\n".length);
  assert.deepEqual(parseRequestHead(bytes, 8, end), {
    method: "GET",
    target: "/",
    minorVersion: 0,
    headers: ["A", "b"],
  });
});

Deno.test("a method is any token, and its case is kept", () => {
  for (const method of ["GET", "get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~0aZ"]) {
    assert.equal(requestHead(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).method, method);
  }
  for (const method of ["", "G ET", "G(T", "GET\t", "G\x00T", "G\xc9T", " GET", "GET:"]) {
    assert.throws(() => requestHead(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`), http1Error(400), method);
  }
});

Deno.test("the beginning of a request may become one, what begins otherwise may not", () => {
  for (const text of ["", "G", "GET", "GET ", "GET /a b", "!#$%&'*+-.^_`|~0aZ"]) {
    assert.equal(mayBeginRequest(latin1(text), 0, text.length), true, text);
  }
  // The last is how a TLS handshake begins.
  for (const text of [" ", " GET", "G(T", "GET\t", "GET\r\n", "\x16\x03\x01\x02\x00"]) {
    assert.equal(mayBeginRequest(latin1(text), 0, text.length), false, text);
  }
});

Deno.test("each form of target is taken where RFC 9112, 3.2 has it", () => {
  const accepted: [string, string][] = [
    ["GET", "/"],
    ["GET", '/%00"<>\\^`{|}\x80\xff'],
    ["OPTIONS", "*"],
    ["OPTIONS", "/x"],
    ["GET", "http://example.com/x?y"],
    ["GET", "http://example.com"],
    ["GET", "https://[::1]:8080?q"],
    ["CONNECT", "example.com:443"],
    ["CONNECT", "[2001:db8::1]:443"],
  ];
  for (const [method, target] of accepted) {
    assert.equal(requestHead(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).target, target);
  }
});

Deno.test("a target of the wrong form or with a forbidden character is refused", () => {
  const refused: [string, string][] = [
    ["GET", ""],
    ["GET", "x"],
    ["GET", "*"],
    ["POST", "*"],
    ["OPTIONS", "**"],
    ["GET", "example.com:443"],
    ["GET", "http://user@example.com/"],
    ["GET", "http:///x"],
    ["GET", "ftp://example.com/"],
    ["GET", "h0ttp://example.com/"],
    ["GET", "http://exa mple/"],
    ["GET", "http://a,b/"],
    ["GET", "http://a:b/"],
    ["CONNECT", "/"],
    ["CONNECT", "example.com"],
    ["CONNECT", "example.com:"],
    ["CONNECT", "http://example.com:80"],
    ["GET", "/a b"],
    ["GET", "/a#b"],
    ["GET", "/a\tb"],
    ["GET", "/a\x00"],
    ["GET", "/a\x7f"],
    ["GET", "/a\rb"],
    ["GET", "/a\x0bb"],
  ];
  for (const [method, target] of refused) {
    assert.throws(
      () => requestHead(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`),
      http1Error(400),
      `${method} ${JSON.stringify(target)}`,
    );
  }
});

Deno.test("a higher minor version is taken as the highest that is known, with all its demands", () => {
  for (const version of ["HTTP/1.1", "HTTP/1.2", "HTTP/1.9"]) {
    assert.equal(requestHead(`GET / ${version}\r\nHost: a\r\n\r\n`).minorVersion, 1, version);
    assert.throws(() => requestHead(`GET / ${version}\r\n\r\n`), http1Error(400), version);
  }
});

Deno.test("a version that is not HTTP/1 is answered 505, what is no version 400", () => {
  for (const version of ["HTTP/2.0", "HTTP/0.9", "HTTP/9.9"]) {
    assert.throws(() => requestHead(`GET / ${version}\r\nHost: a\r\n\r\n`), http1Error(505), version);
  }
  assert.throws(() => requestHead("PRI * HTTP/2.0\r\n\r\n"), http1Error(505));
  for (
    const version of [
      "http/1.1",
      "HTTP/1.1 ",
      " HTTP/1.1",
      "HTTP/1",
      "HTTP/11",
      "HTTP/1.10",
      "HTTP 1.1",
      "HTTPS/1.1",
      "",
    ]
  ) {
    assert.throws(() => requestHead(`GET / ${version}\r\nHost: a\r\n\r\n`), http1Error(400), version);
  }
  assert.throws(() => requestHead("GET /\r\n\r\n"), http1Error(400, /no HTTP version/));
});

Deno.test("HTTP/1.1 needs one valid Host; HTTP/1.0 may have none, but not two or a bad one", () => {
  for (const host of ["a", "A.example:80", "a:", "[::1]", "[::1]:80", "127.0.0.1:65535", "a_b", "%41"]) {
    assert.deepEqual(requestHead(`GET / HTTP/1.1\r\nhOST: ${host}\r\n\r\n`).headers, ["hOST", host]);
  }
  assert.equal(requestHead("GET / HTTP/1.0\r\n\r\n").headers.length, 0);
  assert.throws(() => requestHead("GET / HTTP/1.1\r\n\r\n"), http1Error(400, /Host field is missing/));
  const bad = [
    "",
    "a b",
    "a/b",
    "a@b",
    "a,b",
    "a\\b",
    "a?b",
    "a#b",
    "a:b",
    "a:80:80",
    "a:123456",
    ":80",
    "[::1",
    "::1",
    "[]",
    "[x]",
    "[::1]x",
    "\xe9",
  ];
  for (const version of ["1.0", "1.1"]) {
    assert.throws(
      () => requestHead(`GET / HTTP/${version}\r\nHost: a\r\nhost: a\r\n\r\n`),
      http1Error(400, /more than one Host/),
    );
    for (const host of bad) {
      assert.throws(
        () => requestHead(`GET / HTTP/${version}\r\nHost: ${host}\r\n\r\n`),
        http1Error(400),
        host,
      );
    }
  }
});

Deno.test("a head line that is not name, colon, value, CRLF is refused", () => {
  const lines: [string, RegExp][] = [
    [" X: y", /folded or begins with white space/],
    ["X: y\r\n folded", /folded/],
    ["X: y\r\n\tfolded", /folded/],
    ["X : y", /between a header field's name and its colon/],
    ["X\t: y", /between a header field's name and its colon/],
    [": y", /no name/],
    ["no colon", /between a header field's name and its colon/],
    ["nocolon", /no colon/],
    ["X\x00: y", /name/],
    ["X(: y", /name/],
    ["X\xe9: y", /name/],
    ["X: a\x00b", /control character is in the value of "X"/],
    ["X: a\x7f", /control character/],
    ["X: a\x1bb", /control character/],
    ["X: a\rb", /bare CR is in the value of "X"/],
    ["X: a\nY: b", /line of "X" ends in a bare LF/],
    ["X: a\r\r", /bare CR/],
  ];
  for (const [line, message] of lines) {
    assert.throws(
      () => requestHead(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`),
      http1Error(400, message),
      JSON.stringify(line),
    );
  }
});

Deno.test("every byte but the field characters is refused in names and in values", () => {
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const inName = /[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(character);
    const inValue = byte === 9 || (byte >= 32 && byte !== 127);
    const name = () => requestHead(`GET / HTTP/1.1\r\nHost: a\r\nX${character}Y: z\r\n\r\n`);
    const value = () => requestHead(`GET / HTTP/1.1\r\nHost: a\r\nX: y${character}z\r\n\r\n`);
    if (inName) name();
    else assert.throws(name, http1Error(400), `name with ${byte}`);
    if (inValue) assert.deepEqual(value().headers, ["Host", "a", "X", `y${character}z`]);
    else assert.throws(value, http1Error(400), `value with ${byte}`);
  }
});

Deno.test("a head whose lines end in a bare LF is found at once, and refused", () => {
  for (
    const head of [
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n",
      "GET / HTTP/1.1\nHost: a\n\r\n",
      "GET / HTTP/1.0\n\n",
    ]
  ) {
    const bytes = latin1(head);
    assert.equal(findHeadEnd(bytes, 0, bytes.length), bytes.length, JSON.stringify(head));
    assert.throws(() => requestHead(head), http1Error(400), JSON.stringify(head));
  }
});

Deno.test("too large a head and too many fields are answered 431", () => {
  const start = "GET / HTTP/1.0\r\nX: ";
  const largest = start + "x".repeat(maxHeadBytes - start.length - 4) + "\r\n\r\n";
  assert.equal(requestHead(largest).headers[1].length, maxHeadBytes - start.length - 4);
  assert.throws(() => requestHead(largest.replace("X: ", "X: x")), http1Error(431));
  const fields = (count: number) => "GET / HTTP/1.0\r\n" + "a: b\r\n".repeat(count) + "\r\n";
  assert.equal(requestHead(fields(maxFields)).headers.length, 2 * maxFields);
  assert.throws(() => requestHead(fields(maxFields + 1)), http1Error(431));
});

Deno.test("the end of a head is the first empty line, however the bytes are cut", () => {
  const head = latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (let to = 0; to < head.length; to++) assert.equal(findHeadEnd(head, 0, to), -1);
  const more = latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n\n\n");
  assert.equal(findHeadEnd(more, 0, more.length), head.length);
  assert.equal(findHeadEnd(latin1("\r\n\r\n"), 2, 4), -1);
});
