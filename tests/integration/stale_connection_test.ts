/** Requests over a connection that the origin kept, and may close when the next request comes. */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type RunningGateway, startGateway, startNodeOrigin, startRunner } from "../support/processes.ts";
import { rawRequest, type RawResponse, textOf } from "../support/raw_http.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** Answers the first request of each connection, keeps it after a GET, and closes when it has read so much of the next one. */
class Closing implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Of what comes after the first request of a connection, or all of that when there is less. */
  readsBytes = 1;
  /** What was sent that was not answered. */
  dropped = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(): Promise<Closing> {
    const origin = new Closing(createServer({ noDelay: true }));
    await new Promise<void>((resolve) => origin.#server.listen(0, "127.0.0.1", resolve));
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    let answered = false;
    let text = "";
    socket.on("data", (bytes) => {
      text += new TextDecoder("latin1").decode(bytes);
      if (answered && (text.length >= this.readsBytes || isWhole(text))) {
        this.dropped++;
        socket.destroy();
        return;
      }
      if (answered || !isWhole(text)) return;
      const body = text.slice(text.indexOf("\r\n\r\n") + 4);
      const close = text.startsWith("GET") ? "" : "Connection: close\r\n";
      socket.write(`HTTP/1.1 200 OK\r\n${close}Content-Length: ${body.length}\r\n\r\n${body}`);
      answered = true;
      text = "";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  if (/transfer-encoding: chunked/i.test(text)) return text.endsWith("0\r\n\r\n");
  return text.length - end - 4 === Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
}

function withBody(method: string, body: string): string {
  return `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** After a first request, so that the runner has kept a connection. */
async function overKept(gateway: RunningGateway, request: string): Promise<RawResponse> {
  assert.equal((await rawRequest(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
  return await rawRequest(gateway.port, request);
}

const small = "x".repeat(5_000);
const chunked =
  `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`;

for (const sockets of ["auto", "off"]) {
  Deno.test(`a request that may be repeated is sent again whole over another connection, native sockets ${sockets}`, async (t) => {
    await using origin = await Closing.start();
    await using gateway = await startGateway();
    await using _runner = await startRunner(gateway.wsUrl, origin.url, ["--native-sockets", sockets]);
    const repeated: Record<string, [request: string, body: RegExp]> = {
      "PUT": [withBody("PUT", small), new RegExp(`^${small}$`)],
      "DELETE": [withBody("DELETE", "why"), /^why$/],
      "PUT in chunks": [chunked, /abc[^]*defg[^]*0\r\n\r\n$/],
      "as large as is kept": [withBody("PUT", "y".repeat(65_536)), /^y{65536}$/],
    };
    for (const [what, [request, body]] of Object.entries(repeated)) {
      // At once, and when most of it has come.
      for (const readsBytes of [1, Math.floor(request.length / 2)]) {
        await t.step(`${what}, closed after ${readsBytes} bytes`, async () => {
          Object.assign(origin, { readsBytes, dropped: 0 });
          const response = await overKept(gateway, request);
          assert.equal(response.status, 200);
          assert.match(textOf(response), body);
          assert.equal(origin.dropped, 1);
        });
      }
    }
    const failed: Record<string, string> = {
      "POST": withBody("POST", "once"),
      "PATCH": withBody("PATCH", "once"),
      "larger than what is kept": withBody("PUT", "z".repeat(65_537)),
    };
    for (const [what, request] of Object.entries(failed)) {
      await t.step(`not ${what}: 502`, async () => {
        // All of it, which is more than the client sent: the runner adds fields.
        Object.assign(origin, { readsBytes: Infinity, dropped: 0 });
        assert.equal((await overKept(gateway, request)).status, 502);
        assert.equal(origin.dropped, 1);
      });
    }
  });
}

Deno.test("uploads in chunks of a byte over kept connections do not fill the runner's memory", async () => {
  const count = 20;
  const head = "PUT /hash HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const bytes = new TextEncoder().encode(head + "1\r\nx\r\n".repeat(60_000));
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  await using runner = await startRunner(gateway.wsUrl, origin.url);
  // All at once, so that as many connections are kept.
  const slow = Array.from({ length: count }, () => fetch(`${gateway.url}/slow?ms=1000`));
  for (const response of await Promise.all(slow)) await response.text();
  const before = runner.residentBytes();
  const clients: Deno.TcpConn[] = [];
  const upload = async () => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port: gateway.port });
    clients.push(client);
    for (let written = 0; written < bytes.length;) written += await client.write(bytes.subarray(written));
  };
  await Promise.all(Array.from({ length: count }, upload));
  await eventually(
    () => healthOf(gateway),
    ({ streams, bufferedBytes }) => streams === count && bufferedBytes === 0,
  );
  const grownBytes = runner.residentBytes() - before;
  for (const client of clients) client.close();
  // They are 1.2 MB. Kept a frame each, they would take hundreds of MiB.
  assert.ok(grownBytes < 100 * 1024 ** 2, `it took ${Math.round(grownBytes / 1024 ** 2)} MiB more`);
});
