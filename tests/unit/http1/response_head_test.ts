import assert from "node:assert/strict";
import { maxFields, maxHeadBytes } from "../../../lib/http1/mod.ts";
import { http1Error, responseHead } from "./bytes.ts";

Deno.test("a response's head is read as it was sent", () => {
  assert.deepEqual(
    responseHead("HTTP/1.1 200 Very \xe9 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX:\r\n\r\n"),
    {
      status: 200,
      reason: "Very \xe9 OK",
      minorVersion: 1,
      headers: ["Set-Cookie", "a=1", "set-cookie", "b=2", "X", ""],
    },
  );
});

Deno.test("a reason may be empty, and the space before it may be absent then", () => {
  for (const line of ["HTTP/1.1 204 ", "HTTP/1.1 204"]) {
    assert.deepEqual(responseHead(`${line}\r\n\r\n`), {
      status: 204,
      reason: "",
      minorVersion: 1,
      headers: [],
    });
  }
  assert.equal(responseHead("HTTP/1.0 999 \r\n\r\n").minorVersion, 0);
  // Of what is newer, as much is understood as is known here (RFC 9110, 2.5).
  assert.equal(responseHead("HTTP/1.2 200 OK\r\n\r\n").minorVersion, 1);
});

Deno.test("a status line that is not one is refused as a bad gateway's", () => {
  const lines = [
    "",
    "HTTP/2.0 200 OK",
    "HTTP/1.x 200 OK",
    "HTTP/1.10 200 OK",
    "http/1.1 200 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 099 OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.1 2x0 OK",
    "HTTP/1.1 200\tOK",
    "HTTP/1.1 200 O\x00K",
    "HTTP/1.1 200 O\rK",
    "HTTP/1.1 200 OK\r",
    "HTTP/1.1 200 OK\n",
    "ICY 200 OK",
    " HTTP/1.1 200 OK",
    "\r\nHTTP/1.1 200 OK",
  ];
  for (const line of lines) {
    assert.throws(() => responseHead(`${line}\r\n\r\n`), http1Error(502), JSON.stringify(line));
  }
});

Deno.test("a response's fields are held to the same rules as a request's", () => {
  for (
    const line of [
      " X: y",
      "X: y\r\n folded",
      "X : y",
      ": y",
      "nocolon",
      "X: a\x00b",
      "X: a\rb",
      "X: a\nY: b",
      "X\xe9: y",
    ]
  ) {
    assert.throws(
      () => responseHead(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`),
      http1Error(502),
      JSON.stringify(line),
    );
  }
  assert.throws(() => responseHead("HTTP/1.1 200 OK\nX: y\n\n"), http1Error(502));
});

Deno.test("too large a response head and too many fields are a bad gateway's", () => {
  const fields = (count: number) => "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(count) + "\r\n";
  assert.equal(responseHead(fields(maxFields)).headers.length, 2 * maxFields);
  assert.throws(() => responseHead(fields(maxFields + 1)), http1Error(502));
  assert.throws(
    () => responseHead(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(maxHeadBytes)}\r\n\r\n`),
    http1Error(502),
  );
});
