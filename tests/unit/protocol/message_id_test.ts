import assert from "node:assert/strict";
import fc from "fast-check";
import { formatMessageId, formatStreamId, maxId, parseStreamId } from "../../../lib/protocol/mod.ts";

Deno.test("a stream is named by its gateway in hexadecimal and its number", () => {
  assert.equal(formatStreamId(0x9f3a_c01b, 42), "9f3ac01b-42");
  assert.equal(formatStreamId(0, 0), "00000000-0");
  assert.equal(formatStreamId(maxId, maxId), "ffffffff-4294967295");
});

Deno.test("a frame is named by its stream and its index", () => {
  assert.equal(
    formatMessageId({ gatewayId: 0x9f3a_c01b, requestId: 42, index: 65_535 }),
    "9f3ac01b-42:65535",
  );
});

Deno.test("any stream's name is read back", () => {
  fc.assert(fc.property(fc.nat(maxId), fc.nat(maxId), (gatewayId, requestId) => {
    assert.deepEqual(parseStreamId(formatStreamId(gatewayId, requestId)), { gatewayId, requestId });
  }));
});

Deno.test("a stream has one name: what is read is written as the same text", () => {
  const nearly = fc.stringMatching(/^[0-9a-f]{8}-[0-9]{1,11}$/);
  fc.assert(fc.property(nearly, (text) => {
    const id = parseStreamId(text);
    if (id !== null) assert.equal(formatStreamId(id.gatewayId, id.requestId), text);
    else assert.ok(/-0\d/.test(text) || Number(text.slice(9)) > maxId, text);
  }));
});

for (
  const text of [
    "",
    "-",
    "42",
    "9f3ac01b",
    "9f3ac01b-",
    "-42",
    "9f3ac01-42",
    "9f3ac01b1-42",
    "9F3AC01B-42",
    "9f3ac01g-42",
    "9f3ac01b-042",
    "9f3ac01b-00",
    "9f3ac01b-4294967296",
    "9f3ac01b-99999999999",
    "9f3ac01b--1",
    "9f3ac01b-1.5",
    "9f3ac01b-1e3",
    "9f3ac01b-42:7",
    " 9f3ac01b-42",
    "9f3ac01b-42\n",
    "0x9f3ac0-42",
  ]
) {
  Deno.test(`${JSON.stringify(text)} names no stream`, () => assert.equal(parseStreamId(text), null));
}
