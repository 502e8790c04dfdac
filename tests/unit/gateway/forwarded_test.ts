import assert from "node:assert/strict";
import fc from "fast-check";
import { type ClientInfo, forwardedHeaders } from "../../../lib/gateway/forwarded.ts";
import { headerValue, type RawHeaders } from "../../../lib/http1/mod.ts";
import { requestHead } from "../http1/bytes.ts";
import { fields } from "../http1/messages.ts";
import { fieldLines, isShared, sharedRequestFields } from "../http1/shared_fields.ts";

const times = [1, 2, 3, 4];

/** The fields of a request that a client sends with `headers`, as the gateway reads them. */
function received(headers: RawHeaders): RawHeaders {
  return requestHead(`GET / HTTP/1.1\r\n${fieldLines(headers)}\r\n`).headers;
}

function added(headers: RawHeaders): (string | undefined)[] {
  return ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map((name) =>
    headerValue(headers, name)
  );
}

Deno.test("clients that say the same from different addresses are each forwarded as themselves", () => {
  const headers = ["Host", "addresses", "User-Agent", "same"];
  for (const _ of times) {
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1"]) {
      const forwarded = forwardedHeaders(received(headers), { address, secure: false }, false);
      assert.deepEqual(forwarded, [
        ...headers,
        ...["X-Forwarded-For", address],
        ...["X-Forwarded-Proto", "http", "X-Forwarded-Host", "addresses"],
      ]);
    }
  }
});

Deno.test("a client that says the same over TLS and in the clear is forwarded with the scheme of each", () => {
  const headers = ["Host", "schemes"];
  for (const _ of times) {
    for (const secure of [true, false, false, true]) {
      const forwarded = forwardedHeaders(received(headers), { address: "192.0.2.1", secure }, false);
      assert.deepEqual(added(forwarded), ["192.0.2.1", secure ? "https" : "http", "schemes"]);
    }
  }
});

Deno.test("what a proxy in front says counts each time that it is trusted, and at no other", () => {
  const headers = [
    ...["Host", "trust", "X-Forwarded-For", "203.0.113.9"],
    ...["X-Forwarded-Proto", "https", "X-Forwarded-Host", "public.example"],
  ];
  const client = { address: "192.0.2.1", secure: false };
  for (const _ of times) {
    for (const trusts of [false, true, true, false]) {
      assert.deepEqual(
        added(forwardedHeaders(received(headers), client, trusts)),
        trusts
          ? ["203.0.113.9, 192.0.2.1", "https", "public.example"]
          : ["203.0.113.9, 192.0.2.1", "http", "trust"],
      );
    }
  }
});

Deno.test("one client's fields that come again are worked out once, and the result is shared", () => {
  const shared = sharedRequestFields(["Host", "once", "Connection", "close"]);
  const client = { address: "192.0.2.1", secure: true };
  const forwarded = forwardedHeaders(shared, client, false);
  assert.equal(forwardedHeaders(shared, { ...client }, false), forwarded);
  assert.ok(isShared(forwarded));
  assert.deepEqual(forwarded, forwardedHeaders([...shared], client, false));
  assert.deepEqual(shared, ["Host", "once", "Connection", "close"]);
});

Deno.test("fields that never came before are forwarded without being kept", () => {
  const headers = ["Host", "never"];
  const client = { address: "192.0.2.1", secure: true };
  const [one, other] = [1, 2].map(() => forwardedHeaders(headers, client, false));
  assert.notEqual(one, other);
  assert.equal(isShared(one), false);
});

Deno.test("whoever sends whatever in turn, each is forwarded as if it came for the first time", () => {
  const forwardingFields = fc.array(
    fc.tuple(
      fc.constantFrom(
        ...["X-Forwarded-For", "x-forwarded-for", "X-Forwarded-Proto", "X-FORWARDED-HOST", "Forwarded"],
        ...["Expect", "Connection", "TE", "X-Tunnel-Runner", "X-Forwarded-Port"],
      ),
      fc.constantFrom("192.0.2.77", "https", "x.example", "100-continue", "x-forwarded-for, te", ""),
    ),
    { maxLength: 5 },
  );
  const headers = fc.tuple(fields, forwardingFields, fields)
    .map(([before, forwarding, after]) => [...before, ...forwarding.flat(), "Host", "a", ...after]);
  const client: fc.Arbitrary<ClientInfo> = fc.record({
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "::1"),
    secure: fc.boolean(),
  });
  fc.assert(fc.property(
    fc.array(headers, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(2), client, fc.boolean()), { maxLength: 30, size: "max" }),
    (lists, requests) => {
      for (const [which, client, trusts] of requests) {
        const headers = received(lists[which % lists.length]);
        const expected = forwardedHeaders([...headers], client, trusts);
        assert.deepEqual(forwardedHeaders(headers, client, trusts), expected);
        assert.deepEqual(headers, lists[which % lists.length]);
      }
    },
  ));
});

Deno.test("of clients that say the same by turns one keeps its list, and another has it when it comes twice running", () => {
  const headers = ["Host", "turns", "User-Agent", "same"];
  const from = (address: string) => forwardedHeaders(received(headers), { address, secure: false }, false);
  for (const _ of times) from("192.0.2.1");
  const first = from("192.0.2.1");
  for (const _ of times) {
    assert.equal(isShared(from("192.0.2.2")), false);
    assert.equal(from("192.0.2.1"), first);
    assert.equal(isShared(from("192.0.2.2")), false);
    assert.equal(isShared(from("192.0.2.3")), false);
    assert.equal(from("192.0.2.1"), first);
  }
  assert.equal(isShared(from("192.0.2.2")), false);
  const second = from("192.0.2.2");
  assert.equal(isShared(second), true);
  assert.equal(from("192.0.2.2"), second);
});
