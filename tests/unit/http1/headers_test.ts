import assert from "node:assert/strict";
import {
  hasToken,
  headerValue,
  headerValues,
  isFieldValue,
  isTarget,
  isToken,
  keepsAlive,
  stripHopByHop,
} from "../../../lib/http1/mod.ts";

Deno.test("a field is found in any case, and the first of several is its value", () => {
  const headers = ["A", "1", "SET-cookie", "x", "set-Cookie", "y", "Set-Cookies", "z"];
  assert.equal(headerValue(headers, "set-cookie"), "x");
  assert.deepEqual(headerValues(headers, "set-cookie"), ["x", "y"]);
  assert.equal(headerValue(headers, "x"), undefined);
  assert.deepEqual(headerValues(headers, "x"), []);
});

Deno.test("only letters have a case: characters that differ by the same bit are different names", () => {
  assert.equal(headerValue(["^A~", "1"], "~a~"), undefined);
  assert.equal(headerValue(["a\x0db", "1"], "a-b"), undefined);
  assert.equal(headerValue(["@", "1"], "`"), undefined);
});

Deno.test("a token is an element of a list on one line or several", () => {
  const cases: [string[], boolean][] = [
    [["close"], true],
    [["Close"], true],
    [["keep-alive, CLOSE"], true],
    [["keep-alive", "close"], true],
    [[" ,\t close\t,, x"], true],
    [["closed"], false],
    [["not-close"], false],
    [["close;q=1"], false],
    [["c lose"], false],
    [[""], false],
    [[",,"], false],
  ];
  for (const [values, expected] of cases) {
    const headers = values.flatMap((value) => ["Connection", value]);
    assert.equal(hasToken(headers, "connection", "close"), expected, values.join(" | "));
  }
  assert.equal(hasToken(["Upgrade", "close"], "connection", "close"), false);
});

Deno.test("a connection persists as RFC 9112, 9.3 has it", () => {
  const cases: [0 | 1, string | null, boolean][] = [
    [1, null, true],
    [1, "keep-alive", true],
    [1, "close", false],
    [1, "Upgrade, Close", false],
    [1, "keep-alive, close", false],
    [0, null, false],
    [0, "Keep-Alive", true],
    [0, "close", false],
    [0, "keep-alive, close", false],
    [0, "upgrade", false],
  ];
  for (const [minorVersion, connection, expected] of cases) {
    const headers = connection === null ? [] : ["Connection", connection];
    assert.equal(keepsAlive({ minorVersion, headers }), expected, `HTTP/1.${minorVersion} ${connection}`);
  }
});

Deno.test("fields of one hop do not go on, the others do in their order", () => {
  const hop = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "UPGRADE",
    "HTTP2-Settings",
  ];
  const kept = [
    "Host",
    "a",
    "Set-Cookie",
    "1",
    "Via",
    "x",
    "Set-Cookie",
    "2",
    "Proxy-Authorization",
    "p",
    "Proxy-Authenticate",
    "q",
  ];
  assert.deepEqual(stripHopByHop([...hop.flatMap((name) => [name, "trailers"]), ...kept]), kept);
  assert.deepEqual(stripHopByHop(kept), kept);
  assert.deepEqual(stripHopByHop([]), []);
});

Deno.test("the fields that Connection names do not go on, wherever they stand", () => {
  assert.deepEqual(
    stripHopByHop([
      "X-One",
      "1",
      "Connection",
      "close, x-ONE ,,X-Two",
      "x-two",
      "2",
      "Connection",
      "X-3",
      "x-3",
      "3",
      "X-4",
      "4",
    ]),
    ["X-4", "4"],
  );
});

Deno.test("Connection cannot take away what delimits or addresses a message", () => {
  const headers = ["Host", "a", "Content-Length", "5"];
  assert.deepEqual(stripHopByHop(["Connection", "content-length, HOST, close", ...headers]), headers);
});

Deno.test("tokens, values and targets are told from what could break a head", () => {
  assert.deepEqual(["x", "X-1_~!", "", "a b", "a:", "\xe9", "\u0141"].map(isToken), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(["", "a\tb \xff", "a\r", "\n", "\0", "\x7f", "\u010a"].map(isFieldValue), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(["/", "*", "\xff", "", "/ ", "/\r", "/\u010a"].map(isTarget), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
