import assert from "node:assert/strict";
import type { BodyJson, ExchangeDetail } from "../../../lib/inspector/api_shapes.ts";
import { diffAnswers, diffHeaders } from "../../../lib/inspector/page/model/answer_diff.js";

function textBody(text: string): BodyJson {
  const bytes = new TextEncoder().encode(text).length;
  return { bytes, keptBytes: bytes, unpacked: null, text, base64: null };
}

function binaryBody(...bytes: number[]): BodyJson {
  const base64 = btoa(String.fromCharCode(...bytes));
  return { bytes: bytes.length, keptBytes: bytes.length, unpacked: null, text: null, base64 };
}

function answer(responseBody: BodyJson, more: Partial<ExchangeDetail> = {}): ExchangeDetail {
  return { status: 200, problem: null, responseHeaders: [], responseBody, ...more } as ExchangeDetail;
}

Deno.test("JSON bodies are compared as values: space does not differ, a number does", () => {
  const same = diffAnswers(answer(textBody('{"a":[1,2]}')), answer(textBody('{ "a": [1, 2] }')));
  assert.deepEqual([same.bodyShownAs, same.sameBody], ["JSON", true]);
  const other = diffAnswers(answer(textBody('{"a":1,"b":2}')), answer(textBody('{"a":1,"b":3}')));
  assert.deepEqual(other.body.filter((row) => !row.same), [{
    left: '  "b": 2',
    right: '  "b": 3',
    same: false,
  }]);
});

Deno.test("JSON beside an answer without a body is shown as JSON", () => {
  const diff = diffAnswers(answer(textBody("")), answer(textBody('{"a":1}')));
  assert.deepEqual([diff.bodyShownAs, diff.sameBody], ["JSON", false]);
  assert.deepEqual(diff.body.map((row) => row.right), ["{", '  "a": 1', "}"]);
});

Deno.test("bytes are compared as bytes, even against text", () => {
  const diff = diffAnswers(answer(binaryBody(0, 255)), answer(textBody("ab")));
  assert.equal(diff.bodyShownAs, "hex");
  assert.match(diff.body[0].left ?? "", /^00000000 {2}00 ff/);
  assert.match(diff.body[0].right ?? "", /^00000000 {2}61 62/);
});

Deno.test("bodies that begin alike and are not equally long are not the same", () => {
  const cut = { ...textBody("abc"), bytes: 70_000 };
  assert.equal(diffAnswers(answer(cut), answer({ ...cut, bytes: 80_000 })).sameBody, false);
  assert.equal(diffAnswers(answer(cut), answer(cut)).sameBody, true);
});

Deno.test("of bodies that were not kept whole it is not said that all of them is the same", () => {
  const cut = { ...textBody("abc"), bytes: 70_000 };
  assert.equal(diffAnswers(answer(cut), answer(cut)).bodyVerdict, "same body, as far as it was kept");
  assert.equal(diffAnswers(answer(cut), answer({ ...cut, bytes: 80_000 })).bodyVerdict, "another body");
  assert.equal(diffAnswers(answer(textBody("a")), answer(textBody("a"))).bodyVerdict, "same body");
  assert.equal(diffAnswers(answer(textBody("a")), answer(textBody("b"))).bodyVerdict, "another body");
  assert.equal(diffAnswers(answer(textBody("")), answer(textBody(""))).bodyVerdict, "no bodies");
});

Deno.test("a body that was packed another way is the same body", () => {
  const packed = { ...textBody("abc"), unpacked: "gzip" };
  const lengths = (bytes: number) => ({ bytes, keptBytes: bytes });
  const diff = diffAnswers(answer({ ...packed, ...lengths(23) }), answer({ ...packed, ...lengths(28) }));
  assert.deepEqual([diff.sameBody, diff.bodyVerdict], [true, "same body"]);
});

Deno.test("two answers without a body have the same body", () => {
  const diff = diffAnswers(answer(textBody("")), answer(textBody("")));
  assert.deepEqual([diff.bodyShownAs, diff.sameBody, diff.sameStatus], ["empty", true, true]);
});

Deno.test("a status differs by its code, or by why there is none", () => {
  const body = textBody("");
  assert.equal(diffAnswers(answer(body), answer(body, { status: 503 })).sameStatus, false);
  assert.equal(
    diffAnswers(answer(body, { status: 502, problem: "origin_failed" }), answer(body, { status: 502 }))
      .sameStatus,
    false,
  );
});

Deno.test("headers are compared name by name, whatever their case and order, repeated ones one by one", () => {
  const rows = diffHeaders(
    [["A", "1"], ["Set-Cookie", "x=1"], ["Set-Cookie", "y=1"], ["Gone", "g"]],
    [["set-cookie", "x=1"], ["a", "2"], ["New", "n"]],
  );
  assert.deepEqual(rows, [
    { left: "A: 1", right: "a: 2", same: false },
    { left: "Set-Cookie: x=1", right: "set-cookie: x=1", same: true },
    { left: "Set-Cookie: y=1", right: null, same: false },
    { left: "Gone: g", right: null, same: false },
    { left: null, right: "New: n", same: false },
  ]);
});
