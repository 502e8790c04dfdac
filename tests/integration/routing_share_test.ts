import assert from "node:assert/strict";
import { rawRequest, textOf } from "../support/raw_http.ts";
import {
  type ChildProcess,
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
  startWsOrigin,
} from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";

interface Replica {
  origin: RunningOrigin;
  runner: ChildProcess;
}

/** Several runners of one name, each with an origin of its own that says which one it is. */
async function startReplicas(
  gateway: RunningGateway,
  names: string[],
): Promise<AsyncDisposable & { replicas: Map<string, Replica> }> {
  await using started = new AsyncDisposableStack();
  const replicas = new Map<string, Replica>();
  for (const name of names) {
    const origin = started.use(await startNodeOrigin([], { env: { ORIGIN_NAME: name } }));
    const runner = started.use(await startRunner(gateway.wsUrl, origin.url));
    replicas.set(name, { origin, runner });
  }
  const owned = started.move();
  return { replicas, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** How many of `count` requests each origin answered. */
async function countAnswers(gateway: RunningGateway, count: number): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const response = await rawRequest(gateway.port, "GET /name HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(response.status, 200);
    const name = textOf(response);
    answers.set(name, (answers.get(name) ?? 0) + 1);
  }
  return answers;
}

Deno.test("runners of one name share the requests", async () => {
  await using gateway = await startGateway();
  await using _started = await startReplicas(gateway, ["a", "b", "c"]);
  const answers = await countAnswers(gateway, 120);
  // At random each gets 40; that one gets fewer than 8 of 120 has a chance below one in a billion.
  for (const name of ["a", "b", "c"]) assert.ok((answers.get(name) ?? 0) >= 8, Deno.inspect(answers));
});

Deno.test("of several runners of a name one whose origin is away costs no request, whatever its method", async () => {
  await using gateway = await startGateway();
  await using started = await startReplicas(gateway, ["a", "b"]);
  const { origin } = started.replicas.get("b")!;
  await origin[Symbol.asyncDispose]();
  // Longer than the runner is left out for, so that it is tried in between.
  const untilMs = performance.now() + 6_000;
  const methods = ["GET /name", "POST /echo", "PUT /echo", "DELETE /name"];
  for (let i = 0; i < methods.length || performance.now() < untilMs; i++) {
    const head = `${methods[i % methods.length]} HTTP/1.1\r\nHost: app\r\n`;
    const { status } = await rawRequest(gateway.port, `${head}Content-Length: 5\r\n\r\nhello`);
    assert.equal(status, 200, head);
  }
});

Deno.test("when no runner's origin can be reached each request gets 502", async () => {
  await using gateway = await startGateway();
  await using started = await startReplicas(gateway, ["a", "b", "c"]);
  for (const { origin } of started.replicas.values()) await origin[Symbol.asyncDispose]();
  for (let i = 0; i < 10; i++) {
    const { status } = await rawRequest(gateway.port, "GET /name HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(status, 502);
  }
});

Deno.test("a WebSocket is opened by another runner of the name when the origin of the first is away", async () => {
  await using gateway = await startGateway();
  await using away = await startWsOrigin();
  await using there = await startWsOrigin();
  await using _one = await startRunner(gateway.wsUrl, away.url);
  await using _two = await startRunner(gateway.wsUrl, there.url);
  await away[Symbol.asyncDispose]();
  for (let i = 0; i < 20; i++) {
    using client = await WsClient.open(`${gateway.wsUrl}/echo`);
    await client.send("hello");
    assert.equal(await client.nextText(), "hello");
  }
});

Deno.test("a runner that is busy gets fewer streams than one that is not", async () => {
  await using gateway = await startGateway();
  await using started = await startReplicas(gateway, ["a", "b"]);
  const held: Promise<Response>[] = [];
  const leaving = new AbortController();
  const hold = (i: number) => {
    const holding = fetch(`${gateway.url}/hold?id=${i}&begin`, { signal: leaving.signal });
    held.push(holding);
    return holding;
  };
  // With two runners, the one with fewer streams is picked each time: ten streams are five and five.
  for (let i = 0; i < 10; i++) await hold(i);
  let atA = 0;
  for (let i = 0; i < 10; i++) {
    const { origin } = started.replicas.get("a")!;
    const asked = await Promise.race([
      fetch(`${origin.url}/held?id=${i}`, { signal: leaving.signal }).then(() => true),
      fetch(`${started.replicas.get("b")!.origin.url}/held?id=${i}`, { signal: leaving.signal }).then(() =>
        false
      ),
    ]);
    if (asked) atA++;
  }
  assert.equal(atA, 5);
  leaving.abort();
  await Promise.allSettled(held);
});

Deno.test("a runner that leaves takes no more streams, and none is lost to its leaving", async () => {
  await using gateway = await startGateway();
  await using started = await startReplicas(gateway, ["stays", "leaves"]);
  await countAnswers(gateway, 10);
  const { runner } = started.replicas.get("leaves")!;
  runner.signal("SIGTERM");
  const during = await countAnswers(gateway, 50);
  assert.equal((await runner.status()).code, 0);
  await eventually(() => healthOf(gateway), ({ links }) => links === 1);
  assert.deepEqual(await countAnswers(gateway, 30), new Map([["stays", 30]]));
  assert.ok((during.get("stays") ?? 0) >= 1);
});

Deno.test("a runner that joins takes its share", async () => {
  await using gateway = await startGateway();
  await using _first = await startReplicas(gateway, ["first"]);
  assert.deepEqual(await countAnswers(gateway, 5), new Map([["first", 5]]));
  await using _second = await startReplicas(gateway, ["second"]);
  assert.ok(((await countAnswers(gateway, 60)).get("second") ?? 0) >= 5);
});

Deno.test("a runner that crashes leaves the others to serve its name", async () => {
  await using gateway = await startGateway();
  await using started = await startReplicas(gateway, ["stays", "crashes"]);
  await started.replicas.get("crashes")!.runner[Symbol.asyncDispose]();
  await eventually(() => healthOf(gateway), ({ links }) => links === 1);
  assert.deepEqual(await countAnswers(gateway, 20), new Map([["stays", 20]]));
});
