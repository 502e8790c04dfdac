/** Which responses an exchange is told of in one call, and what becomes of the connection. */
import assert from "node:assert/strict";
import { AnsweringOrigin, RecordedExchange } from "./answering_origin.ts";

interface Answer {
  what: string;
  method?: string;
  /** What the origin writes: each piece once the one before was read. */
  writes: readonly string[];
  close?: boolean;
  /** What the exchange is told. */
  calls: readonly string[];
  /** The same, for an exchange that has no call for whole responses. */
  inParts?: readonly string[];
  /** Whether the connection is used for the next exchange. */
  kept: boolean;
}

/** Responses that are complete with the read that completes their heads. */
const whole: readonly Answer[] = [
  {
    what: "a body with its length",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    calls: ["whole 200 OK: hello"],
    inParts: ["head 200 OK", "data hello", "end"],
    kept: true,
  },
  {
    what: "an empty body",
    writes: ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    calls: ["whole 404 Not Found: "],
    inParts: ["head 404 Not Found", "end"],
    kept: true,
  },
  {
    what: "no body by its status, 204",
    method: "DELETE",
    writes: ["HTTP/1.1 204 No Content\r\n\r\n"],
    calls: ["whole 204 No Content: "],
    inParts: ["head 204 No Content", "end"],
    kept: true,
  },
  {
    what: "no body by its status, 304, though its length is told",
    writes: ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
    calls: ["whole 304 Not Modified: "],
    inParts: ["head 304 Not Modified", "end"],
    kept: true,
  },
  {
    what: "no body by its method, though its length is told",
    method: "HEAD",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
    calls: ["whole 200 OK: "],
    inParts: ["head 200 OK", "end"],
    kept: true,
  },
  {
    what: "no body by its method, though it would have chunks",
    method: "HEAD",
    writes: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    calls: ["whole 200 OK: "],
    inParts: ["head 200 OK", "end"],
    kept: true,
  },
  {
    what: "interim responses before it in the same read",
    writes: [
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
    calls: ["whole 200 OK: hi"],
    inParts: ["head 200 OK", "data hi", "end"],
    kept: true,
  },
  {
    what: "an interim response in a read of its own",
    writes: [
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
    calls: ["read", "whole 200 OK: hi"],
    inParts: ["read", "head 200 OK", "data hi", "end"],
    kept: true,
  },
  {
    what: "a head that was cut",
    writes: ["HTTP/1.1 200 OK\r\nContent-Le", "ngth: 5\r\n\r\nhello"],
    calls: ["read", "whole 200 OK: hello"],
    inParts: ["read", "head 200 OK", "data hello", "end"],
    kept: true,
  },
  {
    what: "the last word on its connection",
    writes: ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"],
    calls: ["whole 200 OK: hello"],
    inParts: ["head 200 OK", "data hello", "end"],
    kept: false,
  },
  {
    what: "HTTP/1.0, which keeps no connection",
    writes: ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    calls: ["whole 200 OK: hello"],
    inParts: ["head 200 OK", "data hello", "end"],
    kept: false,
  },
];

/** Others, though some of them come in one read. */
const others: readonly Answer[] = [
  {
    what: "chunks",
    writes: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n"],
    calls: ["head 200 OK", "data hello", "end X 1"],
    kept: true,
  },
  {
    what: "a body that ends with its connection",
    writes: ["HTTP/1.1 200 OK\r\n\r\nhello"],
    close: true,
    calls: ["head 200 OK", "data hello", "read", "end"],
    kept: false,
  },
  {
    what: "nothing until the end of its connection",
    writes: ["HTTP/1.1 200 OK\r\n\r\n"],
    close: true,
    calls: ["head 200 OK", "read", "end"],
    kept: false,
  },
  {
    what: "a body that lacks a byte, which comes later",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "o"],
    calls: ["head 200 OK", "data hell", "read", "data o", "end"],
    kept: true,
  },
  {
    what: "a body behind its head",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"],
    calls: ["head 200 OK", "read", "data hello", "end"],
    kept: true,
  },
  {
    what: "a body that lacks a byte, which never comes",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
    close: true,
    calls: ["head 200 OK", "data hell", "read", "failed in the middle"],
    kept: false,
  },
  {
    what: "a byte beyond its body",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"],
    calls: ["head 200 OK", "data hello", "end"],
    kept: false,
  },
  {
    what: "another response behind it",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    calls: ["head 200 OK", "end"],
    kept: false,
  },
  {
    what: "a body where there must be none",
    writes: ["HTTP/1.1 204 No Content\r\n\r\nhello"],
    calls: ["head 204 No Content", "end"],
    kept: false,
  },
  {
    what: "the body of a GET for a HEAD",
    method: "HEAD",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    calls: ["head 200 OK", "end"],
    kept: false,
  },
  {
    what: "two lengths",
    writes: ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello"],
    calls: ["failed in the middle"],
    kept: false,
  },
];

const next = { writes: ["HTTP/1.1 200 Next\r\nContent-Length: 4\r\n\r\nnext"] };

/** What becomes of the connection is seen by the next exchange, and by the origin. */
async function check(answer: Answer, exchange: RecordedExchange, calls: readonly string[]): Promise<void> {
  const { what, kept, close = false } = answer;
  using origin = new AnsweringOrigin();
  const connection = await origin.connect();
  assert.deepEqual(await origin.answer(connection, exchange, answer), calls, what);
  assert.equal(origin.pool.takeIdle(), kept ? connection : null, what);
  if (kept) {
    assert.deepEqual(await origin.answer(connection, new RecordedExchange(), next), ["whole 200 Next: next"]);
    assert.equal(origin.pool.takeIdle(), connection, what);
  } else if (!close) {
    assert.equal(await origin.rest(connection), "", what);
  }
  // The first exchange is told nothing of what comes after it.
  assert.deepEqual(exchange.calls, calls, what);
}

Deno.test("a response that is complete as soon as its head is, is told in one call, and its connection used again if it may be", async () => {
  for (const answer of whole) await check(answer, new RecordedExchange(), answer.calls);
});

Deno.test("any other is told in parts, and its connection used again if it may be", async () => {
  for (const answer of others) await check(answer, new RecordedExchange(), answer.calls);
});

Deno.test("an exchange that has no call for whole responses is told all of them in parts", async () => {
  for (const answer of whole) {
    await check(answer, new RecordedExchange({ whole: false }), answer.inParts!);
  }
  for (const answer of others) await check(answer, new RecordedExchange({ whole: false }), answer.calls);
});

Deno.test("one response after another is told whole, and is not mixed with the one before", async () => {
  using origin = new AnsweringOrigin();
  const connection = await origin.connect();
  for (const body of ["first", "other", "", "a longer one", "short"]) {
    const writes = [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`];
    const calls = await origin.answer(connection, new RecordedExchange(), { writes });
    assert.deepEqual(calls, [`whole 200 OK: ${body}`]);
    assert.equal(origin.pool.takeIdle(), connection);
  }
});

Deno.test("an exchange that gives its connection up with the whole response hears no more of it, nor does another", async () => {
  using origin = new AnsweringOrigin();
  const connection = await origin.connect();
  const exchange = new RecordedExchange();
  const record = exchange.wholeResponse!;
  exchange.wholeResponse = (head, bytes, bodyAt) => {
    connection.abort();
    record(head, bytes, bodyAt);
  };
  assert.deepEqual(await origin.answer(connection, exchange, next), ["whole 200 Next: next"]);
  assert.equal(origin.pool.idleCount, 0);
  assert.equal(origin.pool.takeIdle(), null);
  assert.equal(await origin.rest(connection), "");
  assert.deepEqual(exchange.calls, ["whole 200 Next: next"]);
});

Deno.test("a connection is not used again when its response is complete before its request has gone out", async () => {
  const answers = ["Content-Length: 2\r\n\r\nno", "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"];
  for (const answer of answers) {
    using origin = new AnsweringOrigin();
    const connection = await origin.connect();
    // More than a kernel takes for an origin that does not read it: the next request would wait behind it.
    const body = new Uint8Array(32 * 1024 * 1024);
    const writes = [`HTTP/1.1 413 Too Large\r\n${answer}`];
    const calls = await origin.answer(connection, new RecordedExchange(), { method: "POST", body, writes });
    assert.match(calls.at(-1)!, /^whole 413 Too Large: no$|^end$/);
    assert.equal(origin.pool.takeIdle(), null, answer);
    assert.equal(connection.socket.closed, true, answer);
  }
});
