import assert from "node:assert/strict";
import type { Command } from "commander";
import { benchCommand, type Flags, percentage, rowList, wholeSeconds } from "../../bench/flags.ts";
import { rowIds } from "../../bench/rows.ts";

async function parse(args: string[]): Promise<Flags> {
  let flags: Flags | null = null;
  const command = benchCommand((parsed) => {
    flags = parsed;
    return Promise.resolve();
  });
  (command as unknown as Command).exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  await command.parseAsync(args, { from: "user" });
  assert(flags !== null);
  return flags;
}

Deno.test("without flags all rows are measured for three seconds a rate", async () => {
  assert.deepEqual(await parse([]), {
    rows: rowIds,
    seconds: 3,
    quick: false,
    loader: "auto",
    scale: false,
    json: null,
    against: null,
    failRegression: null,
  });
});

Deno.test("a quick pass counts for one second unless it is told otherwise", async () => {
  assert.equal((await parse(["--quick"])).seconds, 1);
  assert.equal((await parse(["--quick", "--seconds", "4"])).seconds, 4);
});

Deno.test("growth is measured alone unless rows are named too", async () => {
  assert.deepEqual((await parse(["--scale"])).rows, []);
  assert.deepEqual((await parse(["--scale", "--rows", "ws1"])).rows, ["ws1"]);
});

Deno.test("rows come in the table's order, each once, however they were named", () => {
  assert.deepEqual(rowList("ws1, http32,ws1,http1"), ["http1", "http32", "ws1"]);
});

Deno.test("an unknown row is named, and so are those that exist", () => {
  assert.throws(() => rowList("http32,htpt1"), (error: Error) => {
    assert.match(error.message, /"htpt1"/);
    for (const id of rowIds) assert(error.message.includes(id));
    return true;
  });
  assert.throws(() => rowList(""), /There is no row ""/);
});

Deno.test("seconds are whole, from 1 to 60", () => {
  assert.equal(wholeSeconds("1"), 1);
  assert.equal(wholeSeconds("60"), 60);
  for (const bad of ["0", "61", "1.5", "-1", "", "3s", "1e1"]) {
    assert.throws(() => wholeSeconds(bad), /from 1 to 60/, bad);
  }
});

Deno.test("a percentage is a part of one, with or without its sign", () => {
  assert.equal(percentage("10%"), 0.1);
  assert.equal(percentage("2.5"), 0.025);
  for (const bad of ["", "%", "-1%", "101%", "ten"]) assert.throws(() => percentage(bad), /0 to 100/, bad);
});

Deno.test("a regression cannot be looked for without an earlier report", async () => {
  await assert.rejects(parse(["--fail-regression", "10%"]), /--against FILE/);
  assert.equal((await parse(["--fail-regression", "10%", "--against", "x.json"])).failRegression, 0.1);
});

Deno.test("flags and loaders that do not exist are refused", async () => {
  await assert.rejects(parse(["--row", "http1"]), /unknown option '--row'/);
  await assert.rejects(parse(["--loader", "ab"]), /Allowed choices are auto, wrk, own/);
  await assert.rejects(parse(["http1"]), /too many arguments/);
});
