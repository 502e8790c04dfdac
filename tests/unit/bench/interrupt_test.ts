import assert from "node:assert/strict";
import { childrenOf, processUsage } from "../../bench/process_usage.ts";
import { ChildProcess } from "../../support/processes.ts";

const pollMs = 20;
const withinMs = 30_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!holds()) {
    assert(performance.now() < deadlineMs, what);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

Deno.test({
  name: "an interrupted benchmark ends everything it started and says 130",
  // Its children are found in /proc.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using bench = new ChildProcess(Deno.execPath(), [
      ...["run", "--quiet", "--allow-net=127.0.0.1", "--allow-read", "--allow-write", "--allow-env"],
      ...["--allow-run", "--allow-sys", "tests/bench/bench.ts", "--rows", "ws1", "--seconds", "30"],
    ]);
    // At least an origin, a gateway, a runner and a load generator.
    await until("four processes run", () => childrenOf(bench.pid).length >= 4);
    const children = childrenOf(bench.pid).flatMap((pid) => [pid, ...childrenOf(pid)]);
    bench.signal("SIGINT");
    assert.equal((await bench.status()).code, 130, bench.stderr);
    await until("no child is left", () => children.every((pid) => processUsage(pid) === null));
  },
});
