import assert from "node:assert/strict";
import { withFlagTables } from "../../../packaging/readme.ts";

const readme = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));

/** Cells without the padding that formatting adds. */
function cellsOf(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("| `--")).map((line) =>
    line.split(/(?<!\\)\|/).map((cell) => cell.trim()).join("|")
  );
}

Deno.test("the README's flag tables are what the commands take", () => {
  const expected = cellsOf(withFlagTables(readme));
  assert.ok(expected.length > 40, `${expected.length} flags`);
  assert.deepEqual(cellsOf(readme), expected);
});

Deno.test("the README has no mark left to be filled in", () => {
  assert.doesNotMatch(readme, /@@/);
});
