// An origin server in plain Node, with nothing but its standard library: what a user of the tunnel runs.
// It prints what it was sent, so that tests can compare byte for byte.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import http from "node:http";
import process from "node:process";

const chunk = Buffer.alloc(64 * 1024);
for (let i = 0; i < chunk.length; i++) chunk[i] = (i * 31 + (i >> 8)) & 0xff;

/** What tests ask this origin about a request that never got an answer: it arrived, its connection closed. */
class Watched {
  arrived = new Promise((resolve) => this.arrive = resolve);
  closed = new Promise((resolve) => this.close = resolve);
}

const watched = new Map();

function watch(id) {
  if (!watched.has(id)) watched.set(id, new Watched());
  return watched.get(id);
}

/** Event streams that wait for the next event to be asked for. */
const stepped = new Map();

/** Sockets that are closed instead of answered when their next request comes. */
const worn = new WeakSet();

/** Sends `bytes` bytes of a known pattern, no faster than they are taken. */
function sendBytes(response, bytes) {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const piece = left >= chunk.length ? chunk : chunk.subarray(0, left);
      left -= piece.length;
      if (!response.write(piece)) return response.once("drain", more);
    }
    response.end();
  };
  more();
}

const routes = {
  "/echo"(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({
        method: request.method,
        url: request.url,
        httpVersion: request.httpVersion,
        rawHeaders: request.rawHeaders,
        trailers: request.rawTrailers,
        length: body.length,
        sha256: createHash("sha256").update(body).digest("hex"),
      }));
    });
  },
  "/mirror"(request, response) {
    response.writeHead(200, {
      "content-type": request.headers["content-type"] ?? "application/octet-stream",
    });
    request.pipe(response);
  },
  "/hash"(request, response) {
    const hash = createHash("sha256");
    let length = 0;
    request.on("data", (part) => {
      hash.update(part);
      length += part.length;
    });
    request.on("end", () => response.end(JSON.stringify({ length, sha256: hash.digest("hex") })));
  },
  "/bytes"(_request, response, query) {
    const bytes = Number(query.get("n"));
    const headers = query.has("chunked") ? {} : { "content-length": bytes };
    response.writeHead(200, { "content-type": "application/octet-stream", ...headers });
    sendBytes(response, bytes);
  },
  "/status"(_request, response, query) {
    response.writeHead(Number(query.get("code")), query.get("reason") ?? undefined, {
      "x-made-by": "origin",
    });
    response.end();
  },
  "/cookies"(_request, response) {
    response.setHeader("set-cookie", ["a=1; Path=/", "b=2; HttpOnly"]);
    response.setHeader("x-latin", "caf\u00e9");
    // Before a string Node would write the head in the string's encoding, before bytes it writes Latin-1.
    response.end(Buffer.from("ok"));
  },
  "/large-head"(_request, response, query) {
    for (let i = 0; i < Number(query.get("fields")); i++) {
      response.setHeader(`x-field-${i}`, "v".repeat(1000));
    }
    response.end("ok");
  },
  "/hop"(_request, response) {
    response.setHeader("connection", "x-hop, keep-alive");
    response.setHeader("x-hop", "1");
    response.setHeader("x-end", "2");
    response.end("ok");
  },
  "/trailers"(_request, response) {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "42" });
    response.end();
  },
  "/events"(request, response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let count = 0;
    const send = () => response.write(`data: ${++count} ${Date.now()}\n\n`);
    send();
    const timer = setInterval(send, 100);
    request.on("close", () => clearInterval(timer));
  },
  "/slow"(_request, response, query) {
    setTimeout(() => response.end("slow"), Number(query.get("ms")));
  },
  /** Never answers; `/held` and `/gone` tell when it came and when its connection closed. */
  "/hold"(request, response, query) {
    const hold = watch(query.get("id"));
    hold.arrive();
    response.on("close", () => hold.close());
    if (query.has("begin")) response.writeHead(200).write("begun");
    if (!query.has("unread")) request.resume();
  },
  "/held"(_request, response, query) {
    watch(query.get("id")).arrived.then(() => response.end("held"));
  },
  "/gone"(_request, response, query) {
    watch(query.get("id")).closed.then(() => response.end("gone"));
  },
  /** Writes its first event at once and each further one only when `/step` asks for it, until `/finish` does. */
  "/stepped"(_request, response, query) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let count = 0;
    const step = () => response.write(`data: event ${++count}\n\n`);
    stepped.set(query.get("id"), { step, finish: () => response.end() });
    step();
  },
  "/step"(_request, response, query) {
    stepped.get(query.get("id")).step();
    response.end("stepped");
  },
  "/finish"(_request, response, query) {
    stepped.get(query.get("id")).finish();
    response.end("finished");
  },
  /** Answers, but closes the kept connection unanswered when the next request comes over it. */
  "/wear"(request, response) {
    worn.add(request.socket);
    response.end("ok");
  },
  "/name"(_request, response) {
    response.end(process.env.ORIGIN_NAME ?? "origin");
  },
  "/port"(request, response) {
    response.end(String(request.socket.remotePort));
  },
  "/die"(request, response, query) {
    const headers = query.has("length") ? { "content-length": 100_000 } : {};
    response.writeHead(200, headers);
    response.write("the beginning", () => setTimeout(() => request.socket.destroy(), 50));
  },
  "/reject"(_request, response) {
    response.writeHead(413, { "content-type": "text/plain", connection: "close" });
    response.end("too large");
  },
  "/early-hints"(_request, response) {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("hinted");
  },
};

const server = http.createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
  if (worn.has(request.socket)) return request.socket.destroy();
  const { pathname, searchParams } = new URL(request.url, "http://origin");
  const route = routes[pathname.replace(/^\/+/, "/")] ?? routes["/echo"];
  route(request, response, searchParams);
});
server.keepAliveTimeout = Number(process.argv[2] ?? 5_000);
// deno-lint-ignore no-console -- a program's own output
server.listen(0, "127.0.0.1", () => console.log(`origin on http://127.0.0.1:${server.address().port}`));
