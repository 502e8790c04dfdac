import assert from "node:assert/strict";
import fc from "fast-check";
import { type AccessRules, refusalOf } from "../../../lib/inspector/guard.ts";

const loopback: AccessRules = { loopback: true, token: null };
const remote: AccessRules = { loopback: false, token: "the-token" };

function statusOf(headers: Record<string, string>, rules = loopback, open = false): number | null {
  return refusalOf({ headers: new Headers(headers), open }, rules)?.status ?? null;
}

Deno.test("on loopback no host is served but this machine's own names, whatever else is sent", () => {
  const own = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/i;
  const anyHost = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.constantFrom("localhost", "LocalHost", "127.0.0.1", "[::1]", "127.1.2.3"),
  ).chain((name) =>
    fc.oneof(fc.constant(name), fc.integer({ min: 1, max: 65_535 }).map((port) => `${name}:${port}`))
  );
  fc.assert(fc.property(anyHost, fc.boolean(), (host, open) => {
    assert.equal(statusOf({ host }, loopback, open), own.test(host) ? null : 421);
  }));
});

Deno.test("no origin is served but that of the host asked for, on any address, with the right token or without", () => {
  fc.assert(
    fc.property(fc.webAuthority(), fc.webUrl(), fc.boolean(), (authority, url, open) => {
      const origin = new URL(url).origin;
      const host = `localhost:${authority.length}`;
      const bearer = { authorization: "Bearer the-token" };
      const same = origin === `http://${host}` || origin === `https://${host}`;
      assert.equal(statusOf({ host, origin }, loopback, open), same ? null : 403);
      assert.equal(statusOf({ host, origin, ...bearer }, remote, open), same ? null : 403);
    }),
    { numRuns: 30 },
  );
  for (const scheme of ["http", "https"]) {
    assert.equal(statusOf({ host: "localhost:4040", origin: `${scheme}://localhost:4040` }), null);
  }
});

Deno.test("no token opens but the right one", () => {
  assert.equal(statusOf({ host: "a", authorization: "Bearer the-token" }, remote), null);
  assert.equal(statusOf({ host: "a", authorization: "bearer  the-token" }, remote), null);
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."the-token x") }), (token) => {
    const right = token.trim() === "the-token";
    assert.equal(statusOf({ host: "a", authorization: `Bearer ${token}` }, remote), right ? null : 401);
  }));
  assert.equal(statusOf({ host: "a" }, remote), 401);
});

Deno.test("the page itself is open: it asks for the token", () => {
  assert.equal(statusOf({ host: "a" }, remote, true), null);
  assert.equal(
    statusOf({ host: "localhost", "sec-fetch-site": "cross-site" }, loopback, true),
    null,
    "a link led here",
  );
  assert.equal(statusOf({ host: "localhost", "sec-fetch-site": "cross-site" }, loopback, false), 403);
});
