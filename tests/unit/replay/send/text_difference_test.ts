import assert from "node:assert/strict";
import fc from "fast-check";
import { textDifferences } from "../../../../lib/replay/send/text_difference.ts";

Deno.test("changed, added and removed lines are told with the number of their first", () => {
  assert.deepEqual(textDifferences("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n"), [
    { line: 2, recorded: "b", replayed: "B" },
    { line: 5, recorded: null, replayed: "e" },
  ]);
  assert.deepEqual(textDifferences("a\nb\nc\n", "c\n"), [{ line: 1, recorded: "a\nb", replayed: null }]);
});

Deno.test("a line end that is missing is a difference that can be seen", () => {
  assert.deepEqual(textDifferences("a\n", "a"), [{ line: 1, recorded: "a\n", replayed: "a" }]);
  assert.deepEqual(textDifferences("a\r\n", "a\n"), [{ line: 1, recorded: "a\r", replayed: "a" }]);
});

Deno.test("texts without anything in common cost no more than their first difference", () => {
  const lines = (word: string) => Array.from({ length: 100_000 }, (_, i) => `${word} ${i}\n`).join("");
  assert.deepEqual(textDifferences("same\n" + lines("a"), "same\n" + lines("b")), [
    { line: 2, recorded: "a 0", replayed: "b 0" },
  ]);
});

Deno.test("what is told turns the recorded text into the other one", () => {
  const text = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n"), { maxLength: 12 }).map((lines) =>
    lines.join("")
  );
  fc.assert(fc.property(text, text, (before, after) => {
    const lines = before.split(/(?<=\n)/).filter((line) => line !== "");
    for (const { line, recorded, replayed } of textDifferences(before, after).reverse()) {
      const removed = recorded === null ? 0 : recorded.split("\n").length;
      const added = replayed === null ? [] : replayed.split("\n").map((added) => added + "\n");
      assert.equal(
        lines.splice(line - 1, removed, ...added).join(""),
        recorded === null ? "" : recorded + "\n",
      );
    }
    assert.equal(lines.join(""), after);
  }));
});
