// An origin server in plain Node, with nothing but its standard library: what a user of the tunnel runs.
// It prints what it was sent, so that tests can compare byte for byte.
import { createHash } from "node:crypto";
import http from "node:http";

const chunk = Buffer.alloc(64 * 1024);
for (let i = 0; i < chunk.length; i++) chunk[i] = (i * 31 + (i >> 8)) & 0xff;

const aborted = new Map();

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
  "/bytes"(request, response, query) {
    const bytes = Number(query.get("n"));
    const headers = query.has("chunked") ? {} : { "content-length": bytes };
    response.writeHead(200, { "content-type": "application/octet-stream", ...headers });
    sendBytes(response, bytes);
  },
  "/status"(request, response, query) {
    response.writeHead(Number(query.get("code")), query.get("reason") ?? undefined, {
      "x-made-by": "origin",
    });
    response.end();
  },
  "/cookies"(request, response) {
    response.setHeader("set-cookie", ["a=1; Path=/", "b=2; HttpOnly"]);
    response.setHeader("x-latin", Buffer.from("caf\u00e9", "latin1").toString("latin1"));
    response.end("ok");
  },
  "/hop"(request, response) {
    response.setHeader("connection", "x-hop, keep-alive");
    response.setHeader("x-hop", "1");
    response.setHeader("x-end", "2");
    response.end("ok");
  },
  "/trailers"(request, response) {
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
  "/slow"(request, response, query) {
    setTimeout(() => response.end("slow"), Number(query.get("ms")));
  },
  "/hold"(request, response, query) {
    const id = query.get("id");
    aborted.set(id, false);
    response.on("close", () => aborted.set(id, !response.writableFinished));
  },
  "/aborted"(request, response, query) {
    response.end(JSON.stringify({ aborted: aborted.get(query.get("id")) ?? null }));
  },
  "/die"(request, response, query) {
    const headers = query.has("length") ? { "content-length": 100_000 } : {};
    response.writeHead(200, headers);
    response.write("the beginning", () => setTimeout(() => request.socket.destroy(), 50));
  },
  "/reject"(request, response) {
    response.writeHead(413, { "content-type": "text/plain", connection: "close" });
    response.end("too large");
  },
  "/early-hints"(request, response) {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("hinted");
  },
};

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://origin");
  const route = routes[pathname.replace(/^\/+/, "/")] ?? routes["/echo"];
  route(request, response, searchParams);
});
server.keepAliveTimeout = Number(process.argv[2] ?? 5_000);
server.listen(0, "127.0.0.1", () => console.log(`origin on http://127.0.0.1:${server.address().port}`));
