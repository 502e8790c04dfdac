/**
 * The origin that every way of the benchmark ends at: `Deno.serve` and `Deno.upgradeWebSocket`. Run as a
 * program it prints where it listens.
 */
import { bodyPattern } from "./load/body_pattern.ts";

const page = bodyPattern.slice(0, 16 * 1024);

/** The path and query of a request. A `URL` object would cost more than the rest of the answer. */
function targetOf(request: Request): string {
  return request.url.slice(request.url.indexOf("/", "http://".length));
}

function download(bytes: number): Response {
  let left = bytes;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const count = Math.min(left, bodyPattern.length);
      controller.enqueue(count === bodyPattern.length ? bodyPattern : bodyPattern.subarray(0, count));
      left -= count;
      if (left === 0) controller.close();
    },
  });
  return new Response(body, { headers: { "content-length": String(bytes) } });
}

async function countBody(request: Request): Promise<Response> {
  let received = 0;
  for await (const bytes of request.body ?? []) received += bytes.length;
  return new Response(String(received));
}

function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => socket.send(event.data);
  return response;
}

function answer(request: Request): Response | Promise<Response> {
  const target = targetOf(request);
  if (target === "/hello") return new Response("hello");
  if (target === "/16k") return new Response(page);
  if (target === "/echo") return echo(request);
  if (target === "/count") return countBody(request);
  if (target.startsWith("/bytes/")) return download(Number(target.slice("/bytes/".length)));
  return new Response("not here", { status: 404 });
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => {
    // deno-lint-ignore no-console -- a program's own output
    console.log(`origin on http://127.0.0.1:${port}`);
  },
}, answer);
