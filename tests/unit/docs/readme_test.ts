import assert from "node:assert/strict";
import type { Command } from "commander";
import { commands, withFlagTables } from "../../../packaging/readme.ts";

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

Deno.test("each flag has the environment variable that is named after it", () => {
  for (const [name, make] of Object.entries(commands)) {
    const { options } = make() as Command;
    assert.ok(options.length > 5, name);
    for (const { long, envVar } of options) {
      assert.equal(envVar, "TUNNEL_" + long!.slice(2).replaceAll("-", "_").toUpperCase(), `${name} ${long}`);
    }
  }
});

Deno.test("the README has no mark left to be filled in", () => {
  assert.doesNotMatch(readme, /@@/);
});
