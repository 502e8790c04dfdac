/**
 * Load for WebSocket rows: sends masked binary messages and counts their echoes. A program: takes a
 * {@link WebSocketLoad} as JSON, prints a `Sample`.
 */
import { encodeFrame, FrameParser, opcodes } from "../../../lib/websocket/mod.ts";
import { Latencies } from "./latencies.ts";
import { printSample } from "./sample.ts";
import { type OpenSocket, openSockets } from "./ws_client.ts";

export interface WebSocketLoad {
  port: number;
  path: string;
  /** Connections that send. */
  connections: number;
  /** Connections are spread over runners named r0, r1, …; 0 leaves the runner to the gateway. */
  runners: number;
  /** Messages under way on each connection. */
  inFlight: number;
  messageBytes: number;
  seconds: number;
}

/** Long enough for all connections to be in step before anything is counted, milliseconds. */
const settleMs = 200;

let countFromMs = Infinity;
let stopAtMs = Infinity;
let echoed = 0;
const latencies = new Latencies();

/**
 * Keeps `inFlight` messages under way. All messages are the same, so their frames are made once and those that one
 * read calls for are sent by one write: a generator must cost less than what it loads.
 */
async function exchange(socket: OpenSocket, load: WebSocketLoad): Promise<void> {
  const { conn } = socket;
  const { inFlight, messageBytes } = load;
  const frame = encodeFrame(opcodes.binary, true, new Uint8Array(messageBytes).fill(0x55), true);
  const frames = new Uint8Array(frame.length * inFlight);
  for (let i = 0; i < inFlight; i++) frames.set(frame, i * frame.length);

  let whole = 0;
  let received = 0;
  const parser = new FrameParser({ expectMasked: false }, {
    part(binary, bytes, final) {
      received += bytes.length;
      if (!final) return;
      if (!binary || received !== messageBytes || bytes[bytes.length - 1] !== 0x55) {
        throw new Error(`an echo of ${received} bytes, expected ${messageBytes}`);
      }
      received = 0;
      whole++;
    },
    ping: (bytes) => void writeAll(conn, encodeFrame(opcodes.pong, true, bytes, true)),
    pong: () => {},
    close: (code, reason) => {
      throw new Error(`a WebSocket was closed with ${code} "${reason}"`);
    },
  });

  // Echoes come in order, so a ring of send times is enough.
  const sentMs = new Float64Array(inFlight).fill(performance.now());
  let oldest = 0;
  const buffer = new Uint8Array(64 * 1024);
  await writeAll(conn, frames);
  while (true) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("a WebSocket ended without a close frame");
    parser.push(buffer.subarray(0, count));
    if (whole === 0) continue;
    const nowMs = performance.now();
    if (nowMs >= stopAtMs) return;
    for (let i = 0; i < whole; i++) {
      if (nowMs >= countFromMs) {
        latencies.record(nowMs - sentMs[oldest]);
        echoed++;
      }
      sentMs[oldest] = nowMs;
      oldest = oldest + 1 === inFlight ? 0 : oldest + 1;
    }
    await writeAll(conn, frames.subarray(0, whole * frame.length));
    whole = 0;
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

const load: WebSocketLoad = JSON.parse(Deno.args[0]);
const { port, path, runners } = load;
const sockets = await openSockets(load.connections, (index) => ({
  port,
  path,
  runner: runners === 0 ? undefined : `r${index % runners}`,
}));
countFromMs = performance.now() + settleMs;
stopAtMs = countFromMs + load.seconds * 1000;
await Promise.all(sockets.map((socket) => exchange(socket, load)));
printSample({
  operations: echoed,
  seconds: load.seconds,
  p50Ms: latencies.atPercentile(50),
  p99Ms: latencies.atPercentile(99),
});
// Ends the sockets too: most of them wait for echoes of what was sent last.
Deno.exit(0);
