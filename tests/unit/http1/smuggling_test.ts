import assert from "node:assert/strict";
import { latin1 } from "./bytes.ts";
import { readRequests, readResponses } from "./message_reader.ts";

/** What stands behind the message that is refused: seen as a request, it would be the smuggled one. */
const smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
const start = "POST / HTTP/1.1\r\nHost: a\r\n";
const chunkedStart = `${start}Transfer-Encoding: chunked\r\n\r\n`;

interface Trick {
  what: string;
  wire: string;
  status: number;
}

/** Tricks by which a server and a proxy in front of it are made to see different messages in the same bytes. */
const tricks: Trick[] = [
  {
    what: "CL.TE",
    wire: `${start}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    status: 400,
  },
  {
    what: "TE.CL",
    wire: `${start}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${smuggled}`,
    status: 400,
  },
  {
    what: "CL.0 by two lengths",
    wire: `${start}Content-Length: 0\r\nContent-Length: 32\r\n\r\n${smuggled}`,
    status: 400,
  },
  {
    what: "two equal lengths",
    wire: `${start}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`,
    status: 400,
  },
  { what: "a list of lengths", wire: `${start}Content-Length: 0, 32\r\n\r\n${smuggled}`, status: 400 },
  { what: "a list of equal lengths", wire: `${start}Content-Length: 2, 2\r\n\r\nhi`, status: 400 },
  { what: "a length with a sign", wire: `${start}Content-Length: +2\r\n\r\nhi`, status: 400 },
  { what: "a negative length", wire: `${start}Content-Length: -1\r\n\r\n${smuggled}`, status: 400 },
  { what: "a hexadecimal length", wire: `${start}Content-Length: 0x20\r\n\r\n${smuggled}`, status: 400 },
  {
    what: "a length with a space inside",
    wire: `${start}Content-Length: 1 2\r\n\r\n${smuggled}`,
    status: 400,
  },
  { what: "an empty length", wire: `${start}Content-Length:\r\n\r\n${smuggled}`, status: 400 },
  {
    what: "a length that overflows 64 bits",
    wire: `${start}Content-Length: 18446744073709551616\r\n\r\n${smuggled}`,
    status: 400,
  },
  {
    what: "a length that overflows 32 bits is that long",
    wire: `${start}Content-Length: 4294967296\r\n\r\n${smuggled}`,
    status: 0,
  },
  {
    what: "a length before a space and a colon",
    wire: `${start}Content-Length : 32\r\n\r\n${smuggled}`,
    status: 400,
  },
  { what: "a length with a NUL", wire: `${start}Content-Length: 2\x00\r\n\r\nhi`, status: 400 },
  {
    what: "an encoding before a space and a colon",
    wire: `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding before a tab and a colon",
    wire: `${start}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding on a folded line",
    wire: `${start}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding in a fold of another field",
    wire: `${start}X: y\r\n Transfer-Encoding: chunked\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding behind a bare LF",
    wire: `${start}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding behind a bare CR",
    wire: `${start}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding behind a vertical tab",
    wire: `${start}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding behind a form feed",
    wire: `${start}Transfer-Encoding:\x0cchunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an encoding behind a no-break space",
    wire: `${start}Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "an unknown coding that has chunked in it",
    wire: `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "an encoding in quotes",
    wire: `${start}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  { what: "identity", wire: `${start}Transfer-Encoding: identity\r\n\r\n${smuggled}`, status: 501 },
  {
    what: "chunked, identity",
    wire: `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "identity on a second line",
    wire: `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "an unknown coding on a second line",
    wire: `${start}Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    what: "chunked twice",
    wire: `${start}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "chunked on two lines",
    wire: `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "chunked with a parameter",
    wire: `${start}Transfer-Encoding: chunked;q=0.5\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  { what: "chunked and a comma", wire: `${start}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n`, status: 400 },
  {
    what: "an empty encoding beside a length",
    wire: `${start}Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nhi`,
    status: 400,
  },
  {
    what: "an encoding in HTTP/1.0",
    wire: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    status: 400,
  },
  { what: "a field without a name", wire: `${start}: x\r\n\r\n`, status: 400 },
  { what: "a field name with a NUL", wire: `${start}Content-Length\x00: 2\r\n\r\nhi`, status: 400 },
  { what: "a head that ends in bare LFs", wire: `GET / HTTP/1.1\r\nHost: a\n\n${smuggled}`, status: 400 },
  { what: "an empty line of bare CRs", wire: `GET / HTTP/1.1\r\nHost: a\r\r${smuggled}`, status: 400 },
  {
    what: "a request line with a second request in it",
    wire: "GET / HTTP/1.1\rHost: a\r\n\r\n",
    status: 400,
  },
  { what: "two Hosts", wire: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", status: 400 },
  { what: "a folded Host", wire: "GET / HTTP/1.1\r\n Host: b\r\nHost: a\r\n\r\n", status: 400 },
  { what: "a Host with a path", wire: "GET / HTTP/1.1\r\nHost: a/admin\r\n\r\n", status: 400 },
  {
    what: "an absolute target with user information",
    wire: "GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    status: 400,
  },
  { what: "a chunk size with 0x", wire: `${chunkedStart}0x2\r\nhi\r\n0\r\n\r\n`, status: 400 },
  { what: "a chunk size with a sign", wire: `${chunkedStart}+2\r\nhi\r\n0\r\n\r\n`, status: 400 },
  { what: "a chunk size behind a space", wire: `${chunkedStart} 2\r\nhi\r\n0\r\n\r\n`, status: 400 },
  { what: "a chunk size before a space", wire: `${chunkedStart}2 \r\nhi\r\n0\r\n\r\n`, status: 400 },
  { what: "a chunk size before a bare LF (TERM)", wire: `${chunkedStart}2\nhi\r\n0\r\n\r\n`, status: 400 },
  {
    what: "a chunk extension before a bare LF (EXT.TERM)",
    wire: `${chunkedStart}2;\nxx\r\n0\r\n\r\n${smuggled}`,
    status: 400,
  },
  { what: "a chunk extension with a bare CR", wire: `${chunkedStart}2;a\rb\r\nhi\r\n0\r\n\r\n`, status: 400 },
  {
    what: "a chunk size that overflows 64 bits",
    wire: `${chunkedStart}10000000000000002\r\nhi\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    what: "chunk data longer than its size (SPILL)",
    wire: `${chunkedStart}2\r\nhiXX0\r\n\r\n${smuggled}`,
    status: 400,
  },
  { what: "chunk data before a bare LF", wire: `${chunkedStart}2\r\nhi\n0\r\n\r\n`, status: 400 },
  { what: "a last chunk before a bare LF", wire: `${chunkedStart}0\n\r\n${smuggled}`, status: 400 },
  { what: "a last empty line that is a bare LF", wire: `${chunkedStart}0\r\n\n${smuggled}`, status: 400 },
  {
    what: "a last empty line that is a CR and something else",
    wire: `${chunkedStart}0\r\n\rX${smuggled}`,
    status: 400,
  },
  { what: "a request in the place of the trailers", wire: `${chunkedStart}0\r\n${smuggled}`, status: 400 },
  { what: "a folded trailer", wire: `${chunkedStart}0\r\nA: b\r\n c\r\n\r\n`, status: 400 },
  {
    what: "a length in the trailers",
    wire: `${chunkedStart}0\r\nContent-Length: 32\r\n\r\n${smuggled}`,
    status: 400,
  },
  {
    what: "an encoding in the trailers",
    wire: `${chunkedStart}0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    status: 400,
  },
  { what: "the preface of HTTP/2", wire: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 505 },
  { what: "HTTP/0.9", wire: `GET /\r\n\r\n${smuggled}`, status: 400 },
];

for (const { what, wire, status } of tricks) {
  Deno.test(`request smuggling: ${what}`, () => {
    const { messages, end } = readRequests(latin1(wire));
    assert.deepEqual(messages, [], "nothing is read out of it");
    assert.deepEqual(end, status === 0 ? "incomplete" : { status });
    for (let i = 1; i < wire.length; i++) {
      const split = readRequests(latin1(wire.slice(0, i)), latin1(wire.slice(i)));
      assert.deepEqual(split.messages, [], `cut at ${i}`);
    }
  });
}

Deno.test("request smuggling: a trailer cannot become a head field", () => {
  const wire = `${chunkedStart}0\r\nAuthorization: evil\r\nHost: evil\r\nX: y\r\n\r\n`;
  const { messages, end } = readRequests(latin1(wire));
  assert.equal(end, "clean");
  assert.deepEqual(messages.map((message) => message.trailers), [["X", "y"]]);
});

Deno.test("requests back to back are told apart, whatever their bodies hold", () => {
  const wire =
    `${start}Content-Length: 32\r\n\r\n${smuggled}${chunkedStart}20\r\n${smuggled}\r\n0\r\n\r\n${smuggled}`;
  const { messages, end } = readRequests(latin1(wire));
  assert.equal(end, "clean");
  assert.deepEqual(messages.map(({ head, body }) => [head.target, body]), [["/", smuggled], ["/", smuggled], [
    "/admin",
    "",
  ]]);
});

Deno.test("response splitting: a response with two ends is refused", () => {
  const responses = [
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nX:\r\n Content-Length: 0\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
  ];
  for (const response of responses) {
    assert.deepEqual(
      readResponses("GET", latin1(response)),
      { messages: [], end: { status: 502 } },
      response,
    );
  }
});
