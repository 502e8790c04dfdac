/**
 * A WebSocket origin on `npm:ws`, an implementation that has nothing in common with the tunnel's own. Run as a
 * program it prints where it listens.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { deaf, flood, floodedSoFar, hear } from "./ws_origin_flow.ts";

/** What a client asks for by its path. */
const paths: Record<string, (socket: WebSocket, request: IncomingMessage, query: URLSearchParams) => void> = {
  "/echo": (socket) => {
    socket.on("message", (data: RawData, binary: boolean) => socket.send(data, { binary }));
  },
  "/headers": (socket, request) => {
    socket.send(
      JSON.stringify({ url: request.url, rawHeaders: request.rawHeaders, protocol: socket.protocol }),
    );
  },
  "/count": (socket, _request, query) => {
    for (let i = 0; i < Number(query.get("n")); i++) socket.send(String(i));
  },
  "/big": (socket, _request, query) => socket.send(new Uint8Array(Number(query.get("n"))).fill(7)),
  "/close": (socket, _request, query) => {
    const code = query.get("code");
    if (code === null) socket.close();
    else socket.close(Number(code), query.get("reason") ?? "");
  },
  "/die": (socket) => socket.terminate(),
  /** Sends `n` messages, a close frame if `code` says so, and a FIN at once: no closing handshake. */
  "/last-words": (socket, request, query) => {
    for (let i = 0; i < Number(query.get("n")); i++) socket.send(String(i));
    const code = query.get("code");
    if (code !== null) socket.close(Number(code));
    request.socket.end();
  },
  "/report-close": (socket) => {
    lastClose = null;
    heardOfLast = 0;
    socket.on("message", () => heardOfLast++);
    socket.on("close", (code: number, reason: Uint8Array) => {
      lastClose = { code, reason: new TextDecoder().decode(reason) };
    });
    socket.send("ready");
  },
  "/hash": (socket) => {
    socket.on("message", async (data: Uint8Array, binary: boolean) => {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(data)));
      socket.send(JSON.stringify({ binary, length: data.length, sha256: digest.toHex() }));
    });
  },
  /** Reads nothing until `GET /hear`: what is sent to it must wait with its sender. */
  "/deaf": (socket) => deaf(socket),
  "/flood": (socket, _request, query) =>
    flood(socket, { count: Number(query.get("n")), size: Number(query.get("size")) }),
  /** Pings, and tells its client what came back. */
  "/ping": (socket) => {
    socket.on("pong", (payload: Uint8Array) => socket.send(`pong ${new TextDecoder().decode(payload)}`));
    socket.ping("from the origin");
  },
};

let lastClose: { code: number; reason: string } | null = null;
/** Messages that came at `/report-close`, of the last WebSocket there. */
let heardOfLast = 0;

const http = createServer((request, response) => {
  if (request.url === "/last-close") response.end(JSON.stringify(lastClose));
  else if (request.url === "/last-heard") response.end(String(heardOfLast));
  else if (request.url === "/flooded") response.end(String(floodedSoFar()));
  else if (request.url === "/hear") {
    hear();
    response.end();
  } else response.end("plain");
});
const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: true,
  maxPayload: 64 * 1024 * 1024,
  handleProtocols: (offered: Set<string>) => offered.has("chat.v2") ? "chat.v2" : false,
});
http.on("upgrade", (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url!, "http://origin");
  if (pathname === "/refuse") {
    const body = "not for you";
    socket.end(
      `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nx-why: rule 7\r\ncontent-length: ${body.length}\r\n` +
        `set-cookie: s=1\r\n\r\n${body}`,
    );
    return;
  }
  const serve = paths[pathname] ?? paths["/echo"];
  server.handleUpgrade(request, socket, head, (client: WebSocket) => {
    // What its client does wrong ends this WebSocket, not the origin.
    client.on("error", () => {});
    serve(client, request, searchParams);
  });
});
http.listen(0, "127.0.0.1", () => {
  // deno-lint-ignore no-console -- a program's own output
  console.log(`origin on http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
