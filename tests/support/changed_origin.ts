/**
 * An origin for replays: its answers follow from the request alone, but for dates and ids. Started with the word
 * `changed` it answers otherwise, once in every way that there is.
 */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import http from "node:http";
import { gzipSync } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";

const changed = Deno.args.includes("changed");

const items = [
  { id: 1, name: "paper", price: 2.5 },
  { id: 2, name: "ink", price: 7 },
  { id: 3, name: changed ? "pencil" : "pen", price: 1 },
];
const picture = Buffer.alloc(5000, 7);
if (changed) picture[4321] = 8;
const poem = ["roses", changed ? "are blue" : "are red", "violets", ""].join("\n");

type Route = (request: http.IncomingMessage, response: http.ServerResponse, body: Buffer) => void;

function json(response: http.ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

/** Requests that were counted. */
let count = 0;
/** Those that wait for each other. */
let together: http.ServerResponse[] = [];

const routes: Record<string, Route> = {
  "/items": (_request, response) => json(response, { items }),
  // Members in another order, other white space: the same document.
  "/order": (_request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.shop+json" });
    response.end(changed ? '{"b": [1.0, 2], "a": "\\u0041"}' : '{"a":"A","b":[1,2]}');
  },
  "/poem": (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(poem);
  },
  "/picture": (_request, response) => {
    response.writeHead(200, { "content-type": "image/png", "cache-control": "max-age=60" });
    response.end(picture);
  },
  // The same content at another level of compression: other bytes, nothing else.
  "/packed": (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(gzipSync(JSON.stringify(Array(500).fill(items[0])), { level: changed ? 1 : 9 }));
  },
  "/moved": (_request, response) => {
    response.writeHead(302, { location: changed ? "/new" : "/elsewhere" });
    response.end();
  },
  "/stable": (_request, response) => {
    response.writeHead(200, { "x-request-id": randomUUID(), etag: `"${randomUUID()}"` });
    response.end("stable");
  },
  "/broken": (_request, response) => {
    response.writeHead(changed ? 500 : 200, { "content-type": "text/plain" });
    response.end("body");
  },
  "/sums": (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain", trailer: "x-sum" });
    response.write("to be summed");
    response.addTrailers({ "x-sum": changed ? "43" : "42" });
    response.end();
  },
  // Its answers tell in which order requests came.
  "/count": (request, response) => json(response, { method: request.method, count: ++count }),
  // Answers when three are there at once, and not before.
  "/together": (_request, response) => {
    together.push(response);
    if (together.length < 3) return;
    for (const waiting of together) waiting.end("together");
    together = [];
  },
  // What was received, so that a replay can be held to what the recorded request was, byte for byte.
  "/mirror": (request, response, body) =>
    json(response, {
      method: request.method,
      url: request.url,
      headers: request.rawHeaders,
      trailers: request.rawTrailers,
      body: body.toString("base64"),
    }),
  // Sends without an end.
  "/ticks": (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let count = 0;
    const timer = setInterval(() => response.write(`data: ${++count}\n\n`), 20);
    response.on("close", () => clearInterval(timer));
  },
  "/hangs-up": (_request, response) => {
    if (changed) return response.socket?.destroy();
    response.end("still here");
  },
};

const server = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const route = routes[new URL(request.url ?? "/", "http://shop").pathname];
    if (route !== undefined) return route(request, response, Buffer.concat(parts));
    response.writeHead(404);
    response.end();
  });
});

/** What becomes of a WebSocket, by its path. */
const conversations: Record<string, (socket: WebSocket) => void> = {
  "/chat": (socket) => {
    socket.send("welcome");
    socket.on("message", (data: Buffer, binary: boolean) => {
      if (binary) return socket.send(data, { binary: true });
      const said = data.toString();
      if (said === "bye") return socket.close(changed ? 4002 : 4001, "so long");
      const answer = { heard: said, loud: said.toUpperCase() };
      if (changed && said === "two") answer.loud = "¡TWO!";
      socket.send(JSON.stringify(answer));
    });
  },
  "/news": (socket) => {
    socket.send("first");
    if (changed) socket.send("extra");
    socket.send("last");
    socket.close(4321, "over");
  },
  "/falls-silent": (socket) => {
    if (!changed) socket.on("message", (data: Buffer) => socket.send(data.toString()));
  },
  "/ticker": (socket) => {
    let ticks = 0;
    const timer = setInterval(() => socket.send(`tick ${++ticks}`), 30);
    socket.on("close", () => clearInterval(timer));
  },
  "/dies": (socket) => socket.send("last words", () => socket.terminate()),
};

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered: Set<string>) => [...offered].at(changed ? 0 : -1) ?? false,
});
server.on("upgrade", (request, socket, head) => {
  const converse = conversations[request.url ?? ""];
  if (converse !== undefined) return sockets.handleUpgrade(request, socket, head, converse);
  socket.end("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno");
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  Deno.stdout.writeSync(new TextEncoder().encode(`origin on http://127.0.0.1:${port}\n`));
});
