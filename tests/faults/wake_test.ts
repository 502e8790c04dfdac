import assert from "node:assert/strict";
import { fetchOnce } from "../support/fetch_once.ts";
import type { LedgerReport } from "../support/ledger.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { type RunningOrigin, startDenoOrigin, startRunner } from "../support/processes.ts";
import { type ProxiedStack, startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** The session of a killed runner is over after this: nobody takes its place before. */
const resumeWindow = ["--resume-window", "1s"];
const origin = () => startDenoOrigin("tests/support/ledger_origin.ts");
const clientCount = 8;

/** WebSockets that two runners of one name share. */
async function openClients(stack: ProxiedStack, count = clientCount): Promise<LedgerClient[]> {
  const clients: LedgerClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await LedgerClient.open(stack.gateway.wsUrl, { id: `wake-${i}`, quietOrigin: true });
    client.sendOne();
    clients.push(client);
  }
  return clients;
}

/** How many connections each WebSocket has had at the origin: more than one when it was woken. */
async function connections(stack: ProxiedStack): Promise<number[]> {
  return await Promise.all(Array.from({ length: clientCount }, async (_, i) => {
    const seen = await (await fetchOnce(`${stack.origin.url}/ledger?id=wake-${i}`)).json();
    return seen.length;
  }));
}

Deno.test("--wake any: WebSockets of a lost session go on with another runner of its name", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: resumeWindow });
  await stack.addRunner();
  const clients = await openClients(stack);
  stack.runner.signal("SIGKILL");
  const counts = await eventually(
    () => connections(stack),
    (seen) => seen.some((count) => count > 1),
  );
  assert.ok(counts.some((count) => count === 1), "those of the other runner were left alone");
  await eventually(() => healthOf(stack.gateway), ({ streams, hibernating }) => {
    return streams === clientCount && hibernating === 0;
  });
  for (const client of clients) client.sendOne();
  for (const client of clients) assert.equal((await client.ws.close(1000)).code, 1000);
});

Deno.test("--wake same: WebSockets of a lost session wait for a runner that starts after it", async () => {
  await using stack = await startProxiedStack({
    origin,
    gatewayArgs: [...resumeWindow, "--wake", "same"],
  });
  await stack.addRunner();
  const clients = await openClients(stack);
  const before = await connections(stack);
  assert.deepEqual(before, Array(clientCount).fill(1));
  stack.runner.signal("SIGKILL");
  const { hibernating } = await eventually(() => healthOf(stack.gateway), (health) => health.hibernating > 0);
  assert.ok(hibernating < clientCount, "both runners had served");

  // The other runner's link breaks and comes back: that is no new runner.
  const links = stack.proxy.acceptedCount;
  stack.proxy.cut();
  await stack.proxy.accepted(links + 1);
  await eventually(() => healthOf(stack.gateway), (health) => health.links === 1);
  assert.equal((await healthOf(stack.gateway)).hibernating, hibernating);
  assert.deepEqual(await connections(stack), before);

  const restarted = await stack.addRunner();
  await eventually(() => healthOf(stack.gateway), (health) => health.hibernating === 0);
  await eventually(
    () => connections(stack),
    (seen) => seen.filter((count) => count === 2).length === hibernating,
  );
  // All of them went to the restarted runner: without it, all of them sleep again.
  restarted.signal("SIGKILL");
  await eventually(() => healthOf(stack.gateway), (health) => health.hibernating === hibernating);
  for (const client of clients) client[Symbol.dispose]();
});

// ── the runner is back before its origin is ──

interface Away extends AsyncDisposable {
  readonly stack: ProxiedStack;
  readonly clients: LedgerClient[];
  /** The origin comes back, at the address it had. */
  originReturns(): Promise<RunningOrigin>;
}

const firstLetters = 5;

/** Few enough that each of their tries has a line of its own in the gateway's log. */
const waiting = 3;

/** WebSockets whose origin and runner are gone, and a runner that is back without an origin. */
async function withoutOrigin(gatewayArgs: string[] = []): Promise<Away> {
  await using started = new AsyncDisposableStack();
  const port = await portOutsideOfTheEphemeral();
  const first = started.use(await originAt(port));
  const stack = started.use(await startProxiedStack({ origin: () => Promise.resolve(first), gatewayArgs }));
  const clients = await openClients(stack, waiting);
  for (const client of clients) for (let i = 1; i < firstLetters; i++) client.sendOne();
  for (let i = 0; i < waiting; i++) {
    await eventually(() => ledger(stack, i), ([seen]) => seen?.messages === firstLetters);
  }
  // Acknowledgements take 25 ms; what is on its way when both die may come twice.
  stack.runner.signal("SIGSTOP");
  first.process.signal("SIGKILL");
  await first.process.status();
  stack.runner.signal("SIGKILL");
  await stack.addRunner();
  await stack.gateway.process.line(/websocket\.waits.*cannot connect to 127\.0\.0\.1/);
  const owned = started.move();
  return {
    stack,
    clients,
    originReturns: async () => owned.use(await originAt(port)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function originAt(port: number): Promise<RunningOrigin> {
  return startDenoOrigin("tests/support/ledger_origin.ts", [String(port)]);
}

/** A free port that no other test is given by chance while its owner is away. */
async function portOutsideOfTheEphemeral(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return await Promise.reject(new Error("no port is free"));
}

async function ledger(stack: ProxiedStack, client: number): Promise<LedgerReport[]> {
  return await (await fetchOnce(`${stack.origin.url}/ledger?id=wake-${client}`)).json();
}

Deno.test("WebSockets whose runner is back before its origin wait for the origin, and go on where they were", async () => {
  await using away = await withoutOrigin();
  const { stack, clients } = away;
  for (const client of clients) for (let i = 0; i < 10; i++) client.sendOne();
  await eventually(() => healthOf(stack.gateway), ({ bufferedBytes }) => bufferedBytes > 0);
  // With what they have sent they are tried again and again, and none is closed.
  const tries = () => stack.gateway.process.stderr.match(/websocket\.waits/g)?.length ?? 0;
  const before = tries();
  await eventually(tries, (count) => count >= before + 3 * waiting);
  for (const { ws } of clients) assert.equal(ws.socket.readyState, ws.socket.OPEN);
  await away.originReturns();
  const total = firstLetters + 10;
  for (let i = 0; i < waiting; i++) {
    const [report] = await eventually(() => ledger(stack, i), ([seen]) => seen?.highest === total - 1);
    assert.ok(report.first <= firstLetters, "no gap between the two origins");
    assert.equal(report.messages, total - report.first, "each once");
    assert.equal(report.reordered + report.duplicated, 0);
  }
  await eventually(() => healthOf(stack.gateway), ({ streams, hibernating }) => {
    return streams === waiting && hibernating === 0;
  });
  for (const client of clients) assert.equal((await client.ws.close(1000)).code, 1000);
});

Deno.test("an origin that does not come back within the hibernate window costs its WebSockets 1012", async () => {
  await using away = await withoutOrigin(["--hibernate-window", "3s"]);
  for (const { ws } of away.clients) {
    const { code, reason } = await ws.ended();
    assert.equal(code, 1012);
    assert.match(reason, /came back in time|did not come back in time/);
  }
  const { hibernating, streams } = await healthOf(away.stack.gateway);
  assert.deepEqual([hibernating, streams], [0, 0]);
});

Deno.test("a client that closes or breaks off while its origin is away leaves nothing", async () => {
  await using away = await withoutOrigin();
  const [first, second, ...others] = away.clients;
  first.sendOne();
  assert.equal((await first.ws.close(1000)).code, 1000);
  second[Symbol.dispose]();
  for (const client of others) client[Symbol.dispose]();
  await eventually(
    () => healthOf(away.stack.gateway),
    ({ hibernating, streams, bufferedBytes }) => hibernating + streams + bufferedBytes === 0,
  );
});

Deno.test("an origin that is away is tried about once a second, and not in a circle", async () => {
  await using stack = await startProxiedStack({ origin });
  const clients = await openClients(stack);
  stack.runner.signal("SIGKILL");
  // A door that opens and shuts at once: what a port is that a container has, and its program not yet.
  const attempts: number[] = [];
  const door = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const opened = (async () => {
    for await (const conn of door) {
      attempts.push(performance.now());
      conn.close();
    }
  })();
  const target = `http://127.0.0.1:${(door.addr as Deno.NetAddr).port}`;
  await using runner = await startRunner(stack.proxy.wsUrl, target);
  const rounds = 4;
  await eventually(() => attempts.length, (count) => count >= rounds * clientCount);
  // A busy machine makes the gaps longer, never shorter: half a second from one round to the next.
  const tookMs = attempts[rounds * clientCount - 1] - attempts[0];
  assert.ok(tookMs >= (rounds - 1) * 400, `${rounds} rounds took ${Math.round(tookMs)} ms`);
  assert.equal(runner.stderr.includes("Uncaught"), false);
  for (const client of clients) assert.equal(client.ws.socket.readyState, client.ws.socket.OPEN);
  for (const client of clients) client[Symbol.dispose]();
  door.close();
  await opened;
});
