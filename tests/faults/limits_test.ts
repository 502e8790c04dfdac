import assert from "node:assert/strict";
import { fetchOnce } from "../support/fetch_once.ts";
import type { LedgerReport } from "../support/ledger.ts";
import { LedgerClient } from "../support/ledger_client.ts";
import { assertNothingLeft, baselineOf } from "../support/leftovers.ts";
import { startDenoOrigin } from "../support/processes.ts";
import { field, RawHttpClient } from "../support/raw_http.ts";
import { type ProxiedStack, startProxiedStack } from "../support/proxied_stack.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { WsClient } from "../support/ws_client.ts";
import { numberedMessage } from "../support/ws_origin_flow.ts";

const origin = () => startDenoOrigin("tests/support/ledger_origin.ts");

/** The sum is looked at whenever this much more was taken in. */
const checkedEveryBytes = 1024 * 1024;

/** A stream's limit, and the one read by which it may be passed. */
const maxHeldBytes = 1024 * 1024 + 64 * 1024;
/** 25 MiB in messages of 64 KiB: far more than kernels hold. */
const floodMessages = 400;

async function headsSeen(originUrl: string, id: string): Promise<number> {
  return (await (await fetchOnce(`${originUrl}/visits?id=${id}`)).json()).heads;
}

Deno.test("when nobody comes back in time, requests get 504 and WebSockets close with 1012", async () => {
  await using stack = await startProxiedStack({
    origin,
    gatewayArgs: ["--resume-window", "500ms", "--hibernate-window", "1s"],
  });
  const baseline = await baselineOf(stack);
  using client = await LedgerClient.open(stack.gateway.wsUrl, { id: "expires" });
  const asked = fetchOnce(`${stack.gateway.url}/held?id=expires`);
  const posted = fetchOnce(`${stack.gateway.url}/held?id=expires`, { method: "POST", body: "once" });
  const begun = await fetchOnce(`${stack.gateway.url}/bytes?id=half&n=100000&half=50000`);
  await eventually(() => headsSeen(stack.origin.url, "expires"), (heads) => heads === 2);
  stack.proxy.refuse(true);
  stack.proxy.cut();

  for (const response of await Promise.all([asked, posted])) {
    assert.equal(response.status, 504);
    assert.equal(response.headers.get("x-tunnel-error"), "link_lost");
    assert.match((await response.json()).message, /did not come back/);
  }
  await assert.rejects(begun.bytes(), "a response under way breaks off");
  const { code, reason } = await client.ws.ended();
  assert.equal(code, 1012);
  assert.match(reason, /came back/);

  // The runner has given its origin connections up as well, and begins anew.
  stack.proxy.refuse(false);
  await stack.proxy.accepted(2);
  await eventually(() => healthOf(stack.gateway), ({ links }) => links === 1);
  await assertNothingLeft(stack.gateway, baseline);
});

Deno.test("past --max-buffered those that hold most are closed with 1013, and nobody else is harmed", async () => {
  const maxBytes = 2 * 1024 * 1024;
  await using stack = await startProxiedStack({ origin, gatewayArgs: ["--max-buffered", String(maxBytes)] });
  const baseline = await baselineOf(stack);
  const small = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => LedgerClient.open(stack.gateway.wsUrl, { id: `small-${i}`, seed: i }),
    ),
  );
  for (const client of small) client.sendOne();
  const large = await Promise.all(
    Array.from({ length: 16 }, (_, i) => WsClient.open(`${stack.gateway.wsUrl}/numbers?id=large-${i}&quiet`)),
  );
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await eventually(() => healthOf(stack.gateway), ({ links }) => links === 0);
  for (const client of small) for (let i = 0; i < 20; i++) client.sendOne();
  const messages = 64;
  const ends: (number | string)[] = [];
  for (const client of large) {
    void client.closed.then(({ code, reason }) => ends.push(code, reason));
    for (let i = 0; i < messages; i++) client.socket.send(numberedMessage(i, 16 * 1024));
  }

  await eventually(() => ends.length, (length) => length > 0);
  await eventually(
    () => healthOf(stack.gateway),
    ({ bufferedBytes }) => bufferedBytes <= maxBytes + checkedEveryBytes,
  );
  const shed = ends.length / 2;
  assert.ok(shed < large.length, "as few as it takes");
  assert.deepEqual(ends, Array(shed).fill([1013, "pending limit reached"]).flat());
  assert.equal(stack.gateway.process.stderr.match(/stream\.shed/g)?.length, shed, "each is told in the log");

  stack.proxy.refuse(false);
  for (const client of small) {
    await client.balance();
    assert.equal((await client.ws.close(1000)).code, 1000);
  }
  for (const [i, client] of large.entries()) {
    if (client.socket.readyState !== client.socket.OPEN) continue;
    const [books] = await eventually(
      async () => await (await fetchOnce(`${stack.origin.url}/ledger?id=large-${i}`)).json(),
      ([seen]) => seen.messages === messages,
    );
    assert.equal(books.lost + books.duplicated + books.reordered, 0);
    assert.equal((await client.close(1000)).code, 1000);
  }
  await assertNothingLeft(stack.gateway, baseline);
});

Deno.test("past --max-buffered requests get 503, also the one that brought it there, and the rest of their bodies is read", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: ["--max-buffered", "64KiB"] });
  const baseline = await baselineOf(stack);
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await eventually(() => healthOf(stack.gateway), ({ links }) => links === 0);
  const body = new Uint8Array(16 * 1024 * 1024);
  const head = `POST /hash?id=shed HTTP/1.1\r\nHost: app\r\nContent-Length: ${body.length}\r\n\r\n`;
  // Together they bring the gateway to look at what it holds, which is far too much then.
  const asked = Array.from({ length: 8 }, async () => {
    using client = await RawHttpClient.connect(stack.gateway.port);
    await client.send(head);
    const [response] = await Promise.all([client.response(), client.send(body)]);
    return response;
  });
  await Promise.race(asked);
  // Those that were spared go on.
  stack.proxy.refuse(false);
  const responses = await Promise.all(asked);
  const shed = responses.filter(({ status }) => status === 503);
  assert.ok(shed.length > 0);
  for (const response of shed) assert.equal(field(response, "x-tunnel-error"), "limit");
  for (const { status } of responses) assert.match(String(status), /^(200|503)$/);
  await assertNothingLeft(stack.gateway, baseline);
});

/** Sends far more than may be held, and gives what is held when no more is taken. */
async function sendBeyondLimit(stack: ProxiedStack, client: WsClient, leastBytes: number): Promise<number> {
  for (let i = 0; i < floodMessages; i++) client.socket.send(numberedMessage(i, 64 * 1024));
  const { bufferedBytes } = await eventually(
    () => healthOf(stack.gateway),
    (health) => health.bufferedBytes >= leastBytes,
  );
  return bufferedBytes;
}

/** The origin has all of them in its books, once each and in order, whatever connections they came over. */
async function assertAllArrived(stack: ProxiedStack, id: string): Promise<void> {
  const books: LedgerReport[] = await eventually(
    async () => await (await fetchOnce(`${stack.origin.url}/ledger?id=${id}`)).json(),
    (seen) => seen.at(-1)?.highest === floodMessages - 1,
  );
  assert.equal(books.reduce((sum, { messages }) => sum + messages, 0), floodMessages);
  for (const { duplicated, reordered } of books) assert.equal(duplicated + reordered, 0);
}

Deno.test("a client's WebSocket is not read beyond its credit while no link is there, and goes on after", async () => {
  await using stack = await startProxiedStack({ origin });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/numbers?id=held&quiet`);
  stack.proxy.refuse(true);
  stack.proxy.cut();
  await eventually(() => healthOf(stack.gateway), ({ links }) => links === 0);
  const held = await sendBeyondLimit(stack, client, 256 * 1024);
  assert.ok(held <= maxHeldBytes, `${held} bytes are held`);
  stack.proxy.refuse(false);
  await assertAllArrived(stack, "held");
});

Deno.test("a hibernating WebSocket holds 1 MiB at most, and all of it reaches the next runner", async () => {
  await using stack = await startProxiedStack({ origin, gatewayArgs: ["--resume-window", "300ms"] });
  using client = await WsClient.open(`${stack.gateway.wsUrl}/numbers?id=asleep&quiet`);
  stack.runner.signal("SIGKILL");
  await eventually(() => healthOf(stack.gateway), ({ hibernating }) => hibernating === 1);
  const held = await sendBeyondLimit(stack, client, 1024 * 1024);
  assert.ok(held <= maxHeldBytes, `${held} bytes are held`);
  await stack.addRunner();
  await assertAllArrived(stack, "asleep");
});
