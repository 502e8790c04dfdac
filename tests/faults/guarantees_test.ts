import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, root)), "utf8");
}

Deno.test("every test that the guarantees name exists", () => {
  const named = [...read("docs/guarantees.md").matchAll(/`(tests\/[^:`]+_test\.ts): ([^`]+)`/g)];
  assert.ok(named.length > 40, `${named.length} tests are named`);
  const missing = named.filter(([, file, name]) => !read(file).includes(name)).map(([whole]) => whole);
  assert.deepEqual(missing, []);
});

Deno.test("every row of the guarantees has as many cells as its table's head", () => {
  let cells = 0;
  for (const line of read("docs/guarantees.md").split("\n")) {
    if (!line.startsWith("|")) cells = 0;
    else if (cells === 0) cells = line.split("|").length;
    else assert.equal(line.split("|").length, cells, line);
  }
});
