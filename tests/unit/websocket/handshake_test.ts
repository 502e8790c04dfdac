import assert from "node:assert/strict";
import {
  acceptKey,
  isUpgradeRequest,
  newHandshakeKey,
  upgradeRequestProblem,
} from "../../../lib/websocket/mod.ts";

const good = {
  "Host": "example.com",
  "Upgrade": "websocket",
  "Connection": "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

function headers(changes: Record<string, string | null> = {}): string[] {
  return Object.entries({ ...good, ...changes }).flatMap(([name, value]) =>
    value === null ? [] : [name, value]
  );
}

Deno.test("the accept key is the RFC's example's", () => {
  assert.equal(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("a handshake key is 16 bytes of base64, new each time, and a server takes it", () => {
  const keys = Array.from({ length: 100 }, newHandshakeKey);
  assert.equal(new Set(keys).size, 100);
  for (const key of keys) {
    assert.equal(Uint8Array.fromBase64(key).length, 16);
    assert.equal(upgradeRequestProblem("GET", 1, headers({ "Sec-WebSocket-Key": key })), null);
  }
});

Deno.test("a proper request has no problem, in whatever case and spacing", () => {
  assert.equal(upgradeRequestProblem("GET", 1, headers()), null);
  const spelled = Object.entries(good).flatMap(([name, value]) => [name.toUpperCase(), ` ${value}\t`]);
  assert.equal(upgradeRequestProblem("GET", 1, spelled), null);
  const listed = headers({ "Upgrade": "h2c, WebSocket", "Connection": "keep-alive,\tUPGRADE" });
  assert.equal(upgradeRequestProblem("GET", 1, listed), null);
  const repeated = [...headers({ "Connection": "keep-alive" }), "connection", "upgrade"];
  assert.equal(upgradeRequestProblem("GET", 1, repeated), null);
});

Deno.test("a request that is not proper is told what is wrong with it", () => {
  const cases: [string, 0 | 1, string[], RegExp][] = [
    ["POST", 1, headers(), /with GET, not POST/],
    ["get", 1, headers(), /with GET, not get/],
    ["GET", 0, headers(), /not HTTP\/1\.0/],
    ["GET", 1, headers({ "Upgrade": null }), /Upgrade header/],
    ["GET", 1, headers({ "Upgrade": "websockets" }), /Upgrade header/],
    ["GET", 1, headers({ "Upgrade": "\u00a0websocket" }), /Upgrade header/],
    ["GET", 1, headers({ "Connection": null }), /Connection header/],
    ["GET", 1, headers({ "Connection": "keep-alive" }), /Connection header/],
    ["GET", 1, headers({ "Connection": "not-upgrade" }), /Connection header/],
    ["GET", 1, headers({ "Sec-WebSocket-Version": null }), /one Sec-WebSocket-Version header, there are 0/],
    ["GET", 1, headers({ "Sec-WebSocket-Version": "8" }), /must be 13, it is "8"/],
    ["GET", 1, [...headers(), "sec-websocket-version", "13"], /there are 2/],
    ["GET", 1, headers({ "Sec-WebSocket-Key": null }), /one Sec-WebSocket-Key header, there are 0/],
    ["GET", 1, [...headers(), "sec-websocket-key", good["Sec-WebSocket-Key"]], /there are 2/],
    ["GET", 1, [], /Upgrade header/],
  ];
  for (const [method, minorVersion, list, problem] of cases) {
    assert.match(upgradeRequestProblem(method, minorVersion, list) ?? "no problem", problem);
  }
});

Deno.test("a key that is not 16 bytes of base64 is a problem", () => {
  const bad = [
    "",
    "abc",
    "A".repeat(22),
    "A".repeat(24),
    "A".repeat(20) + "==",
    "A".repeat(21) + "-==",
    "A".repeat(30) + "==",
  ];
  for (const key of bad) {
    const problem = upgradeRequestProblem("GET", 1, headers({ "Sec-WebSocket-Key": key }));
    assert.match(problem ?? "no problem", /not 16 bytes of base64/);
  }
});

Deno.test("a request asks for a WebSocket when a GET's Upgrade names it", () => {
  const asks = (method: string, headers: string[], minorVersion: 0 | 1 = 1) =>
    isUpgradeRequest({ method, minorVersion, headers });
  assert.equal(asks("GET", headers()), true);
  assert.equal(asks("GET", ["upgrade", "WebSocket", "connection", "keep-alive, UPGRADE"]), true);
  assert.equal(asks("POST", headers()), false);
  assert.equal(asks("GET", headers({ "Upgrade": "h2c" })), false);
  assert.equal(asks("GET", []), false);
  // Whoever was on the way may not know what it is for (RFC 9110, 7.8).
  assert.equal(asks("GET", headers(), 0), false);
  assert.equal(asks("GET", headers({ "Connection": null })), false);
  assert.equal(asks("GET", headers({ "Connection": "keep-alive" })), false);
});

Deno.test("a long run of spaces in a header is read in linear time", () => {
  const value = "a" + " ".repeat(1_000_000) + "a";
  assert.equal(
    isUpgradeRequest({ method: "GET", minorVersion: 1, headers: headers({ "Upgrade": value }) }),
    false,
  );
});
