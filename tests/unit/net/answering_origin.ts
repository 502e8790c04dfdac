import { encodeRequestHead, type RawHeaders, type ResponseHead } from "../../../lib/http1/mod.ts";
import { endpointOf, type OriginConnection, type OriginExchange, OriginPool } from "../../../lib/net/mod.ts";
import { eventually } from "../../support/stack.ts";

const latin1 = new TextDecoder("latin1");

/** Keeps a list of what it is told. */
export class RecordedExchange implements OriginExchange {
  /** One line a call. */
  readonly calls: string[] = [];
  wholeResponse?: (head: ResponseHead, bytes: Uint8Array, bodyAt: number) => void;
  readonly #over = Promise.withResolvers<void>();

  /** @param whole whether responses that came whole are wanted in one */
  constructor({ whole = true } = {}) {
    if (!whole) return;
    this.wholeResponse = (head, bytes, bodyAt) =>
      this.#end(`whole ${head.status} ${head.reason}: ${latin1.decode(bytes.subarray(bodyAt))}`);
  }

  /** Until the exchange is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  responseHead(head: ResponseHead): void {
    this.calls.push(`head ${head.status} ${head.reason}`);
  }

  data(bytes: Uint8Array): void {
    this.calls.push(`data ${latin1.decode(bytes)}`);
  }

  readEnd(): void {
    this.calls.push("read");
  }

  responseEnd(trailers: RawHeaders): void {
    this.#end(["end", ...trailers].join(" "));
  }

  upgraded(): void {
    this.#end("upgraded");
  }

  failed(_error: Error, begun: boolean): void {
    this.#end(begun ? "failed in the middle" : "failed");
  }

  drained(): void {}

  #end(call: string): void {
    this.calls.push(call);
    this.#over.resolve();
  }
}

/** An origin that writes what a test tells it to, and a pool of connections to it. */
export class AnsweringOrigin implements Disposable {
  readonly pool: OriginPool;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** The origin's end of each connection. */
  readonly #peers = new Map<OriginConnection, Deno.Conn>();

  constructor() {
    const { port } = this.#listener.addr as Deno.NetAddr;
    const endpoint = endpointOf(new URL(`http://127.0.0.1:${port}`));
    this.pool = new OriginPool({ endpoint, connectTimeoutMs: 10_000 });
  }

  async connect(): Promise<OriginConnection> {
    const accepted = this.#listener.accept();
    const connection = await this.pool.connect(new AbortController().signal);
    this.#peers.set(connection, await accepted);
    return connection;
  }

  /**
   * One exchange over `connection`.
   *
   * @param body what follows the request's head, of which the origin reads no more than that
   * @param writes what the origin answers: each piece once the one before was read
   * @param close whether it closes the connection behind that
   */
  async answer(
    connection: OriginConnection,
    exchange: RecordedExchange,
    { method = "GET", body, writes, close = false }: {
      method?: string;
      body?: Uint8Array;
      writes: readonly string[];
      close?: boolean;
    },
  ): Promise<string[]> {
    const peer = this.#peers.get(connection)!;
    const { socket } = connection;
    connection.begin(exchange, method);
    socket.write(encodeRequestHead(method, "/", ["Host", "a"]));
    let asked = "";
    for (const buffer = new Uint8Array(1024); !asked.endsWith("\r\n\r\n");) {
      asked += latin1.decode(buffer.subarray(0, (await peer.read(buffer))!));
    }
    if (body !== undefined) socket.write(body);
    for (const text of writes) {
      const expected = socket.receivedBytes + text.length;
      await peer.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
      // What is behind the end of a response may not be read any more.
      await eventually(() => socket.closed || socket.receivedBytes === expected, (read) => read);
    }
    if (close) peer.close();
    await exchange.over;
    return exchange.calls;
  }

  /** Everything the origin still gets on `connection`, until that is closed. */
  async rest(connection: OriginConnection): Promise<string> {
    const peer = this.#peers.get(connection)!;
    let text = "";
    const buffer = new Uint8Array(1024);
    for (let count = await peer.read(buffer); count !== null; count = await peer.read(buffer)) {
      text += latin1.decode(buffer.subarray(0, count));
    }
    return text;
  }

  [Symbol.dispose](): void {
    this.pool.close();
    for (const peer of this.#peers.values()) {
      try {
        peer.close();
      } catch (error) {
        // A test may have closed it.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
    this.#listener.close();
  }
}
