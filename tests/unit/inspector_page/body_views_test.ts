import assert from "node:assert/strict";
import type { BodyJson } from "../../../lib/inspector/api_shapes.ts";
import { bodyBytes, bodyViews, headerValue } from "../../../lib/inspector/page/model/body_views.js";

const text = (text: string): BodyJson => ({
  bytes: text.length,
  keptBytes: text.length,
  unpacked: null,
  text,
  base64: null,
});
const binary: BodyJson = { bytes: 3, keptBytes: 3, unpacked: null, text: null, base64: btoa("\x89\x00\xff") };

Deno.test("JSON is shown as a tree, whatever its type says; what is cut short or no JSON as text", () => {
  assert.deepEqual(bodyViews(text('{"a":1}'), "text/plain"), ["json", "text", "hex"]);
  assert.deepEqual(bodyViews(text('{"a":1'), "application/json"), ["text", "hex"]);
  assert.deepEqual(bodyViews(text("42"), "application/json"), ["text", "hex"]);
});

Deno.test("pictures are those of pixel formats; a drawing with scripts in it is text", () => {
  assert.deepEqual(bodyViews(binary, "image/png"), ["image", "hex"]);
  assert.deepEqual(bodyViews(binary, "IMAGE/JPEG; x=1"), ["image", "hex"]);
  assert.deepEqual(bodyViews(binary, "text/html"), ["hex"]);
  assert.deepEqual(bodyViews(text("<svg onload=alert(1)>"), "image/svg+xml"), ["text", "hex"]);
  assert.deepEqual(bodyViews(binary, "image/svg+xml"), ["hex"]);
});

Deno.test("of a body that was not kept nothing can be shown", () => {
  assert.deepEqual(bodyViews({ ...binary, keptBytes: 0 }, "image/png"), []);
});

Deno.test("bytes are those that were sent, of text and of others", () => {
  assert.deepEqual([...bodyBytes(binary)], [0x89, 0, 0xff]);
  assert.deepEqual([...bodyBytes(text("é\ufeff"))], [0xc3, 0xa9, 0xef, 0xbb, 0xbf]);
});

Deno.test("a header is found by its name in whatever case", () => {
  assert.equal(headerValue([["A", "1"], ["CONTENT-type", "x"]], "content-type"), "x");
  assert.equal(headerValue([], "content-type"), "");
});
