import assert from "node:assert/strict";
import fc from "fast-check";
import { diffLines, foldEqual } from "../../../lib/inspector/page/model/line_diff.js";

const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });

Deno.test("both texts can be read off a diff, and equal rows are equal", () => {
  fc.assert(fc.property(lines, lines, (left, right) => {
    const rows = diffLines(left, right);
    assert.deepEqual(rows.map((row) => row.left).filter((line) => line !== null), left);
    assert.deepEqual(rows.map((row) => row.right).filter((line) => line !== null), right);
    for (const row of rows) {
      assert.equal(row.same, row.left === row.right);
      assert.ok(row.left !== null || row.right !== null);
    }
  }));
});

/** Length of the longest common subsequence, by its definition. */
function longestCommon(left: string[], right: string[]): number {
  if (left.length === 0 || right.length === 0) return 0;
  const [a, b] = [left.slice(1), right.slice(1)];
  if (left[0] === right[0]) return 1 + longestCommon(a, b);
  return Math.max(longestCommon(a, right), longestCommon(left, b));
}

Deno.test("as many lines as can be stand beside their equals", () => {
  const short = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  fc.assert(fc.property(short, short, (left, right) => {
    assert.equal(diffLines(left, right).filter((row) => row.same).length, longestCommon(left, right));
  }));
});

Deno.test("a changed line stands beside what it became", () => {
  assert.deepEqual(diffLines(["x", "old", "y"], ["x", "new", "y"])[1], {
    left: "old",
    right: "new",
    same: false,
  });
});

Deno.test("texts too long for a table are paired line by line", () => {
  const left = Array.from({ length: 5_000 }, (_, i) => `left ${i}`);
  const right = Array.from({ length: 4_000 }, (_, i) => `right ${i}`);
  const rows = diffLines(["same", ...left], ["same", ...right]);
  assert.equal(rows.length, 5_001);
  assert.deepEqual(rows.at(-1), { left: "left 4999", right: null, same: false });
});

Deno.test("folding leaves out nothing but equal rows, and says how many", () => {
  fc.assert(fc.property(lines, lines, fc.nat(4), (left, right, context) => {
    const rows = diffLines(left, right);
    const folded = foldEqual(rows, context);
    const count = folded.reduce<number>((sum, row) => sum + (typeof row === "number" ? row : 1), 0);
    assert.equal(count, rows.length);
    const differing = rows.filter((row) => !row.same);
    assert.deepEqual(folded.filter((row) => typeof row !== "number" && !row.same), differing);
  }));
});

Deno.test("around a difference as many equal lines are kept as asked for", () => {
  const same = Array.from({ length: 10 }, (_, i) => String(i));
  const rows = diffLines([...same, "old", ...same], [...same, "new", ...same]);
  const folded = foldEqual(rows, 2).map((row) => typeof row === "number" ? row : row.left);
  assert.deepEqual(folded, [8, "8", "9", "old", "0", "1", 8]);
});
