/**
 * An origin that keeps books, for tests that break what stands between it and its client: it counts and hashes
 * what it is sent, and stops in the middle of a response until told to go on. Run as a program it prints where it
 * listens: at the port that it is given, or any.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { Ledger, numbered, pattern } from "./ledger.ts";

/** Requests of one `id`: how often their head came, how much of their body. */
interface Visits {
  heads: number;
  bodyBytes: number;
}

const visits = new Map<string, Visits>();
const held = new Map<string, () => void>();
/** For each `id` of a WebSocket: what came over each of the connections it has had. */
const ledgers = new Map<string, Ledger[]>();
/** Numbers go down no faster than this. */
const defaultPaceMs = 20;

function visit(query: URLSearchParams): Visits {
  const id = query.get("id") ?? "";
  const entry = visits.get(id) ?? { heads: 0, bodyBytes: 0 };
  visits.set(id, entry);
  return entry;
}

/** Waits for `GET /release?id=…`. */
function release(query: URLSearchParams): Promise<void> {
  return new Promise((resolve) => held.set(query.get("id") ?? "", resolve));
}

async function writeAll(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += 65_536) {
    if (response.write(bytes.subarray(at, at + 65_536))) continue;
    await new Promise<void>((resolve) => {
      response.once("drain", resolve);
      response.once("close", resolve);
    });
  }
}

type Route = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => unknown;

const routes: Record<string, Route> = {
  /** Answers with length and hash of the request's body. */
  "/hash": async (request, response, query) => {
    const entry = visit(query);
    entry.heads++;
    const hash = createHash("sha256");
    let length = 0;
    for await (const bytes of request) {
      hash.update(bytes as Uint8Array);
      length += (bytes as Uint8Array).length;
      entry.bodyBytes = length;
    }
    response.end(JSON.stringify({ length, sha256: hash.digest("hex") }));
  },
  /** `n` bytes of the pattern; stops after `half` bytes until it is released. */
  "/bytes": async (_request, response, query) => {
    visit(query).heads++;
    const total = Number(query.get("n"));
    const half = Number(query.get("half") ?? total);
    response.writeHead(200, { "content-length": total });
    await writeAll(response, pattern(0, half));
    if (half < total) {
      await release(query);
      await writeAll(response, pattern(half, total));
    }
    response.end();
  },
  /** Sends no head until it is released. */
  "/held": async (request, response, query) => {
    visit(query).heads++;
    request.resume();
    await release(query);
    response.end("released");
  },
  "/release": (_request, response, query) => {
    const go = held.get(query.get("id") ?? "");
    held.delete(query.get("id") ?? "");
    go?.();
    response.end(String(go !== undefined));
  },
  "/visits": (_request, response, query) => response.end(JSON.stringify(visit(query))),
  "/ledger": (_request, response, query) =>
    response.end(JSON.stringify((ledgers.get(query.get("id") ?? "") ?? []).map((ledger) => ledger.report()))),
};

/**
 * A WebSocket of numbers: takes down those that come and sends its own, until the text `stop` comes; then answers
 * with what it took down and how many it sent.
 */
function serveNumbers(socket: WebSocket, query: URLSearchParams): void {
  const id = query.get("id") ?? "";
  const ledger = new Ledger();
  ledgers.set(id, [...ledgers.get(id) ?? [], ledger]);
  let sent = 0;
  const hash = createHash("sha256");
  const send = () => {
    const message = numbered(sent++, Number(query.get("seed") ?? 0));
    hash.update(message);
    socket.send(message);
  };
  const timer = query.has("quiet")
    ? undefined
    : setInterval(send, Number(query.get("pace") ?? defaultPaceMs));
  socket.on("message", (data: RawData, binary: boolean) => {
    if (binary) return ledger.add(data as Buffer);
    clearInterval(timer);
    socket.send(JSON.stringify({ ...ledger.report(), sent, sentSha256: hash.digest("hex") }));
  });
  socket.on("close", () => clearInterval(timer));
}

const http = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://origin");
  const route = routes[pathname];
  if (route === undefined) response.writeHead(404).end();
  else void route(request, response, searchParams);
});
// Idle connections go soon: what is open is then what is in use.
http.keepAliveTimeout = 1_000;
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
http.on("upgrade", (request, socket, head) => {
  const { searchParams } = new URL(request.url!, "http://origin");
  server.handleUpgrade(request, socket, head, (client: WebSocket) => {
    client.on("error", () => {});
    serveNumbers(client, searchParams);
  });
});
http.listen(Number(Deno.args[0] ?? 0), "127.0.0.1", () => {
  // deno-lint-ignore no-console -- a program's own output
  console.log(`origin on http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
