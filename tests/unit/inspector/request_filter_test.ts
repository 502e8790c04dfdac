import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../../lib/inspector/api_error.ts";
import type { ExchangeSummary } from "../../../lib/inspector/api_shapes.ts";
import { exchangeSummary } from "../../../lib/inspector/exchange_json.ts";
import { matches, requestFilter } from "../../../lib/inspector/request_filter.ts";
import { historyAt, start } from "./exchanges.ts";

const filterOf = (query: string) => requestFilter(new URLSearchParams(query));

function summary(changes: Partial<ExchangeSummary> = {}): ExchangeSummary {
  return {
    ...exchangeSummary(historyAt().history.record(start({ target: "/Api/items?id=7" }))),
    status: 404,
    ...changes,
  };
}

Deno.test("what is not asked for is not filtered by", () => {
  assert.deepEqual(filterOf(""), {
    limit: 100,
    before: Infinity,
    method: null,
    kind: null,
    runner: null,
    status: null,
    text: "",
  });
  assert.ok(matches(summary(), filterOf("")));
});

/** Queries, and whether they match a 404 of `GET /Api/items?id=7` on the runner `default`, id 1. */
const queries: [query: string, matching: boolean][] = [
  ["method=get", true],
  ["method=POST", false],
  ["kind=http", true],
  ["kind=websocket", false],
  ["runner=default", true],
  ["runner=Default", false],
  ["status=404", true],
  ["status=4xx", true],
  ["status=40", false],
  ["status=5xx", false],
  ["q=api", true],
  ["q=ID=7", true],
  ["q=%3Fid", true],
  ["q=nothing", false],
  ["before=2", true],
  ["before=1", false],
  ["q=items&status=4xx&method=GET&before=9", true],
  ["q=items&status=2xx", false],
];

for (const [query, matching] of queries) {
  Deno.test(`"${query}" ${matching ? "finds" : "does not find"} a GET that was not found`, () => {
    assert.equal(matches(summary(), filterOf(query)), matching);
  });
}

Deno.test("a class of codes finds just those that begin with its digit", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 5 }), (status, digit) => {
    assert.equal(
      matches(summary({ status }), filterOf(`status=${digit}xx`)),
      Math.floor(status / 100) === digit,
    );
  }));
});

Deno.test("no limit is taken that is not a whole number from 1 on, and none gives more than a thousand", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
    const parameters = new URLSearchParams({ limit: text });
    if (/^[1-9][0-9]{0,14}$/.test(text)) {
      assert.equal(requestFilter(parameters).limit, Math.min(Number(text), 1_000));
    } else {
      assert.throws(
        () => requestFilter(parameters),
        (error) => error instanceof ApiError && error.status === 400,
      );
    }
  }));
});
