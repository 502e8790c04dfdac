/** What other files hold true of the system's own calls, with sockets that are the runtime's. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startDenoOrigin, startNodeOrigin, startWsOrigin } from "../support/processes.ts";
import type { FaultLink } from "../support/fault_proxy.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, startStack } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

const args = ["--native-sockets", "off", "--ping-interval", "100ms", "--ping-timeout", "600ms"];
const bothEnds = { gatewayArgs: args, runnerArgs: args };

const faults: { name: string; strike: (link: FaultLink) => void }[] = [
  { name: "a reset", strike: (link) => link.cut() },
  { name: "a black hole", strike: (link) => link.silence() },
  { name: "a FIN towards the gateway", strike: (link) => link.halfClose("up") },
  { name: "bytes dropped on the way to the runner", strike: (link) => link.dropAfter(100, "down") },
];

/** Lets numbers pass in both directions. */
async function someMore(client: LedgerClient): Promise<void> {
  const [down, up] = [client.received.count, client.sent];
  await eventually(() => client.received.count, (count) => count >= down + 5);
  await eventually(() => client.sent, (sent) => sent >= up + 5);
}

Deno.test("by the runtime: after each fault of a link WebSockets go on, nothing is lost or doubled, and nothing is left", async () => {
  const origin = () => startDenoOrigin("tests/support/ledger_origin.ts");
  await using stack = await startProxiedStack({ ...bothEnds, origin });
  const baseline = await baselineOf(stack);
  for (const { name, strike } of faults) {
    using client = await LedgerClient.open(stack.gateway.wsUrl, { id: name });
    client.start();
    await someMore(client);
    const before = stack.proxy.acceptedCount;
    strike(stack.proxy.links().at(-1)!);
    await stack.proxy.accepted(before + 1);
    await someMore(client);
    const { up, down } = await client.balance();
    assert.ok(up.messages >= 10 && down.messages >= 10, name);
    assert.equal((await client.ws.close(1000)).code, 1000);
  }
  await assertNothingLeft(stack.gateway, baseline);
});

Deno.test("by the runtime: messages of 4 MiB pass whole, both ways", async () => {
  await using stack = await startStack({ ...bothEnds, origin: startWsOrigin });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const message = new Uint8Array(4 * 1024 * 1024).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
  for (let i = 0; i < 5; i++) {
    await client.send(message);
    assert.deepEqual((await client.next()).bytes, message);
  }
});

Deno.test("by the runtime: bodies of 64 MiB pass whole, both ways", async () => {
  await using stack = await startStack({ ...bothEnds, origin: startNodeOrigin });
  const bytes = 64 * 1024 * 1024;
  const whole = new Uint8Array(await (await fetch(`${stack.gateway.url}/bytes?n=${bytes}`)).arrayBuffer());
  assert.equal(whole.length, bytes);
  const sha256 = createHash("sha256").update(whole).digest("hex");
  const response = await fetch(`${stack.gateway.url}/hash`, { method: "POST", body: whole });
  assert.deepEqual(await response.json(), { length: bytes, sha256 });
});
