import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chunkEnd,
  encodeRequestHead,
  encodeResponseHead,
  findHeadEnd,
  parseRequestHead,
  parseResponseHead,
  stripHopByHop,
} from "../../../lib/http1/mod.ts";
import { concat } from "../websocket/bytes.ts";
import { encodeChunkHeader, encodeLastChunk, latin1 } from "./bytes.ts";
import { readRequests, readResponses } from "./message_reader.ts";
import { body, chunkedBody, cut, fields, pieceSizes, target, token, value } from "./messages.ts";

const notConnect = token.filter((method) => method !== "CONNECT");
const trailers = fields.filter((flat) => flat.every((name, i) => i % 2 === 1 || !/^(te|range)$/i.test(name)));

Deno.test("a request's head that was encoded is parsed to what it was made of", () => {
  fc.assert(fc.property(notConnect, target, fields, (method, target, fields) => {
    const headers = ["Host", "a", ...fields];
    const bytes = encodeRequestHead(method, target, headers);
    assert.equal(findHeadEnd(bytes, 0, bytes.length), bytes.length);
    assert.deepEqual(parseRequestHead(bytes, 0, bytes.length), { method, target, minorVersion: 1, headers });
  }));
});

Deno.test("a response's head that was encoded is parsed to what it was made of", () => {
  fc.assert(fc.property(fc.integer({ min: 100, max: 999 }), value, fields, (status, reason, headers) => {
    const bytes = encodeResponseHead(status, reason, headers);
    assert.equal(findHeadEnd(bytes, 0, bytes.length), bytes.length);
    assert.deepEqual(parseResponseHead(bytes, 0, bytes.length), { status, reason, minorVersion: 1, headers });
  }));
});

Deno.test("requests on one connection are the same however their bytes are cut", () => {
  const message = fc.oneof(
    fc.record({ target, fields, body }).map(({ target, fields, body }) => ({
      wire: concat(
        encodeRequestHead("PUT", target, ["Host", "a", ...fields, "Content-Length", String(body.length)]),
        latin1(body),
      ),
      expected: { target, body, trailers: [] as string[] },
    })),
    fc.record({ target, fields, chunked: chunkedBody, trailers }).map((
      { target, fields, chunked, trailers },
    ) => ({
      wire: concat(
        encodeRequestHead("PUT", target, ["Host", "a", "Transfer-Encoding", "chunked", ...fields]),
        latin1(chunked.wire),
        encodeLastChunk(trailers).subarray(3),
      ),
      expected: { target, body: chunked.body, trailers },
    })),
  );
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), pieceSizes, (messages, sizes) => {
      const wire = concat(...messages.map((message) => message.wire));
      const whole = readRequests(wire);
      assert.equal(whole.end, "clean");
      assert.deepEqual(
        whole.messages.map(({ head, body, trailers }) => ({ target: head.target, body, trailers })),
        messages.map((message) => message.expected),
      );
      assert.deepEqual(readRequests(...cut(wire, sizes)), whole);
    }),
  );
});

Deno.test("a request that is not HTTP is refused with the same status however its bytes are cut", () => {
  const breakage = fc.record({
    at: fc.nat(),
    byte: fc.constantFrom(0, 9, 10, 13, 32, 44, 45, 48, 58, 59, 127, 255),
  });
  fc.assert(
    fc.property(
      target,
      fields,
      chunkedBody,
      breakage,
      pieceSizes,
      (target, fields, chunked, { at, byte }, sizes) => {
        const wire = concat(
          encodeRequestHead("PUT", target, ["Host", "a", ...fields, "Transfer-Encoding", "chunked"]),
          latin1(`${chunked.wire}\r\n`),
        );
        wire[at % wire.length] = byte;
        const whole = readRequests(wire);
        const pieces = readRequests(...cut(wire, sizes));
        assert.deepEqual(pieces, whole);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a body sent in chunks arrives as it was, whoever cuts it", () => {
  fc.assert(fc.property(fc.array(body, { maxLength: 5 }), trailers, pieceSizes, (parts, trailers, sizes) => {
    const wire: Uint8Array[] = [encodeResponseHead(200, "OK", ["Transfer-Encoding", "chunked"])];
    for (const part of parts) {
      if (part.length > 0) wire.push(encodeChunkHeader(part.length), latin1(part), chunkEnd);
    }
    wire.push(encodeLastChunk(trailers));
    const { messages, end } = readResponses("GET", ...cut(concat(...wire), sizes));
    assert.equal(end, "clean");
    assert.equal(messages[0].body, parts.join(""));
    assert.deepEqual(messages[0].trailers, trailers);
  }));
});

Deno.test("a response that ends with its connection is all that came", () => {
  fc.assert(fc.property(body, pieceSizes, (body, sizes) => {
    const wire = concat(latin1("HTTP/1.0 200 OK\r\n\r\n"), latin1(body));
    const { messages, end } = readResponses("GET", ...cut(wire, sizes));
    assert.equal(end, "clean");
    assert.deepEqual(messages.map((message) => message.body), [body]);
  }));
});

Deno.test("what goes on to the next hop is all but this hop's fields and those that Connection names", () => {
  const hopByHop = [
    "Connection",
    "connection",
    "TE",
    "Upgrade",
    "Keep-Alive",
    "Transfer-Encoding",
    "Trailer",
  ];
  fc.assert(
    fc.property(
      fields,
      fc.constantFrom(...hopByHop),
      token,
      value,
      fields,
      (before, hop, named, x, after) => {
        const headers = [...before, hop, named, named.toLowerCase(), x, ...after];
        const gone = new Set(hopByHop.map((name) => name.toLowerCase()));
        if (hop.toLowerCase() === "connection") gone.add(named.toLowerCase());
        const expected = headers.filter((_, i) => !gone.has(headers[i - i % 2].toLowerCase()));
        assert.deepEqual(stripHopByHop(headers), expected);
      },
    ),
  );
});
