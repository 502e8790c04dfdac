import assert from "node:assert/strict";
import {
  chunkEnd,
  EncodeError,
  encodeRequestHead,
  encodeResponseHead,
  reasonPhrase,
} from "../../../lib/http1/mod.ts";
import { encodeChunkHeader, encodeLastChunk, latin1, text } from "./bytes.ts";

Deno.test("heads are written byte for byte as given", () => {
  assert.equal(
    text(encodeRequestHead("GET", "/a%2F?\xff", ["Host", "a", "x-B", "caf\xe9\t.", "Empty", ""])),
    "GET /a%2F?\xff HTTP/1.1\r\nHost: a\r\nx-B: caf\xe9\t.\r\nEmpty: \r\n\r\n",
  );
  assert.equal(
    text(encodeResponseHead(200, "OK \xe9", ["Set-Cookie", "a", "Set-Cookie", "b"])),
    "HTTP/1.1 200 OK \xe9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
  );
  assert.equal(text(encodeResponseHead(100, "", [])), "HTTP/1.1 100 \r\n\r\n");
  assert.equal(text(encodeResponseHead(999, "", [])), "HTTP/1.1 999 \r\n\r\n");
});

Deno.test("a chunk's size is written in hexadecimal", () => {
  const sizes: [number, string][] = [
    [1, "1"],
    [9, "9"],
    [10, "a"],
    [15, "f"],
    [16, "10"],
    [65536, "10000"],
    [0xabcdef, "abcdef"],
    [Number.MAX_SAFE_INTEGER, "1fffffffffffff"],
  ];
  for (const [bytes, hexadecimal] of sizes) {
    assert.equal(text(encodeChunkHeader(bytes)), `${hexadecimal}\r\n`);
  }
  assert.equal(text(chunkEnd), "\r\n");
});

Deno.test("a chunk of nothing, which would end the body, is not written", () => {
  for (const bytes of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => encodeChunkHeader(bytes), EncodeError, String(bytes));
  }
});

Deno.test("a body's end has its trailers but those that must not be there", () => {
  assert.equal(text(encodeLastChunk([])), "0\r\n\r\n");
  assert.equal(
    text(encodeLastChunk(["Digest", "x", "content-length", "5", "Y", ""])),
    "0\r\nDigest: x\r\nY: \r\n\r\n",
  );
  assert.equal(text(encodeLastChunk(["Transfer-Encoding", "chunked"])), "0\r\n\r\n");
});

Deno.test("nothing that is given as a name, value, method, target or reason can break out of its place", () => {
  for (const bad of ["\r", "\n", "\0", "\r\nX: y", "\x7f", "\x1b", "\u010d", "\u010a", "\ud83d\ude00"]) {
    for (const injected of [bad, `a${bad}`, `${bad}a`, `a${bad}b`]) {
      assert.throws(() => encodeRequestHead(injected, "/", []), EncodeError);
      assert.throws(() => encodeRequestHead("GET", injected, []), EncodeError);
      assert.throws(() => encodeRequestHead("GET", "/", [injected, "b"]), EncodeError);
      assert.throws(() => encodeRequestHead("GET", "/", ["a", injected]), EncodeError);
      assert.throws(() => encodeResponseHead(200, injected, []), EncodeError);
      assert.throws(() => encodeResponseHead(200, "OK", [injected, "b"]), EncodeError);
      assert.throws(() => encodeResponseHead(200, "OK", ["a", injected]), EncodeError);
      assert.throws(() => encodeLastChunk([injected, "b"]), EncodeError);
      assert.throws(() => encodeLastChunk(["a", injected]), EncodeError);
    }
  }
  for (const name of ["", "a b", "a:", " a", "a\t", "(", "\xe9"]) {
    assert.throws(() => encodeRequestHead("GET", "/", [name, "b"]), EncodeError, name);
    assert.throws(() => encodeRequestHead(name, "/", []), EncodeError, name);
  }
  for (const target of ["", " ", "/a b", "/\t", "/#"]) {
    assert.throws(() => encodeRequestHead("GET", target, []), EncodeError, target);
  }
  for (const status of [0, 99, 1000, -200, 200.5, NaN]) {
    assert.throws(() => encodeResponseHead(status, "", []), EncodeError, String(status));
  }
});

Deno.test("what was encoded stays as it is while others are encoded, fail to be, or are large", () => {
  const expected: string[] = [];
  const heads: Uint8Array[] = [];
  for (let i = 0; i < 300; i++) {
    const value = String(i).repeat(1 + (i * 37) % 2500);
    heads.push(encodeResponseHead(200, "OK", ["X", value]), encodeChunkHeader(i + 1));
    expected.push(`HTTP/1.1 200 OK\r\nX: ${value}\r\n\r\n`, `${(i + 1).toString(16)}\r\n`);
    assert.throws(() => encodeResponseHead(200, "OK", ["X", value, "Y", "\n"]), EncodeError);
  }
  assert.deepEqual(heads.map(text), expected);
});

Deno.test("a head or an end of any size is nothing but itself, also where it gets a buffer of its own", () => {
  for (const length of [4050, 4096, 4097, 30_000, 70_000]) {
    const value = "v".repeat(length);
    assert.equal(text(encodeRequestHead("GET", "/", ["X", value])), `GET / HTTP/1.1\r\nX: ${value}\r\n\r\n`);
    assert.equal(text(encodeRequestHead("GET", `/${value}`, [])), `GET /${value} HTTP/1.1\r\n\r\n`);
    assert.equal(text(encodeResponseHead(200, value, [])), `HTTP/1.1 200 ${value}\r\n\r\n`);
    assert.equal(text(encodeLastChunk(["X", value])), `0\r\nX: ${value}\r\n\r\n`);
  }
});

Deno.test("statuses have their registered phrases, and no others", () => {
  assert.deepEqual([200, 404, 431, 502, 299, 700].map(reasonPhrase), [
    "OK",
    "Not Found",
    "Request Header Fields Too Large",
    "Bad Gateway",
    "",
    "",
  ]);
  for (let status = 100; status < 600; status++) {
    assert.equal(latin1(reasonPhrase(status)).every((byte) => byte >= 0x20 && byte < 0x7f), true);
  }
});
