/** A listener that fails as a kernel's does; a client that resets before it is accepted cannot be timed from outside. */
import assert from "node:assert/strict";
import { acceptLoop } from "../../../lib/gateway/accept_loop.ts";
import { Logger } from "../../../lib/telemetry/mod.ts";

type Outcome = Error | "connection";

/** What became of the outcomes of `accept`, in order. */
async function run(outcomes: Outcome[], stopped = false): Promise<{ calls: string[]; levels: string[] }> {
  const calls: string[] = [];
  const levels: string[] = [];
  const rest = [...outcomes];
  const logger = new Logger({
    level: "debug",
    format: "text",
    write: (line) => levels.push(line.split(/ +/)[1]),
    now: () => 0,
  });
  const accept = () => {
    const next = rest.shift() ?? new Deno.errors.BadResource("closed");
    return next === "connection" ? Promise.resolve({} as Deno.Conn) : Promise.reject(next);
  };
  await acceptLoop({ accept }, {
    serve: () => void calls.push("serve"),
    stopped: () => stopped,
    logger,
    wait: (ms) => {
      calls.push(`wait ${ms}`);
      return Promise.resolve();
    },
  });
  assert.equal(rest.length, 0, "all were asked for");
  return { calls, levels };
}

Deno.test("clients that reset before they are accepted keep nobody waiting, and fill no log", async () => {
  const gone = [
    new Deno.errors.NotConnected("Transport endpoint is not connected"),
    new Deno.errors.ConnectionAborted("Software caused connection abort"),
    new Deno.errors.ConnectionReset("Connection reset by peer"),
  ];
  const { calls, levels } = await run([...gone, "connection", ...gone, "connection"]);
  assert.deepEqual(calls, ["serve", "serve"]);
  assert.deepEqual(levels, Array(6).fill("debug"));
});

Deno.test("when there are too many open files, the next connection is tried for in a moment, and the log tells", async () => {
  const { calls, levels } = await run([new Error("Too many open files"), "connection"]);
  assert.deepEqual(calls, ["wait 50", "serve"]);
  assert.deepEqual(levels, ["warn"]);
});

Deno.test("a failure of a listener that was closed is the end", async () => {
  const { calls, levels } = await run([new Deno.errors.Interrupted("operation canceled")], true);
  assert.deepEqual([calls, levels], [[], []]);
});
