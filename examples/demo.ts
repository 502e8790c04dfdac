/**
 * The tunnel at work: starts an origin, a gateway and a runner as processes on free ports, sends HTTP and
 * WebSocket traffic through them, prints what it does and what it measured, and ends with 0, or with 1 when
 * anything came out wrong.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import WebSocket from "ws";
import { startGateway, startNodeOrigin, startRunner, startWsOrigin } from "../tests/support/processes.ts";

const megabyte = 1024 * 1024;

function say(text: string): void {
  // deno-lint-ignore no-console -- a program's own output
  console.log(text);
}

function expect(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(2)} ms`;
}

async function requests(url: string): Promise<void> {
  say("\n1. HTTP requests");
  const first = await fetch(`${url}/echo?a=1&a=2`, { method: "POST", body: "hello through the tunnel" });
  const seen = await first.json();
  expect("method", seen.method, "POST");
  expect("path and query", seen.url, "/echo?a=1&a=2");
  expect("body length", seen.length, 24);
  say(`   POST /echo?a=1&a=2 → ${first.status}, the origin saw ${seen.length} bytes`);
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const at = performance.now();
    const response = await fetch(`${url}/status?code=200`);
    await response.bytes();
    times.push(performance.now() - at);
  }
  say(`   200 GET requests one after another: median ${milliseconds(median(times))}`);
}

async function bodies(url: string): Promise<void> {
  say("\n2. Large bodies, streamed");
  const downloadAt = performance.now();
  const response = await fetch(`${url}/bytes?n=${64 * megabyte}`);
  let received = 0;
  for await (const bytes of response.body!) received += bytes.length;
  expect("bytes downloaded", received, 64 * megabyte);
  const downloadRate = 64 / ((performance.now() - downloadAt) / 1000);
  say(`   64 MiB down: ${downloadRate.toFixed(0)} MiB/s`);
  const body = new Uint8Array(32 * megabyte).map((_, i) => i % 251);
  const uploadAt = performance.now();
  const upload = await (await fetch(`${url}/hash`, { method: "PUT", body })).json();
  const uploadRate = 32 / ((performance.now() - uploadAt) / 1000);
  expect("hash of the upload", upload.sha256, createHash("sha256").update(body).digest("hex"));
  say(`   32 MiB up:   ${uploadRate.toFixed(0)} MiB/s, SHA-256 equal at both ends`);
}

async function websockets(wsUrl: string): Promise<void> {
  say("\n3. WebSocket");
  const socket = new WebSocket(`${wsUrl}/echo`, { headers: { "x-tunnel-runner": "ws" } });
  await once(socket, "open");
  const times: number[] = [];
  for (let i = 0; i < 500; i++) {
    const at = performance.now();
    socket.send(`message ${i}`);
    const [data] = await once(socket, "message");
    expect("echo", data.toString(), `message ${i}`);
    times.push(performance.now() - at);
  }
  say(`   500 messages there and back, one after another: median ${milliseconds(median(times))}`);
  const large = new Uint8Array(4 * megabyte).fill(9);
  socket.send(large);
  const [echoed] = await once(socket, "message");
  expect("length of a large message", echoed.length, large.length);
  say("   one message of 4 MiB there and back: equal length");
  socket.close(1000, "done");
  const [code, reason] = await once(socket, "close");
  expect("close code", code, 1000);
  say(`   closed with ${code} "${reason}"`);
}

say("Starting an origin in plain Node, a gateway and a runner …");
await using origin = await startNodeOrigin();
await using wsOrigin = await startWsOrigin();
await using gateway = await startGateway(["--log-level", "warn"]);
await using runner = await startRunner(gateway.wsUrl, origin.url, ["--log-level", "warn"]);
await using wsRunner = await startRunner(gateway.wsUrl, wsOrigin.url, [
  "--name",
  "ws",
  "--log-level",
  "warn",
]);
say(
  `   origin    ${origin.url} and ${wsOrigin.url}\n   gateway   ${gateway.url}\n   runners   "default" and "ws"`,
);

await requests(gateway.url);
await bodies(gateway.url);
await websockets(gateway.wsUrl);

say("\n4. Memory");
const mib = (bytes: number) => `${(bytes / megabyte).toFixed(0)} MiB`;
say(`   gateway ${mib(gateway.process.residentBytes())}, runner ${mib(runner.residentBytes())}`);
for (const process of [wsRunner, runner, gateway.process]) {
  process.signal("SIGTERM");
  expect("exit status after SIGTERM", (await process.status()).code, 0);
}
say("\nEverything came out as it went in. All processes ended with 0.");
