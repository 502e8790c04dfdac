import assert from "node:assert/strict";
import { applyLoad } from "../../bench/load/apply_load.ts";
import { stop } from "../../bench/running.ts";
import { type LoadRow, rows } from "../../bench/rows.ts";
import { startOrigin } from "../../bench/stack.ts";

const seconds = 1;

function rowNamed(id: string): LoadRow {
  return rows.find((row): row is LoadRow => row.id === id)!;
}

Deno.test("the generators that need nothing installed load a real origin", async () => {
  const origin = await startOrigin();
  try {
    const options = { port: origin.port, seconds, httpLoader: "own" } as const;
    for (const id of ["http32", "http16k", "ws32x16", "ws64k"]) {
      const sample = await applyLoad(rowNamed(id), options);
      assert(sample.operations > 0, id);
      assert(sample.p50Ms !== null && sample.p50Ms > 0 && sample.p50Ms <= sample.p99Ms!, id);
    }
    for (const id of ["download8", "upload"]) {
      const row = { ...rowNamed(id), totalBytes: 8 * 1024 * 1024 } as LoadRow;
      assert.equal((await applyLoad(row, options)).operations, 8, `MiB of ${id}`);
    }
  } finally {
    await stop(origin.process);
  }
});

Deno.test("a generator that meets an error fails with what it saw instead of a sample", async () => {
  const origin = await startOrigin();
  try {
    const row: LoadRow = {
      kind: "http",
      id: "x",
      title: "x",
      target: null,
      path: "/nowhere",
      connections: 1,
    };
    const load = applyLoad(row, { port: origin.port, seconds, httpLoader: "own" });
    await assert.rejects(load, /status 1.*404 Not Found/s);
  } finally {
    await stop(origin.process);
  }
});
