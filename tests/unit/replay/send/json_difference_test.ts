import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonDifferences, parseJson } from "../../../../lib/replay/send/json_difference.ts";

function differences(recorded: string, replayed: string) {
  const [a, b] = [parseJson(recorded), parseJson(replayed)];
  assert.ok(a !== undefined && b !== undefined);
  return [...jsonDifferences(a, b)].map(({ path, recorded, replayed }) => [path, recorded, replayed]);
}

Deno.test("each different place is named by its path, in the order of the recorded document", () => {
  assert.deepEqual(
    differences(
      '{"items":[{"name":"a"},{"name":"b"},{"name":"c","n":1}],"total":3}',
      '{"items":[{"name":"a"},{"name":"x"},{"name":"c"},4],"total":"3","new":null}',
    ),
    [
      ["$.items[1].name", '"b"', '"x"'],
      ["$.items[2].n", "1", null],
      ["$.items[3]", null, "4"],
      ["$.total", "3", '"3"'],
      ["$.new", null, "null"],
    ],
  );
});

Deno.test("a name that is no identifier is quoted in the path", () => {
  assert.deepEqual(differences('{"a b":{"é":1,"":2}}', '{"a b":{"é":2,"":3}}'), [
    ['$["a b"]["é"]', "1", "2"],
    ['$["a b"][""]', "2", "3"],
  ]);
});

Deno.test("another type at a place is one difference, not one for all below it", () => {
  assert.deepEqual(differences('{"a":[1,2]}', '{"a":{"0":1}}'), [["$.a", "[1,2]", '{"0":1}']]);
  assert.deepEqual(differences("[1]", "null"), [["$", "[1]", "null"]]);
});

Deno.test("white space, order and spelling are no difference", () => {
  assert.deepEqual(
    differences('{"a":1,"b":[1.0,1e2,-0.50]}', '{ "b" : [1, 100.0, -5e-1], "\\u0061": 1.00 }'),
    [],
  );
});

Deno.test("numbers that a double cannot tell apart are told apart", () => {
  assert.deepEqual(differences("[12345678901234567890]", "[12345678901234567891]"), [
    ["$[0]", "12345678901234567890", "12345678901234567891"],
  ]);
  assert.deepEqual(differences("[12345678901234567890.0]", "[1234567890123456789e1]"), []);
  assert.deepEqual(differences("[1e400]", "[1e401]").length, 1);
  assert.deepEqual(differences("[0.1]", "[0.1000000000000000055]").length, 1);
});

Deno.test("a member called __proto__ is one like others", () => {
  assert.deepEqual(differences('{"__proto__":1}', '{"__proto__":2}').length, 1);
  assert.deepEqual(differences("{}", '{"__proto__":2}').length, 1);
});

Deno.test("what is not JSON, or too deep to be looked at, is not taken for JSON", () => {
  assert.equal(parseJson("{"), undefined);
  assert.equal(parseJson(""), undefined);
  assert.equal(parseJson("[".repeat(1_000_000) + "]".repeat(1_000_000)), undefined);
});

Deno.test("a document differs from another exactly when it is another", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
    assert.deepEqual(differences(left, JSON.stringify(JSON.parse(left), null, 2)), []);
    assert.equal(differences(left, right).length === 0, canonical(a) === canonical(b));
  }));
});

/** One text for all that are the same document. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)}}`;
}
