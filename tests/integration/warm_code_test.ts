import assert from "node:assert/strict";
import { fetchOnce } from "../support/fetch_once.ts";
import { type ChildProcess, startGateway, startRunner, startWsOrigin } from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

/** V8 says what it compiles, what it throws away and when it collects, and collects all of its heap each time. */
const telling = { env: { DENO_V8_FLAGS: "--trace-opt,--trace-deopt,--trace-gc,--gc-global" } };

/** Enough for V8 to compile what each of them runs through. */
const turns = 3_000;

/** Of the runtime's modules, and the poller's loop, which is compiled with `setImmediate` in it: those objects are not ours to keep. */
const theRuntimes = ["SafeArrayIterator", "next", "setImmediate", "runImmediates", "Immediate", "#run"];

/** Now and then one is thrown away that had met a single closure. Without what keeps them it is 25 and more of 190. */
const mostThrownAway = 4;

const traffic = { "WebSocket messages": sendMessages, requests: sendRequests };

for (
  const [kind, other] of [["WebSocket messages", "requests"], ["requests", "WebSocket messages"]] as const
) {
  Deno.test(`code for ${kind} stays compiled while there are none`, async () => {
    await using origin = await startWsOrigin();
    await using gateway = await startGateway([], telling);
    await using runner = await startRunner(gateway.wsUrl, origin.url, [], telling);
    for (const sent of [kind, other]) await traffic[sent](gateway.url);
    for (const process of [runner, gateway.process]) {
      const { compiled, thrownAway, collections } = await codeOf(process);
      assert.ok(compiled.has("takeData"), [...compiled].join(" "));
      // V8 keeps for two collections what nothing refers to.
      assert.ok(collections >= 6, `${collections} collections`);
      const told = `of ${compiled.size} functions these were thrown away: ${[...thrownAway].join(" ")}`;
      assert.ok(thrownAway.size <= mostThrownAway, told);
    }
  });
}

async function sendMessages(url: string): Promise<void> {
  using client = await WsClient.open(`${url.replace("http", "ws")}/echo`);
  const message = new Uint8Array(1000);
  for (let i = 0; i < turns; i++) {
    await client.send(message);
    await client.next();
  }
  await client.close();
}

async function sendRequests(url: string): Promise<void> {
  for (let i = 0; i < turns; i++) await (await fetchOnce(`${url}/hello`)).body?.cancel();
}

/** Ends the process, whose output is complete then. */
async function codeOf(
  process: ChildProcess,
): Promise<{ compiled: Set<string>; thrownAway: Set<string>; collections: number }> {
  process.signal("SIGTERM");
  await process.status();
  const named = (pattern: RegExp) => [...process.stdout.matchAll(pattern)].map((match) => match[1]);
  assert.match(
    process.stdout,
    /marking dependent code .* for deoptimization, reason: /,
    "V8 says it otherwise now",
  );
  const thrownAway = named(/<SharedFunctionInfo ([^>]*)>\)[^\n]*embedded weak objects cleared/g);
  return {
    compiled: new Set(named(/\[completed compiling \S+ <JSFunction (\S+) /g)),
    thrownAway: new Set(thrownAway.filter((name) => !theRuntimes.includes(name))),
    collections: named(/(Mark-Compact)/g).length,
  };
}
