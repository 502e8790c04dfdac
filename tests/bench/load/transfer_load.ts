/**
 * Load for large bodies: downloads or uploads them over raw sockets and checks what comes. A program: takes a
 * {@link TransferLoad} as JSON, prints a `Sample` in MiB.
 */
import { dial } from "../../../lib/net/mod.ts";
import { bodyByte, bodyPattern } from "./body_pattern.ts";
import { printSample } from "./sample.ts";

export interface TransferLoad {
  port: number;
  direction: "download" | "upload";
  streams: number;
  /** Of each stream. */
  bytes: number;
}

const mebibyte = 1024 * 1024;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

async function download(conn: Deno.Conn, load: TransferLoad): Promise<void> {
  const { port, bytes } = load;
  await writeAll(conn, encoder.encode(`GET /bytes/${bytes} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
  let received = 0;
  await readBody(conn, (piece) => {
    const last = piece.length - 1;
    if (piece[0] !== bodyByte(received) || piece[last] !== bodyByte(received + last)) {
      throw new Error(`a download has wrong bytes near offset ${received}`);
    }
    received += piece.length;
  });
  if (received !== bytes) throw new Error(`a download ended after ${received} of ${bytes} bytes`);
}

async function upload(conn: Deno.Conn, load: TransferLoad): Promise<void> {
  const { port, bytes } = load;
  const head = `POST /count HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${bytes}\r\n\r\n`;
  await writeAll(conn, encoder.encode(head));
  for (let sent = 0; sent < bytes; sent += bodyPattern.length) {
    await writeAll(conn, bodyPattern.subarray(0, Math.min(bodyPattern.length, bytes - sent)));
  }
  let answer = "";
  await readBody(conn, (piece) => answer += latin1.decode(piece));
  if (Number(answer) !== bytes) throw new Error(`the origin counted ${answer} bytes of ${bytes}`);
}

/** Reads an answer with a length and hands out its body piece by piece. */
async function readBody(conn: Deno.Conn, take: (piece: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  let filled = 0;
  let headEnd = -1;
  while (headEnd === -1) {
    const count = await conn.read(buffer.subarray(filled));
    if (count === null) throw new Error("the connection ended before an answer");
    filled += count;
    headEnd = latin1.decode(buffer.subarray(0, filled)).indexOf("\r\n\r\n");
  }
  const head = latin1.decode(buffer.subarray(0, headEnd + 2));
  const length = /^content-length: *(\d+)\r$/im.exec(head);
  if (!/^HTTP\/1\.1 200 /.test(head) || length === null) {
    throw new Error(`an answer of another kind:\n${head}`);
  }
  let left = Number(length[1]);
  const bodyStart = headEnd + 4;
  if (filled > bodyStart) {
    take(buffer.subarray(bodyStart, filled));
    left -= filled - bodyStart;
  }
  while (left > 0) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`the connection ended ${left} bytes too early`);
    take(buffer.subarray(0, count));
    left -= count;
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

const load: TransferLoad = JSON.parse(Deno.args[0]);
const { port, streams } = load;
const conns = await Promise.all(
  Array.from({ length: streams }, () => dial({ hostname: "127.0.0.1", port, tls: false })),
);
const startMs = performance.now();
await Promise.all(
  conns.map((conn) => load.direction === "download" ? download(conn, load) : upload(conn, load)),
);
const seconds = (performance.now() - startMs) / 1000;
for (const conn of conns) conn.close();
printSample({ operations: load.bytes * streams / mebibyte, seconds, p50Ms: null, p99Ms: null });
