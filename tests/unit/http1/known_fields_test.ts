import assert from "node:assert/strict";
import fc from "fast-check";
import { useOriginForm } from "../../../lib/gateway/origin_form.ts";
import {
  encodeRequestHead,
  encodeResponseHead,
  parseRequestHead,
  parseResponseHead,
  stripHopByHop,
} from "../../../lib/http1/mod.ts";
import { share } from "../../../lib/repeats/mod.ts";
import { http1Error, latin1, requestHead, responseHead, text } from "./bytes.ts";
import { fields, target, token, value } from "./messages.ts";
import { fieldLines, isShared, sharedRequestFields, sharedResponseFields } from "./shared_fields.ts";

const times = [1, 2, 3, 4];

const method = token.filter((method) => method !== "CONNECT");
const minorVersion = fc.constantFrom<(0 | 1)[]>(0, 1);
const connectionFields = fc.tuple(
  fc.constantFrom("Connection", "connection", "TE", "Keep-Alive", "Upgrade", "X-Named"),
  fc.constantFrom("close", "keep-alive, x-named", "trailers", "x"),
);
/** Some for this hop alone among those that go on. */
const someFields = fc.tuple(fields, fc.array(connectionFields, { maxLength: 3 }), fields)
  .map(([before, connection, after]) => [...before, ...connection.flat(), ...after]);
/** As above, beginning with a Host. */
const requestFields = fc.tuple(fc.constantFrom("Host", "host", "HOST"), someFields)
  .map(([name, fields]) => [name, "a:80", ...fields]);

Deno.test("requests that come again and again are read as the first time, whatever comes between them", () => {
  const request = fc.record({ method, target, minorVersion, headers: requestFields }, {
    noNullPrototype: true,
  });
  fc.assert(fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (requests) => {
    for (const _ of times) {
      for (const expected of requests) {
        const { method, target, minorVersion, headers } = expected;
        const wire = `${method} ${target} HTTP/1.${minorVersion}\r\n${fieldLines(headers)}\r\n`;
        assert.deepEqual(requestHead(wire), expected);
      }
    }
  }));
});

Deno.test("responses that come again and again are read as the first time, whatever comes between them", () => {
  const status = fc.integer({ min: 100, max: 999 });
  const response = fc.record({ status, reason: value, minorVersion, headers: someFields }, {
    noNullPrototype: true,
  });
  fc.assert(fc.property(fc.array(response, { minLength: 1, maxLength: 4 }), (responses) => {
    for (const _ of times) {
      for (const expected of responses) {
        const { status, reason, minorVersion, headers } = expected;
        const wire = `HTTP/1.${minorVersion} ${status} ${reason}\r\n${fieldLines(headers)}\r\n`;
        assert.deepEqual(responseHead(wire), expected);
      }
    }
  }));
});

Deno.test("requests with the same fields have their own methods, targets and versions", () => {
  const lines = "Host: own\r\nX-Same: 1\r\n\r\n";
  for (const _ of times) {
    for (const minorVersion of [0, 1] as const) {
      for (const [method, target] of [["GET", "/"], ["PUT", "/longer?than=that"], ["CONNECT", "own:443"]]) {
        assert.deepEqual(requestHead(`${method} ${target} HTTP/1.${minorVersion}\r\n${lines}`), {
          ...{ method, target, minorVersion, headers: ["Host", "own", "X-Same", "1"] },
        });
      }
    }
  }
});

Deno.test("requests are read alike wherever they lie, in a buffer that is used again", () => {
  const buffer = new Uint8Array(1000);
  for (const [n, _] of times.entries()) {
    for (const host of ["again-a", "again-b"]) {
      const head = latin1(`GET /${n} HTTP/1.1\r\nHost: ${host}\r\nX-Padding: ${"p".repeat(40)}\r\n\r\n`);
      buffer.fill(0x78);
      buffer.set(head, 31 * n);
      assert.deepEqual(parseRequestHead(buffer, 31 * n, 31 * n + head.length), {
        ...{ method: "GET", target: `/${n}`, minorVersion: 1 },
        headers: ["Host", host, "X-Padding", "p".repeat(40)],
      });
    }
  }
});

Deno.test("fields without Host are good for HTTP/1.0 and refused in HTTP/1.1, however often they come", () => {
  for (const lines of ["X-No-Host: 1\r\n", ""]) {
    for (const _ of times) {
      assert.equal(requestHead(`GET / HTTP/1.0\r\n${lines}\r\n`).minorVersion, 0);
      assert.throws(() => requestHead(`GET / HTTP/1.1\r\n${lines}\r\n`), http1Error(400, /missing/));
    }
  }
});

Deno.test("what is refused is refused every time", () => {
  const cases: [string, number][] = [
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
    ["GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: a\r\n${"a:\r\n".repeat(256)}\r\n`, 431],
    ["GET x HTTP/1.1\r\nHost: good\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\nHost: good\r\n\r\n", 505],
  ];
  for (const _ of times) {
    requestHead("GET / HTTP/1.1\r\nHost: good\r\n\r\n");
    for (const [wire, status] of cases) assert.throws(() => requestHead(wire), http1Error(status), wire);
  }
});

Deno.test("fields of responses that came often make no request good", () => {
  for (const lines of ["X-Response: 1\r\n", "Host: a\r\nHost: b\r\n", "Host: /\r\n"]) {
    for (const _ of times) responseHead(`HTTP/1.1 200 OK\r\n${lines}\r\n`);
    for (const _ of times) {
      assert.throws(() => requestHead(`GET / HTTP/1.1\r\n${lines}\r\n`), http1Error(400), lines);
    }
  }
});

Deno.test("a request and a response with the same fields share no list", () => {
  const headers = ["Host", "both", "X-Both", "1"];
  const [ofRequest, ofResponse] = [sharedRequestFields(headers), sharedResponseFields(headers)];
  assert.notEqual(ofRequest, ofResponse);
  assert.deepEqual([ofRequest, ofResponse], [headers, headers]);
});

Deno.test("fields that are shared are written as a copy of them is", () => {
  fc.assert(fc.property(method, target, requestFields, (method, target, headers) => {
    const shared = sharedRequestFields(headers);
    const request = text(encodeRequestHead(method, target, [...shared]));
    const response = text(encodeResponseHead(404, "No", [...shared]));
    const written = times.flatMap(() => [
      encodeRequestHead(method, target, shared),
      encodeResponseHead(404, "No", shared),
    ]);
    assert.deepEqual(written.map(text), times.flatMap(() => [request, response]));
  }));
});

Deno.test("heads with shared fields are written whole one after another, whatever their sizes", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 1900 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5000 }), (sizes, targetLength) => {
      const target = `/${"t".repeat(targetLength)}`;
      const lists = sizes.map((size) => sharedResponseFields(["X-Size", "s".repeat(size)]));
      const written = times.flatMap(() => lists.map((list) => encodeRequestHead("GET", target, list)));
      const expected = lists.map((list) => `GET ${target} HTTP/1.1\r\n${fieldLines(list)}\r\n`);
      assert.deepEqual(written.map(text), times.flatMap(() => expected));
    }),
    { numRuns: 40 },
  );
});

Deno.test("what goes on of shared fields is what goes on of a copy, and is shared itself", () => {
  fc.assert(fc.property(requestFields, (headers) => {
    const shared = sharedRequestFields(headers);
    const expected = stripHopByHop([...shared]);
    const stripped = stripHopByHop(shared);
    for (const _ of times) {
      assert.equal(stripHopByHop(shared), stripped);
      assert.deepEqual(stripped, expected);
      assert.deepEqual(encodeRequestHead("GET", "/", stripped), encodeRequestHead("GET", "/", expected));
      assert.deepEqual(stripHopByHop(stripped), stripHopByHop(expected));
    }
    assert.ok(isShared(stripped));
    assert.deepEqual(shared, headers);
  }));
});

Deno.test("fields that cannot be written are refused every time, and harm no head behind them", () => {
  const good = sharedRequestFields(["Host", "good", "X-Good", "1"]);
  const expected = text(encodeResponseHead(200, "OK", [...good]));
  for (const bad of [["X-Fine", "1", "X-A", "a\r\nb"], ["a b", ""], ["", "x"], ["X-A", "\u0141"]]) {
    share(bad);
    for (const _ of times) {
      assert.throws(() => encodeRequestHead("GET", "/", bad), { name: "EncodeError" });
      assert.throws(() => encodeResponseHead(200, "OK", bad), { name: "EncodeError" });
      assert.throws(() => encodeResponseHead(200, "a\nb", good), { name: "EncodeError" });
      assert.equal(text(encodeResponseHead(200, "OK", good)), expected);
    }
  }
});

Deno.test("a target in absolute form sets the Host of its own request alone", () => {
  const lines = "host: of-all\r\nX-Absolute: 1\r\n\r\n";
  for (const authority of ["one", "two:81", "one"]) {
    for (const _ of times) {
      const head = requestHead(`GET http://${authority}/path HTTP/1.1\r\n${lines}`);
      const before = head.headers;
      useOriginForm(head);
      assert.equal(head.target, "/path");
      assert.deepEqual(head.headers, ["host", authority, "X-Absolute", "1"]);
      assert.deepEqual(before, ["host", "of-all", "X-Absolute", "1"]);
      assert.equal(
        text(encodeRequestHead("GET", head.target, stripHopByHop(head.headers))),
        `GET /path HTTP/1.1\r\nhost: ${authority}\r\nX-Absolute: 1\r\n\r\n`,
      );
      const plain = requestHead(`GET /path HTTP/1.1\r\n${lines}`);
      useOriginForm(plain);
      assert.deepEqual(plain.headers, ["host", "of-all", "X-Absolute", "1"]);
    }
  }
  assert.ok(isShared(requestHead(`GET http://one/ HTTP/1.1\r\n${lines}`).headers));
});

Deno.test("fields of more than 2048 bytes are read and written right every time, and never shared", () => {
  const headers = ["Host", "large", "X-Large", "v".repeat(2048)];
  const wire = latin1(`HTTP/1.1 200 OK\r\n${fieldLines(headers)}\r\n`);
  for (const _ of times) {
    const head = parseResponseHead(wire, 0, wire.length);
    assert.deepEqual(head.headers, headers);
    assert.equal(isShared(head.headers), false);
    assert.deepEqual(text(encodeResponseHead(200, "OK", head.headers)), text(wire));
  }
});

Deno.test("what goes on of fields that are shared is one list, and shared as well", () => {
  const shared = sharedRequestFields(["Host", "goes-on", "Connection", "close", "A", "1"]);
  const stripped = stripHopByHop(shared);
  assert.deepEqual(stripped, ["Host", "goes-on", "A", "1"]);
  assert.equal(stripHopByHop(shared), stripped);
  assert.deepEqual([stripped, stripHopByHop([...shared])].map(isShared), [true, false]);
});
