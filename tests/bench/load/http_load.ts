/**
 * Load for HTTP rows where `wrk` is not installed: one request at a time on each kept-alive connection. A program:
 * takes an {@link HttpLoad} as JSON, prints a `Sample`.
 */
import { dial } from "../../../lib/net/mod.ts";
import { Latencies } from "./latencies.ts";
import { printSample } from "./sample.ts";

export interface HttpLoad {
  port: number;
  path: string;
  connections: number;
  seconds: number;
}

/** Long enough for all connections to be in step before anything is counted, milliseconds. */
const settleMs = 200;

const endOfHead = new TextEncoder().encode("\r\n\r\n");

/** Counted from {@link countFromMs} on, until {@link stopAtMs}. */
let countFromMs = Infinity;
let stopAtMs = Infinity;
let answered = 0;
const latencies = new Latencies();

/** Length of the whole answer at the start of `bytes`, or `null` when its head is not complete. */
function answerLength(bytes: Uint8Array): number | null {
  const text = new TextDecoder("latin1").decode(bytes);
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const length = /^content-length: *(\d+)\r$/im.exec(text.slice(0, headEnd + 1));
  if (length === null) throw new Error(`an answer without a length:\n${text.slice(0, headEnd)}`);
  return headEnd + endOfHead.length + Number(length[1]);
}

function isSuccess(bytes: Uint8Array): boolean {
  // "HTTP/1.1 200": the digits of the status stand at 9 to 11.
  return bytes[9] === 0x32 && bytes[10] === 0x30 && bytes[11] === 0x30;
}

/**
 * Asks for one and the same thing for ever. Answers to it are equal in length, so the first one's head is read
 * and the others are counted: a generator must cost less than what it loads.
 */
async function ask(load: HttpLoad): Promise<void> {
  const conn = await dial({ hostname: "127.0.0.1", port: load.port, tls: false });
  const request = new TextEncoder().encode(
    `GET ${load.path} HTTP/1.1\r\nHost: 127.0.0.1:${load.port}\r\n\r\n`,
  );
  const buffer = new Uint8Array(256 * 1024);
  let expected: number | null = null;
  while (true) {
    const sentMs = performance.now();
    if (sentMs >= stopAtMs) break;
    await writeAll(conn, request);
    let received = 0;
    while (expected === null || received < expected) {
      const count = await conn.read(buffer.subarray(received));
      if (count === null) throw new Error("a kept-alive connection was closed");
      received += count;
      expected ??= answerLength(buffer.subarray(0, received));
    }
    if (received > expected || !isSuccess(buffer)) {
      throw new Error(`an answer of another kind:\n${new TextDecoder().decode(buffer.subarray(0, 512))}`);
    }
    const nowMs = performance.now();
    if (sentMs < countFromMs || nowMs > stopAtMs) continue;
    answered++;
    latencies.record(nowMs - sentMs);
  }
  conn.close();
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

const load: HttpLoad = JSON.parse(Deno.args[0]);
countFromMs = performance.now() + settleMs;
stopAtMs = countFromMs + load.seconds * 1000;
await Promise.all(Array.from({ length: load.connections }, () => ask(load)));
printSample({
  operations: answered,
  seconds: load.seconds,
  p50Ms: latencies.atPercentile(50),
  p99Ms: latencies.atPercentile(99),
});
