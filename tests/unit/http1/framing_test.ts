import assert from "node:assert/strict";
import { type BodyFraming, requestFraming, responseFraming } from "../../../lib/http1/mod.ts";
import { http1Error } from "./bytes.ts";

function request(headers: readonly string[], minorVersion: 0 | 1 = 1): BodyFraming {
  return requestFraming({ method: "POST", target: "/", minorVersion, headers });
}

function response(status: number, headers: readonly string[], method = "GET"): BodyFraming {
  return responseFraming({ status, minorVersion: 1, headers }, method);
}

Deno.test("a request without either field has no body", () => {
  assert.deepEqual(request([]), { kind: "none" });
  assert.deepEqual(request(["Content-Type", "text/plain"], 0), { kind: "none" });
});

Deno.test("a Content-Length is a decimal number up to 2^53 - 1", () => {
  const lengths: [string, number][] = [
    ["0", 0],
    ["5", 5],
    ["007", 7],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["000000000000000000000000001", 1],
  ];
  for (const [value, bytes] of lengths) {
    assert.deepEqual(request(["content-LENGTH", value]), { kind: "length", bytes });
  }
});

Deno.test("a Content-Length that is no single number is refused", () => {
  const values = [
    "",
    "+5",
    "-1",
    "-0",
    "5 ",
    "5 5",
    "5,5",
    "5, 5",
    "5,6",
    "0x5",
    "5e1",
    "5.0",
    "1_000",
    "five",
    "\xb2",
    "9007199254740992",
    "18446744073709551621",
    "99999999999999999999999999",
  ];
  for (const value of values) {
    assert.throws(() => request(["Content-Length", value]), http1Error(400), JSON.stringify(value));
    assert.throws(() => response(200, ["Content-Length", value]), http1Error(502), JSON.stringify(value));
  }
  for (const second of ["5", "6", ""]) {
    const headers = ["Content-Length", "5", "X", "y", "content-length", second];
    assert.throws(() => request(headers), http1Error(400, /more than one Content-Length/));
    assert.throws(() => response(200, headers), http1Error(502, /more than one Content-Length/));
  }
});

Deno.test("chunked is the only transfer coding that is passed", () => {
  for (const value of ["chunked", "Chunked", "CHUNKED"]) {
    assert.deepEqual(request(["transfer-ENCODING", value]), { kind: "chunked" });
    assert.deepEqual(response(200, ["Transfer-Encoding", value]), { kind: "chunked" });
  }
});

Deno.test("a coding that is not known or cannot be passed on is answered 501", () => {
  for (
    const value of [
      "gzip, chunked",
      "deflate,chunked",
      "x-gzip , Chunked",
      "identity",
      "xchunked",
      "br, chunked",
      "chunkedchunked",
      "chunked, identity",
      "foo;a=b",
    ]
  ) {
    assert.throws(() => request(["Transfer-Encoding", value]), http1Error(501), value);
    assert.throws(() => response(200, ["Transfer-Encoding", value]), http1Error(502), value);
  }
});

Deno.test("a Transfer-Encoding that leaves open where the body ends is refused", () => {
  const values = [
    "",
    ",",
    "gzip",
    "chunked, gzip",
    "chunked, chunked",
    "chunked,gzip,chunked",
    "chunked;q=1",
    "chunked ;x",
    "chunked,",
    ", chunked",
    '"chunked"',
    "chunked chunked",
    "chu nked",
    "chunked\xa0",
    "chunked\x85",
    "'chunked'; chunked",
  ];
  for (const value of values) {
    assert.throws(
      () => request(["Transfer-Encoding", value]),
      (error: Error & { status?: number }) =>
        error.name === "Http1Error" && (error.status === 400 || error.status === 501),
      JSON.stringify(value),
    );
    assert.throws(() => response(200, ["Transfer-Encoding", value]), http1Error(502), JSON.stringify(value));
  }
  for (
    const value of [
      "",
      ",",
      "gzip",
      "chunked, gzip",
      "chunked, chunked",
      "chunked;q=1",
      "chunked,",
      ", chunked",
    ]
  ) {
    assert.throws(() => request(["Transfer-Encoding", value]), http1Error(400), JSON.stringify(value));
  }
});

Deno.test("Transfer-Encoding on several lines is one list", () => {
  const twice = ["Transfer-Encoding", "chunked", "X", "y", "transfer-encoding", "chunked"];
  assert.throws(() => request(twice), http1Error(400, /more than once/));
  assert.throws(
    () => request(["Transfer-Encoding", "chunked", "Transfer-Encoding", "identity"]),
    http1Error(501),
  );
  assert.throws(
    () => request(["Transfer-Encoding", "gzip", "Transfer-Encoding", "chunked"]),
    http1Error(501),
  );
});

Deno.test("Content-Length and Transfer-Encoding together are refused, in either order", () => {
  for (
    const headers of [
      ["Content-Length", "5", "Transfer-Encoding", "chunked"],
      ["Transfer-Encoding", "chunked", "Content-Length", "5"],
      ["Transfer-Encoding", "identity", "Content-Length", "0"],
    ]
  ) {
    assert.throws(() => request(headers), http1Error(400, /exclude each other/));
    assert.throws(() => response(200, headers), http1Error(502, /exclude each other/));
  }
});

Deno.test("HTTP/1.0 has no Transfer-Encoding", () => {
  assert.throws(() => request(["Transfer-Encoding", "chunked"], 0), http1Error(400));
  const head = {
    status: 200,
    reason: "",
    minorVersion: 0 as const,
    headers: ["Transfer-Encoding", "chunked"],
  };
  assert.throws(() => responseFraming(head, "GET"), http1Error(502));
});

Deno.test("a response's body ends by its fields, else with the connection", () => {
  assert.deepEqual(response(200, ["Content-Length", "3"]), { kind: "length", bytes: 3 });
  assert.deepEqual(response(200, ["Transfer-Encoding", "chunked"]), { kind: "chunked" });
  assert.deepEqual(response(200, []), { kind: "until-close" });
  assert.deepEqual(response(404, [], "POST"), { kind: "until-close" });
});

Deno.test("HEAD, 1xx, 204, 304 and a CONNECT that succeeded have no body, whatever the fields say", () => {
  for (const headers of [[], ["Content-Length", "3"], ["Transfer-Encoding", "chunked"]]) {
    assert.deepEqual(response(200, headers, "HEAD"), { kind: "none" });
    for (const status of [100, 101, 103, 199, 204, 304]) {
      assert.deepEqual(response(status, headers), { kind: "none" }, String(status));
    }
    assert.deepEqual(response(200, headers, "CONNECT"), { kind: "none" });
    assert.deepEqual(response(299, headers, "CONNECT"), { kind: "none" });
  }
  assert.deepEqual(response(407, ["Content-Length", "3"], "CONNECT"), { kind: "length", bytes: 3 });
  assert.throws(() => response(304, ["Content-Length", "3", "Content-Length", "4"]), http1Error(502));
});
