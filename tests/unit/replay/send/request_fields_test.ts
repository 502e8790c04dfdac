import assert from "node:assert/strict";
import { RedactedValues } from "../../../../lib/replay/send/redacted.ts";
import { type HeaderOverride, requestFields } from "../../../../lib/replay/send/request_fields.ts";
import { bodyOf, exchangeOf, stored } from "./exchanges.ts";

function fields(
  exchange: Parameters<typeof exchangeOf>[0],
  overrides: HeaderOverride[] = [],
  redacted: string[] | null = [],
) {
  return requestFields(exchangeOf(exchange), {
    overrides,
    redacted: new RedactedValues(redacted),
    host: "target:1",
  });
}

Deno.test("fields keep their order, case, number and values, Host among them", () => {
  const headers = ["X-b", "2", "host", "shop", "x-B", "3", "Accept", "*/*"];
  assert.deepEqual(fields({ headers }), { headers, withheld: [], chunked: false });
});

Deno.test("a request without Host gets the target's", () => {
  assert.deepEqual(fields({ headers: ["A", "1"] }).headers, ["Host", "target:1", "A", "1"]);
});

Deno.test("a redacted value is not sent, and told; a raw capture's asterisks are", () => {
  const headers = ["Host", "a", "Authorization", "******", "X-Key", "***", "X-Other", "***", "If-Match", "*"];
  const { headers: sent, withheld } = fields({ headers }, [], ["x-key"]);
  assert.deepEqual(sent, ["Host", "a", "X-Other", "***", "If-Match", "*"]);
  assert.deepEqual(withheld, ["authorization", "x-key"]);
  assert.deepEqual(fields({ headers }, [], null).headers, headers);
});

Deno.test("the tunnel's token within a value keeps it from being sent", () => {
  const headers = ["Host", "a", "X-Url", `ws://h?token=${"*".repeat(20)}`];
  assert.deepEqual(fields({ headers }).withheld, ["x-url"]);
});

Deno.test("a given header stands where the recorded one stood, once, whether that was redacted or not", () => {
  const headers = ["Authorization", "***", "Host", "shop", "authorization", "***"];
  const overrides = [{ name: "authorization", value: "Bearer x" }, { name: "X-New", value: "1" }];
  assert.deepEqual(fields({ headers }, overrides), {
    headers: ["authorization", "Bearer x", "Host", "shop", "X-New", "1"],
    withheld: [],
    chunked: false,
  });
});

Deno.test("a header given without a value is taken away", () => {
  const overrides = [{ name: "accept", value: null }, { name: "HOST", value: "other" }];
  assert.deepEqual(fields({ headers: ["Accept", "a", "Host", "b"] }, overrides).headers, ["HOST", "other"]);
});

Deno.test("a body goes with its recorded length, or in chunks where none was named", () => {
  const body = bodyOf(stored("12345"));
  const method = "POST";
  assert.deepEqual(fields({ method, body, headers: ["Host", "a", "Content-Length", "5"] }), {
    headers: ["Host", "a", "Content-Length", "5"],
    withheld: [],
    chunked: false,
  });
  assert.deepEqual(fields({ method, body, headers: ["Host", "a"] }), {
    headers: ["Host", "a", "Transfer-Encoding", "chunked"],
    withheld: [],
    chunked: true,
  });
});

Deno.test("a length that is not the body's own, as archives may have it, is put right", () => {
  const { headers } = fields({
    body: bodyOf(stored("12345")),
    headers: ["Host", "a", "content-length", "99"],
  });
  assert.deepEqual(headers, ["Host", "a", "content-length", "5"]);
});

Deno.test("fields of one connection are left to this one", () => {
  const headers = [
    "Host",
    "a",
    "Connection",
    "x-hop",
    "X-Hop",
    "1",
    "TE",
    "trailers",
    "Expect",
    "100-continue",
  ];
  assert.deepEqual(fields({ headers }).headers, ["Host", "a"]);
});
