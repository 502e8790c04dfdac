import assert from "node:assert/strict";
import {
  BodyDecoder,
  type BodyFraming,
  maxChunkExtensionBytes,
  maxFields,
  maxTrailerBytes,
} from "../../../lib/http1/mod.ts";
import { http1Error, latin1, text } from "./bytes.ts";

const chunked: BodyFraming = { kind: "chunked" };

/** Decodes `wire` in one piece. */
function decode(framing: BodyFraming, wire: string): { decoder: BodyDecoder; data: string; next: number } {
  const decoder = new BodyDecoder(framing);
  const bytes = latin1(wire);
  let data = "";
  const next = decoder.decode(bytes, 0, bytes.length, {
    data(part) {
      assert.notEqual(part.length, 0, "no empty parts");
      data += text(part);
    },
  });
  return { decoder, data, next };
}

Deno.test("no body is done at once and leaves every byte alone", () => {
  for (const framing of [{ kind: "none" }, { kind: "length", bytes: 0 }] as const) {
    const { decoder, data, next } = decode(framing, "GET / HTTP/1.1");
    assert.deepEqual([decoder.done, data, next], [true, "", 0]);
    decoder.finish();
  }
});

Deno.test("a body of fixed length ends at its last byte; what is behind it belongs to the next message", () => {
  const { decoder, data, next } = decode({ kind: "length", bytes: 5 }, "helloGET /");
  assert.deepEqual([decoder.done, data, next], [true, "hello", 5]);
  assert.equal(decoder.decode(latin1("more"), 2, 4, { data: () => assert.fail("done") }), 2);
});

Deno.test("a body without a length ends with the connection", () => {
  const { decoder, data, next } = decode({ kind: "until-close" }, "all\r\n\r\n0\r\n\r\n");
  assert.deepEqual([decoder.done, data, next], [false, "all\r\n\r\n0\r\n\r\n", 12]);
  decoder.finish();
  assert.equal(decoder.done, true);
});

Deno.test("a connection that ends before the body does is an error", () => {
  for (
    const wire of [
      "",
      "5",
      "5\r\n",
      "5\r\nhel",
      "5\r\nhello",
      "5\r\nhello\r\n",
      "0\r\n",
      "0\r\nA: b\r\n",
      "0\r\n\r",
    ]
  ) {
    const { decoder } = decode(chunked, wire);
    assert.equal(decoder.done, false);
    assert.throws(() => decoder.finish(), http1Error(400, /ended before the body/), JSON.stringify(wire));
  }
  const { decoder } = decode({ kind: "length", bytes: 5 }, "hell");
  assert.throws(() => decoder.finish(), http1Error(400, /ended before the body/));
});

Deno.test("chunks are joined, sizes are hexadecimal in any case, extensions are dropped", () => {
  const wire =
    '1\r\na\r\n0000b\r\nbcdefghijkl\r\nA;x\r\n0123456789\r\n1 ;n="v;," \t; m\r\nz\r\n000;last\r\n\r\nnext';
  const { decoder, data, next } = decode(chunked, wire);
  assert.deepEqual([decoder.done, data, next], [true, "abcdefghijkl0123456789z", wire.length - 4]);
  assert.deepEqual(decoder.trailers, []);
  decoder.finish();
});

Deno.test("a chunk's data is passed on before the chunk is complete", () => {
  const { decoder, data } = decode(chunked, "ffffffffff\r\nabc");
  assert.deepEqual([decoder.done, data], [false, "abc"]);
});

Deno.test("the bytes handed on are views, not copies", () => {
  const bytes = latin1("3\r\nabc\r\n0\r\n\r\n");
  const parts: Uint8Array[] = [];
  new BodyDecoder(chunked).decode(bytes, 0, bytes.length, { data: (part) => parts.push(part) });
  assert.equal(parts.length, 1);
  assert.equal(parts[0].buffer, bytes.buffer);
  assert.equal(parts[0].byteOffset, 3);
});

Deno.test("trailers are read like head fields; those that would change the message are dropped", () => {
  const { decoder } = decode(
    chunked,
    "0\r\nDigest: \t abc \r\nContent-Encoding: br\r\nTE: x\r\nHost: evil\r\nX-Forwarded-For: ::1\r\n" +
      "Authorization: x\r\nSet-Cookie: y\r\nConnection: close\r\nx-B:\r\n\r\n",
  );
  assert.equal(decoder.done, true);
  assert.deepEqual(decoder.trailers, ["Digest", "abc", "x-B", ""]);
});

Deno.test("what is not a chunked body is refused, and the decoder stays failed", () => {
  const wires: [string, RegExp][] = [
    ["\r\n", /missing/],
    ["g\r\n", /missing or not hexadecimal/],
    ["-1\r\n", /hexadecimal/],
    ["+1\r\n", /hexadecimal/],
    ["0x5\r\nhello\r\n", /not hexadecimal/],
    [" 5\r\nhello\r\n", /missing or not hexadecimal/],
    ["5 \r\nhello\r\n", /white space behind a chunk size/],
    ["5\t\r\nhello\r\n", /white space behind a chunk size/],
    ["5 5\r\nhello\r\n", /white space behind a chunk size/],
    ["5\nhello\r\n", /bare LF/],
    ["5\rhello\r\n", /bare CR/],
    ["5\r\r\nhello\r\n", /bare CR/],
    ["5;a\nhello\r\n", /bare LF/],
    ["5;a\rb\r\nhello\r\n", /bare CR/],
    ["5;a\x00b\r\nhello\r\n", /control character/],
    ['5;a="\r\n"\r\nhello\r\n', /longer than its size|not followed/],
    ["20000000000000\r\n", /too large/],
    ["ffffffffffffffff\r\n", /too large/],
    ["10000000000000005\r\n", /too large/],
    ["00000000000000005\r\n", /too large/],
    ["5\r\nhelloX", /longer than its size/],
    ["5\r\nhello\n", /not followed by CRLF/],
    ["5\r\nhello\rX", /not followed by CRLF/],
    ["5\r\nhello0\r\n\r\n", /longer than its size/],
    ["3\r\nhello\r\n", /longer than its size/],
    ["0\r\n\n", /bare LF/],
    ["0\r\n\rX", /bare CR/],
    ["0\n\r\n", /bare LF/],
    ["0\r\nX: y\n\r\n", /bare LF/],
    ["0\r\nX: a\nY: b\r\n\r\n", /bare LF/],
    ["0\r\nX: a\rb\r\n\r\n", /bare CR/],
    ["0\r\nX : y\r\n\r\n", /colon/],
    ["0\r\n folded: y\r\n\r\n", /white space/],
    ["0\r\nX: a\x00\r\n\r\n", /control character/],
    ["0\r\nGET / HTTP/1.1\r\n\r\n", /colon/],
    ["0\r\nA: b\r\ncontent-LENGTH: 5\r\n\r\n", /trailers have content-length/],
    ["0\r\nTransfer-Encoding: chunked\r\n\r\n", /trailers have transfer-encoding/],
  ];
  for (const [wire, message] of wires) {
    const decoder: BodyDecoder = new BodyDecoder(chunked);
    const bytes = latin1(wire);
    const sink = { data() {} };
    assert.throws(
      () => decoder.decode(bytes, 0, bytes.length, sink),
      http1Error(400, message),
      JSON.stringify(wire),
    );
    assert.equal(decoder.done, false);
    assert.throws(() => decoder.decode(latin1("0\r\n\r\n"), 0, 5, sink), http1Error(400, /before/));
    assert.throws(() => decoder.finish(), http1Error(400));
  }
});

Deno.test("chunk extensions are bounded for the whole body, however they are spread", () => {
  const chunk = `1;${"x".repeat(1023)}\r\na\r\n`;
  const most = maxChunkExtensionBytes / 1023;
  assert.equal(decode(chunked, chunk.repeat(Math.floor(most))).data.length, Math.floor(most));
  assert.throws(
    () => decode(chunked, chunk.repeat(Math.floor(most) + 1)),
    http1Error(431, /chunk extensions/),
  );
  assert.throws(() => decode(chunked, "1;" + "x".repeat(maxChunkExtensionBytes + 1)), http1Error(431));
  assert.throws(() => decode(chunked, "1" + " ".repeat(maxChunkExtensionBytes + 2)), http1Error(431));
});

Deno.test("trailers are bounded in bytes and number, also when they never end", () => {
  assert.throws(
    () => decode(chunked, "0\r\nX: " + "x".repeat(maxTrailerBytes)),
    http1Error(431, /trailers are larger/),
  );
  assert.throws(
    () => decode(chunked, "0\r\n" + "a: b\r\n".repeat(maxFields + 1) + "\r\n"),
    http1Error(431, /more than/),
  );
  assert.equal(
    decode(chunked, "0\r\n" + "a: b\r\n".repeat(maxFields) + "\r\n").decoder.trailers.length,
    2 * maxFields,
  );
});
