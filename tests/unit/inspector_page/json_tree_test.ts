import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonLines, type JsonNode, parseJson } from "../../../lib/inspector/page/model/json_tree.js";

/** The value that a tree stands for, as `JSON.parse` makes it. */
function valueOf(node: JsonNode): unknown {
  if (node.kind === "array") return node.children.map(valueOf);
  if (node.kind !== "object") return JSON.parse(node.text);
  const value = {};
  for (const child of node.children) {
    // Other than an assignment this makes a key of `__proto__` as well.
    Object.defineProperty(value, child.key!, { value: valueOf(child), enumerable: true, configurable: true });
  }
  return value;
}

const spaces = fc.constantFrom(undefined, 1, "\t", "\r\n ");

Deno.test("every JSON text becomes the tree of the value it stands for", () => {
  fc.assert(fc.property(fc.json({ stringUnit: "binary" }), spaces, (compact, indent) => {
    const text = JSON.stringify(JSON.parse(compact), null, indent);
    const tree = parseJson(text);
    assert.ok(tree !== null, text);
    assert.deepEqual(valueOf(tree), JSON.parse(text));
  }));
});

Deno.test("the lines of a tree are JSON again, and stand for the same value", () => {
  fc.assert(fc.property(fc.json({ stringUnit: "binary" }), (text) => {
    const lines = jsonLines(parseJson(text)!);
    assert.deepEqual(JSON.parse(lines.join("\n")), JSON.parse(text));
  }));
});

Deno.test("a text is JSON exactly when JSON.parse says so", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\u00e9"',
    "1",
    "-0.5e3",
    "01",
    "true",
    "nul",
    " ",
    "\n",
    '"',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 9 }), (parts) => {
      const text = parts.join("");
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      assert.equal(parseJson(text) !== null, isJson, text);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("long numbers, repeated keys and their order are kept as they were sent", () => {
  const text = '{"b":12345678901234567890,"a":1.0,"b":1e400}';
  assert.equal(jsonLines(parseJson(text)!).map((line) => line.trim()).join(""), text.replaceAll(":", ": "));
});

Deno.test("a hundred thousand levels of nesting are read and written without a stack overflow", () => {
  const depth = 100_000;
  const tree = parseJson("[".repeat(depth) + "]".repeat(depth));
  assert.ok(tree !== null);
  assert.equal(jsonLines(tree).length, depth * 2 - 1);
});

Deno.test("a byte order mark is no part of the text", () => {
  assert.equal(parseJson('\ufeff"a"')?.text, '"a"');
});
