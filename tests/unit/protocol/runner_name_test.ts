import assert from "node:assert/strict";
import fc from "fast-check";
import { isRunnerName, runnerNameRule } from "../../../lib/protocol/mod.ts";

for (
  const name of ["a", "0", "default", "my-runner", "a--b", "1-2-3", "x".repeat(63), `a${"-".repeat(61)}b`]
) {
  Deno.test(`${JSON.stringify(name)} is a runner's name`, () => assert.ok(isRunnerName(name)));
}

for (
  const name of [
    "",
    "-",
    "-a",
    "a-",
    "A",
    "Default",
    "a.b",
    "a_b",
    "a b",
    "a\n",
    "\na",
    "é",
    "ａ",
    "a\0",
    "x".repeat(64),
    "x".repeat(100_000),
  ]
) {
  Deno.test(`${JSON.stringify(name.slice(0, 70))} is no runner's name`, () => assert.ok(!isRunnerName(name)));
}

Deno.test("a runner's name is what can stand as a label in a host name", () => {
  const nearly = fc.string({
    unit: fc.constantFrom("a", "z", "0", "9", "-", "A", ".", "_"),
    minLength: 0,
    maxLength: 66,
  });
  fc.assert(
    fc.property(nearly, (name) => {
      const isLabel = name.length >= 1 && name.length <= 63 && !name.startsWith("-") && !name.endsWith("-") &&
        [...name].every((character) => "abcdefghijklmnopqrstuvwxyz0123456789-".includes(character));
      assert.equal(isRunnerName(name), isLabel);
      if (isLabel) assert.equal(new URL(`http://${name}.example.com/`).hostname, `${name}.example.com`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the rule that people are told names length, letters and hyphens", () => {
  assert.match(runnerNameRule, /1 to 63 .*lower-case letters, digits and hyphens/);
});
