import assert from "node:assert/strict";
import { frameCostBytes } from "../../lib/session/mod.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import type { LedgerReport } from "../support/ledger.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { ChildProcess, startDenoOrigin, startGateway, testToken } from "../support/processes.ts";
import { type ProxiedStack, startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const options = { origin: () => startDenoOrigin("tests/support/ledger_origin.ts") };

/** The origin's books of a WebSocket: one entry for each connection it has had, the restarted runner's last. */
async function books(stack: ProxiedStack, id: string): Promise<LedgerReport[]> {
  return await (await fetchOnce(`${stack.origin.url}/ledger?id=${id}`)).json();
}

async function headsSeen(stack: ProxiedStack, id: string): Promise<number> {
  return (await (await fetchOnce(`${stack.origin.url}/visits?id=${id}`)).json()).heads;
}

async function kill(process: ChildProcess): Promise<void> {
  process.signal("SIGKILL");
  await process.status();
}

Deno.test("WebSockets of a killed runner wake on the next one, with all that was not acknowledged, in order", async () => {
  await using stack = await startProxiedStack(options);
  const clients = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => LedgerClient.open(stack.gateway.wsUrl, { id: `restart-${i}`, seed: i, quietOrigin: true }),
    ),
  );
  const before = 20;
  for (const client of clients) for (let i = 0; i < before; i++) client.sendOne();
  for (let i = 0; i < clients.length; i++) {
    await eventually(() => books(stack, `restart-${i}`), ([first]) => first.messages === before);
  }
  // From here on the runner takes nothing any more: what is sent now is not acknowledged when it dies.
  stack.runner.signal("SIGSTOP");
  const unacknowledged = 30;
  for (const client of clients) for (let i = 0; i < unacknowledged; i++) client.sendOne();
  await eventually(() => healthOf(stack.gateway), ({ bufferedBytes }) => bufferedBytes > 0);
  await kill(stack.runner);
  // And some while no runner is there at all.
  for (const client of clients) for (let i = 0; i < 10; i++) client.sendOne();
  await stack.addRunner();

  const total = before + unacknowledged + 10;
  for (const [i, client] of clients.entries()) {
    const reports = await eventually(
      () => books(stack, `restart-${i}`),
      (seen) => seen.length === 2 && seen[1].highest === total - 1,
    );
    const [first, second] = reports;
    assert.equal(first.highest, before - 1);
    assert.ok(second.first <= before, "no gap between the two");
    assert.equal(second.messages, total - second.first, "each once");
    assert.equal(second.lost, second.first, "none missing after the first");
    assert.equal(second.reordered + second.duplicated, 0);
    assert.equal(client.ws.socket.readyState, client.ws.socket.OPEN);
    assert.equal((await client.ws.close(1000)).code, 1000);
  }
});

Deno.test("requests of a killed runner: GET is repeated, POST fails with 502, a response under way breaks off", async () => {
  await using stack = await startProxiedStack(options);
  const repeated = fetchOnce(`${stack.gateway.url}/held?id=get`);
  const failed = fetchOnce(`${stack.gateway.url}/held?id=post`, { method: "POST", body: "once" });
  const begun = await fetchOnce(`${stack.gateway.url}/bytes?id=begun&n=1000000&half=500000`);
  for (const id of ["get", "post"]) await eventually(() => headsSeen(stack, id), (heads) => heads === 1);
  await kill(stack.runner);
  await stack.addRunner();

  const response = await failed;
  assert.equal(response.status, 502);
  assert.equal(response.headers.get("x-tunnel-error"), "link_lost");
  assert.equal((await response.json()).error, "link_lost");
  await assert.rejects(begun.bytes(), "never a short success");
  await eventually(() => headsSeen(stack, "get"), (heads) => heads === 2);
  await fetchOnce(`${stack.origin.url}/release?id=get`);
  assert.equal(await (await repeated).text(), "released");
  assert.equal(await headsSeen(stack, "post"), 1, "it was not carried out twice");
});

Deno.test("a client that leaves while it waits for a runner leaves nothing", async () => {
  await using stack = await startProxiedStack(options);
  const { gateway } = stack;
  const baseline = await baselineOf(stack);
  baseline.delete(stack.runner);
  const clients = await Promise.all(
    Array.from(
      { length: 4 },
      (_, i) => LedgerClient.open(gateway.wsUrl, { id: `leave-${i}`, quietOrigin: true }),
    ),
  );
  await kill(stack.runner);
  await eventually(() => healthOf(gateway), ({ links }) => links === 0);
  for (const client of clients) client.sendOne();
  clients[0].ws.socket.close(1000);
  clients[1][Symbol.dispose]();
  await stack.addRunner();
  await eventually(() => books(stack, "leave-2"), (seen) => seen.length === 2 && seen[1].messages === 1);
  for (const client of clients) client.ws.socket.close(1000);
  await Promise.all(clients.map((client) => client.ws.ended()));
  await assertNothingLeft(gateway, baseline);
});

Deno.test("a runner that is stopped and continued takes its session up again, both ways", async () => {
  const heartbeat = ["--ping-interval", "100ms", "--ping-timeout", "600ms"];
  await using stack = await startProxiedStack({ ...options, gatewayArgs: heartbeat, runnerArgs: heartbeat });
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "stopped" })).start();
  await eventually(() => client.received.count, (count) => count > 5);
  for (const process of [stack.runner, stack.gateway.process]) {
    const links = stack.proxy.acceptedCount;
    process.signal("SIGSTOP");
    // The other end gives it up; the stopped one finds its link dead when it continues.
    if (process === stack.runner) {
      await eventually(() => healthOf(stack.gateway), (health) => health.links === 0);
    } else await stack.runner.line(/link\.down.*nothing was heard/);
    process.signal("SIGCONT");
    await stack.proxy.accepted(links + 1);
    const received = client.received.count;
    await eventually(() => client.received.count, (count) => count > received + 5);
  }
  await client.balance();
});

Deno.test("a message whose handler had not finished is given to the restarted program again", async () => {
  await using gateway = await startGateway();
  const program = (...args: string[]) =>
    new ChildProcess(Deno.execPath(), [
      ...["run", "--quiet", "--allow-net", "--allow-env", "tests/support/held_handler.ts"],
      ...["--gateway-url", gateway.wsUrl, "--token", testToken, ...args],
    ]);
  await using first = program("--stall", "three");
  await first.line(/is connected/);
  using client = await WsClient.open(gateway.wsUrl);
  for (const text of ["one", "two", "three", "four"]) await client.send(text);
  await first.line(/begins three/);
  // What was finished with is acknowledged: nothing but the rest is held.
  const held = "threefour".length + 2 * frameCostBytes;
  await eventually(() => healthOf(gateway), ({ bufferedBytes }) => bufferedBytes === held);
  await kill(first);
  await using second = program();
  await second.line(/done four/);
  assert.deepEqual(second.stdout.match(/done \w+/g), ["done three", "done four"]);
  assert.doesNotMatch(first.stdout, /four|done three/);
});
