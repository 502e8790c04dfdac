/**
 * A program that serves HTTP and WebSockets through a gateway without a port of its own: a greeting, a body that is
 * changed as it streams, a clock of server-sent events, and a chat room.
 *
 * usage: deno run --allow-net --allow-env examples/handler.ts --gateway-url ws://HOST:PORT [--token T] [--name NAME]
 */
import { parseArgs } from "node:util";
import { Runner, type TunnelSocket, type TunnelSocketHandlers } from "../lib/runner/mod.ts";

const { values: flags } = parseArgs({
  options: {
    "gateway-url": { type: "string", default: "ws://localhost:8080" },
    token: { type: "string", default: Deno.env.get("TUNNEL_TOKEN") ?? "" },
    name: { type: "string", default: "default" },
  },
});

function say(text: string): void {
  // deno-lint-ignore no-console -- a program's own output
  console.log(text);
}

/** Answers an HTTP request. What it throws becomes a plain 500. */
function serve(request: Request): Response {
  const { pathname } = new URL(request.url);
  switch (`${request.method} ${pathname}`) {
    case "GET /":
      return new Response("Hello from a program behind a tunnel.\n");
    case "POST /upper":
      return new Response(request.body?.pipeThrough(upperCase()) ?? null);
    case "GET /clock":
      return new Response(clock(request.signal), { headers: { "content-type": "text/event-stream" } });
    default:
      return new Response(`There is nothing at ${request.method} ${pathname}.\n`, { status: 404 });
  }
}

/** Turns ASCII letters into capitals, piece by piece: a body of any size passes in little memory. */
function upperCase(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(bytes, controller) {
      controller.enqueue(bytes.map((byte) => byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
    },
  });
}

/** An event now and another each second, until the client goes away. */
function clock(gone: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      const tick = () => controller.enqueue(encoder.encode(`data: ${new Date().toISOString()}\n\n`));
      tick();
      const timer = setInterval(tick, 1000);
      gone.addEventListener("abort", () => clearInterval(timer));
    },
  });
}

const room = new Set<TunnelSocket>();

/** Takes clients of `/chat` into a room where each message goes to everyone, and refuses all others. */
function chat(request: Request): TunnelSocketHandlers | Response {
  if (new URL(request.url).pathname !== "/chat") {
    return new Response("The room is at /chat.\n", { status: 404 });
  }
  return {
    open: (socket) => void room.add(socket),
    // Acknowledged when everyone has it: a program that dies before that is given the message again.
    message: async (_socket, data) => {
      await Promise.all([...room].map((other) => other.send(data)));
    },
    close: (socket) => void room.delete(socket),
  };
}

const runner = Runner.start({
  gatewayUrl: new URL(flags["gateway-url"]),
  token: flags.token,
  name: flags.name,
  handler: { fetch: serve, websocket: chat },
  onState: (state) => say(state.state === "connected" ? `connected to ${state.gateway}` : state.reason),
});
const signals = ["SIGINT", "SIGTERM"] as const;
const stop = () => {
  // Nothing else keeps the program alive then. It must not exit by itself where it exports spans and metrics (OTEL_DENO=true).
  for (const signal of signals) Deno.removeSignalListener(signal, stop);
  void runner.drain(10_000);
};
for (const signal of signals) Deno.addSignalListener(signal, stop);
await runner.finished;
