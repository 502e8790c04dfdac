import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { fetchOnce } from "../support/fetch_once.ts";
import { OtlpReceiver } from "../support/otlp_receiver.ts";
import { ChildProcess, type RunningGateway, startGateway, testToken } from "../support/processes.ts";

let gateway: RunningGateway;
let program: ChildProcess;

function start(args: string[] = [], env: Record<string, string> = {}): ChildProcess {
  const run = ["run", "--quiet", "--allow-net", "--allow-env", "examples/handler.ts"];
  const all = [...run, "--gateway-url", gateway.wsUrl, "--token", testToken, ...args];
  return new ChildProcess(Deno.execPath(), all, { env });
}

Deno.test.beforeAll(async () => {
  gateway = await startGateway();
  program = start();
  await program.line(/connected to/);
});

Deno.test.afterAll(async () => {
  await program[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

Deno.test("the example greets", async () => {
  const response = await fetch(gateway.url);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "Hello from a program behind a tunnel.\n");
});

Deno.test("the example changes a body as it streams", async () => {
  const body = "abc xyz 123 ".repeat(100_000);
  const response = await fetch(`${gateway.url}/upper`, { method: "POST", body });
  assert.equal(await response.text(), body.toUpperCase());
});

Deno.test("the example's clock sends events until its client leaves", async () => {
  const response = await fetch(`${gateway.url}/clock`);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await reader.read()).value!, /^data: \d{4}-\d\d-\d\dT.*Z\n\n$/);
  await reader.cancel();
});

Deno.test("the example answers 404 for what it does not have, with HTTP and with WebSocket", async () => {
  const response = await fetch(`${gateway.url}/nothing`);
  assert.equal(response.status, 404);
  assert.equal(await response.text(), "There is nothing at GET /nothing.\n");
  const socket = new WebSocket(`${gateway.wsUrl}/elsewhere`);
  const [, refusal] = await once(socket, "unexpected-response");
  assert.equal(refusal.statusCode, 404);
  refusal.resume();
  await once(refusal, "end");
});

Deno.test("the example's room passes each message to everyone in it", async () => {
  const guests = Array.from({ length: 3 }, () => new WebSocket(`${gateway.wsUrl}/chat`));
  await Promise.all(guests.map((guest) => once(guest, "open")));
  const heard = guests.map((guest) => once(guest, "message"));
  guests[0].send("hello, all");
  for (const [data, binary] of await Promise.all(heard)) {
    assert.equal(data.toString(), "hello, all");
    assert.equal(binary, false);
  }
  const left = guests.map((guest) => once(guest, "close"));
  for (const guest of guests) guest.close(1000);
  for (const [code] of await Promise.all(left)) assert.equal(code, 1000);
});

Deno.test("the example ends with 0 on SIGTERM", async () => {
  program.signal("SIGTERM");
  assert.equal((await program.status()).code, 0);
});

Deno.test("the example ends when it is told to, also while a slow collector has its metrics wait", async () => {
  await using receiver = OtlpReceiver.start({ tracesDelayMs: 200 });
  await using other = start(["--name", "other"], receiver.env("the-example", 5));
  await other.line(/connected to/);
  await (await fetchOnce(gateway.url, { headers: { "x-tunnel-runner": "other" } })).text();
  other.signal("SIGTERM");
  assert.equal((await other.status()).code, 0);
});
