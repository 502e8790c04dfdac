import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fetchOnce } from "../support/fetch_once.ts";
import type { Loss } from "../support/fault_proxy.ts";
import { pattern } from "../support/ledger.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { startDenoOrigin } from "../support/processes.ts";
import { type ProxiedStack, startProxiedStack } from "../support/proxied_stack.ts";
import { eventually } from "../support/stack.ts";

/** A heartbeat short enough that a black hole is noticed within a test's time. */
const heartbeat = ["--ping-interval", "100ms", "--ping-timeout", "600ms"];
const options = {
  origin: () => startDenoOrigin("tests/support/ledger_origin.ts"),
  gatewayArgs: heartbeat,
  runnerArgs: heartbeat,
};
const losses: Loss[] = ["rst", "silence"];

const bodyBytes = 3_000_000;
const halfBytes = bodyBytes / 2;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What the origin has seen of a request. */
async function visits(stack: ProxiedStack, id: string): Promise<{ heads: number; bodyBytes: number }> {
  return await (await fetchOnce(`${stack.origin.url}/visits?id=${id}`)).json();
}

async function release(stack: ProxiedStack, id: string): Promise<void> {
  const released = async () => await (await fetchOnce(`${stack.origin.url}/release?id=${id}`)).text();
  await eventually(released, (text) => text === "true");
}

/** Loses the link and waits for the next. */
async function loseLink(stack: ProxiedStack, loss: Loss): Promise<void> {
  const before = stack.proxy.acceptedCount;
  stack.proxy.cut(loss);
  await stack.proxy.accepted(before + 1);
}

/** A request body that a test pushes piece by piece. */
function pushedBody(): { stream: ReadableStream<Uint8Array>; push(bytes: Uint8Array): void; end(): void } {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  return { stream, push: (bytes) => controller.enqueue(bytes), end: () => controller.close() };
}

for (const loss of losses) {
  Deno.test(`a request whose head was sent when the link was lost (${loss}) is carried out once`, async () => {
    await using stack = await startProxiedStack(options);
    for (const method of ["GET", "POST"]) {
      const id = `head-${method}`;
      const body = method === "POST" ? "whole" : undefined;
      const asked = fetchOnce(`${stack.gateway.url}/held?id=${id}`, { method, body });
      await eventually(() => visits(stack, id), ({ heads }) => heads === 1);
      await loseLink(stack, loss);
      await release(stack, id);
      const response = await asked;
      assert.equal(response.status, 200);
      assert.equal(await response.text(), "released");
      assert.equal((await visits(stack, id)).heads, 1);
    }
  });

  Deno.test(`a request body that is half up when the link is lost (${loss}) arrives once and whole`, async () => {
    await using stack = await startProxiedStack(options);
    const body = pushedBody();
    const asked = fetchOnce(`${stack.gateway.url}/hash?id=up`, { method: "POST", body: body.stream });
    body.push(pattern(0, halfBytes));
    await eventually(() => visits(stack, "up"), (seen) => seen.bodyBytes === halfBytes);
    // The second half is on its way when the link goes, and more of it is sent while there is none.
    body.push(pattern(halfBytes, halfBytes + 500_000));
    await loseLink(stack, loss);
    body.push(pattern(halfBytes + 500_000, bodyBytes));
    body.end();
    assert.deepEqual(await (await asked).json(), {
      length: bodyBytes,
      sha256: sha256(pattern(0, bodyBytes)),
    });
    assert.equal((await visits(stack, "up")).heads, 1);
  });

  Deno.test(`a response that is half down when the link is lost (${loss}) arrives once and whole`, async () => {
    await using stack = await startProxiedStack(options);
    const response = await fetchOnce(`${stack.gateway.url}/bytes?id=down&n=${bodyBytes}&half=${halfBytes}`);
    const hash = createHash("sha256");
    let received = 0;
    for await (const bytes of response.body!) {
      const wasBelow = received < halfBytes;
      received += bytes.length;
      hash.update(bytes);
      if (!wasBelow || received < halfBytes) continue;
      const lost = loseLink(stack, loss);
      // The rest is sent into the loss.
      await release(stack, "down");
      await lost;
    }
    assert.equal(received, bodyBytes);
    assert.equal(hash.digest("hex"), sha256(pattern(0, bodyBytes)));
    assert.equal((await visits(stack, "down")).heads, 1);
  });
}

Deno.test("transfers both ways over a slow link that jitters and is cut are whole, and leave nothing", async () => {
  await using stack = await startProxiedStack(options);
  const baseline = await baselineOf(stack);
  stack.proxy.setConditions({ delayMs: 5, jitterMs: 20, bytesPerSecond: 1_500_000 });
  using client = (await LedgerClient.open(stack.gateway.wsUrl, { id: "slow" })).start();
  const whole = pattern(0, bodyBytes);
  const up = fetchOnce(`${stack.gateway.url}/hash`, { method: "POST", body: whole }).then((response) =>
    response.json()
  );
  const down = fetchOnce(`${stack.gateway.url}/bytes?n=${bodyBytes}`).then((response) => response.bytes());
  for (let cuts = 0; cuts < 3; cuts++) {
    const passed = stack.proxy.links().at(-1)!;
    await eventually(() => passed.passedBytes("up"), (bytes) => bytes > 300_000);
    await loseLink(stack, "rst");
  }
  assert.deepEqual(await up, { length: bodyBytes, sha256: sha256(whole) });
  assert.equal(sha256(await down), sha256(whole));
  await client.balance();
  await client.ws.close(1000);
  await assertNothingLeft(stack.gateway, baseline);
});

Deno.test("a client that goes away while the link is down is told to the origin after the redial", async () => {
  await using stack = await startProxiedStack(options);
  const baseline = await baselineOf(stack);
  const leaving = new AbortController();
  const asked = fetchOnce(`${stack.gateway.url}/held?id=gone`, { signal: leaving.signal });
  await eventually(() => visits(stack, "gone"), ({ heads }) => heads === 1);
  stack.proxy.refuse(true);
  stack.proxy.cut();
  leaving.abort();
  await assert.rejects(asked, { name: "AbortError" });
  stack.proxy.refuse(false);
  await stack.proxy.accepted(2);
  // The origin's socket closes although it never answered.
  await assertNothingLeft(stack.gateway, baseline);
});
