import { crc32 } from "node:zlib";

/** Of a picture of 48 × 48 pixels. */
export const pictureSize = 48;

/** A small shop to look at through the inspector: its answers are of every kind there is. */
export class ShopOrigin implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Requests as they arrived, newest last; bodies as text. */
  readonly seen: { method: string; url: string; headers: Headers; body: string }[] = [];
  #visits = 0;

  private constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#serve(request),
    );
  }

  static start(): ShopOrigin {
    return new ShopOrigin();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return chat(request);
    const body = await request.text();
    const { method, headers, url } = request;
    this.seen.push({ method, headers, url: url.slice(new URL(url).origin.length), body });
    switch (pathname) {
      case "/api/orders":
        return method === "POST"
          ? Response.json({ id: 1042, state: "accepted" }, { status: 201 })
          : Response.json(orders);
      case "/api/visits":
        return Response.json({ page: "start", visits: ++this.#visits, unit: "visits" });
      case "/picture.png":
        return new Response(await picture(), { headers: { "content-type": "image/png" } });
      case "/api/stock":
        return new Response("the stock keeper is out\n", { status: 500 });
      case "/mirror":
        return new Response(body, { headers: mirrored(headers) });
      case "/":
        return new Response("<!doctype html>\n<title>Tea</title>\n<h1>Tea and cups</h1>\n", {
          headers: { "content-type": "text/html; charset=utf-8" },
        });
      default:
        return new Response("there is no such page\n", { status: 404 });
    }
  }
}

const orders = {
  orders: [
    { id: 1040, customer: { name: "Ada", vip: true }, items: ["Assam", "cup"], total: 24.5 },
    { id: 1041, customer: { name: "Grace", vip: false }, items: ["Darjeeling"], total: 12.0 },
  ],
  page: 1,
  next: null,
};

/** The type and the `x-` headers of a request, as those of its answer. */
function mirrored(headers: Headers): Headers {
  const answer = new Headers({ "content-type": headers.get("content-type") ?? "text/plain" });
  for (const [name, value] of headers) {
    if (name.startsWith("x-") && !name.startsWith("x-forwarded-")) answer.set(name, value);
  }
  return answer;
}

/** Answers each message with itself. */
function chat(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

/** A picture as PNG (ISO 15948): a gradient. */
async function picture(): Promise<Uint8Array<ArrayBuffer>> {
  const rows = new Uint8Array(pictureSize * (1 + pictureSize * 3));
  for (let y = 0; y < pictureSize; y++) {
    for (let x = 0; x < pictureSize; x++) {
      rows.set([60 + x * 3, 90 + y * 2, 200], y * (1 + pictureSize * 3) + 1 + x * 3);
    }
  }
  const packed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate")));
  const head = new Uint8Array(13);
  new DataView(head.buffer).setUint32(0, pictureSize);
  new DataView(head.buffer).setUint32(4, pictureSize);
  head.set([8, 2, 0, 0, 0], 8);
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", head),
    chunk("IDAT", new Uint8Array(await packed.arrayBuffer())),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = joined([new TextEncoder().encode(type), data]);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  const check = new Uint8Array(4);
  new DataView(check.buffer).setUint32(0, crc32(named));
  return joined([length, named, check]);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
