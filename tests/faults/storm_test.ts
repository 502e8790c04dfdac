import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fetchOnce } from "../support/fetch_once.ts";
import type { FaultProxy } from "../support/fault_proxy.ts";
import { pattern } from "../support/ledger.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { startDenoOrigin } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually } from "../support/stack.ts";

const webSockets = 200;
const transfers = 20;
const cuts = 100;
/** Every so many cuts a link is silenced instead of reset. */
const silenceEvery = 8;
/** Time between two numbers of one WebSocket and direction, milliseconds. */
const paceMs = 150;
const bodyBytes = 3 * 1024 * 1024;
const heartbeat = ["--ping-interval", "70ms", "--ping-timeout", "400ms"];

const body = pattern(0, bodyBytes);
const bodySha256 = createHash("sha256").update(body).digest("hex");

/** Loses link after link, at a random place of what it carries, handshake and resume included. */
async function storm(proxy: FaultProxy): Promise<{ rst: number; silence: number }> {
  const struck = { rst: 0, silence: 0 };
  for (let cut = 1; cut <= cuts;) {
    const link = await eventually(() => proxy.links().at(-1), (newest) => newest !== undefined);
    const passed = () => link!.passedBytes("up") + link!.passedBytes("down");
    const threshold = Math.random() < 0.3 ? Math.random() * 2_000 : Math.random() * 200_000;
    await eventually(passed, (bytes) => bytes >= threshold || !link!.open, 30_000);
    // On a machine that is slow enough a link is given up by its heartbeat: that one was not ours.
    if (!link!.open) continue;
    const before = proxy.acceptedCount;
    const loss = cut++ % silenceEvery === 0 ? "silence" : "rst";
    link!.lose(loss);
    struck[loss]++;
    await proxy.accepted(before + 1);
  }
  return struck;
}

/** Sends or fetches bodies, one after another, until told to stop; each is hashed. */
async function transfer(gatewayUrl: string, upload: boolean, going: () => boolean): Promise<number> {
  let done = 0;
  do {
    if (upload) {
      const response = await fetchOnce(`${gatewayUrl}/hash`, { method: "POST", body });
      assert.deepEqual(await response.json(), { length: bodyBytes, sha256: bodySha256 });
    } else {
      const received = await (await fetchOnce(`${gatewayUrl}/bytes?n=${bodyBytes}`)).bytes();
      assert.equal(createHash("sha256").update(received).digest("hex"), bodySha256);
    }
    done++;
  } while (going());
  return done;
}

Deno.test(`${webSockets} WebSockets and ${transfers} transfers survive ${cuts} lost links`, async () => {
  await using stack = await startProxiedStack({
    origin: () => startDenoOrigin("tests/support/ledger_origin.ts"),
    gatewayArgs: heartbeat,
    runnerArgs: heartbeat,
  });
  const baseline = await baselineOf(stack);
  const startedAt = performance.now();
  const clients = await Promise.all(Array.from(
    { length: webSockets },
    (_, i) => LedgerClient.open(stack.gateway.wsUrl, { id: `storm-${i}`, seed: i, paceMs }),
  ));
  for (const client of clients) client.start(paceMs);
  let going = true;
  const running = Array.from(
    { length: transfers },
    (_, i) => transfer(stack.gateway.url, i % 2 === 0, () => going),
  );
  const struck = await storm(stack.proxy);
  going = false;
  const bodies = (await Promise.all(running)).reduce((sum, done) => sum + done, 0);
  const balances = await Promise.all(clients.map((client) => client.balance()));
  const seconds = (performance.now() - startedAt) / 1000;

  const sum = (pick: (report: (typeof balances)[number]["up"]) => number) =>
    balances.reduce((total, { up, down }) => total + pick(up) + pick(down), 0);
  const messages = sum((report) => report.messages);
  const hashed = sum((report) => report.bytes) + bodies * bodyBytes;
  assert.equal(struck.rst + struck.silence, cuts);
  assert.ok(messages > webSockets * 10);
  assert.ok(bodies >= transfers);
  print(
    `faults: ${cuts} cuts (${struck.rst} resets, ${struck.silence} black holes) in ${
      seconds.toFixed(0)
    } s; ` +
      `${webSockets} WebSockets: ${messages} messages delivered, ${sum((report) => report.lost)} lost, ` +
      `${sum((report) => report.duplicated)} duplicated, ${
        sum((report) => report.reordered)
      } out of order; ` +
      `${bodies} transfers over ${transfers} connections whole; ${(hashed / 2 ** 20).toFixed(0)} MiB hashed`,
  );

  await Promise.all(clients.map((client) => client.ws.close(1000)));
  await assertNothingLeft(stack.gateway, baseline);
});

/** Figures go to standard output, for the README. */
function print(line: string): void {
  // deno-lint-ignore no-console -- what the test measured is part of its result
  console.log(line);
}
