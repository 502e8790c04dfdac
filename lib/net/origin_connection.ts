import {
  BodyDecoder,
  type BodySink,
  findHeadEnd,
  Http1Error,
  keepsAlive,
  maxHeadBytes,
  parseResponseHead,
  type RawHeaders,
  responseFraming,
  type ResponseHead,
} from "../http1/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { ByteSocket } from "./byte_socket.ts";
import { concatBytes } from "./bytes.ts";

/** Who a response is for. Of `responseEnd`, `wholeResponse`, `upgraded` and `failed` exactly one is called, and nothing after it. */
export interface OriginExchange extends BodySink {
  /** The final response's head; interim ones (1xx) are not passed on. */
  responseHead(head: ResponseHead): void;
  responseEnd(trailers: RawHeaders): void;
  /**
   * A final response that was complete with the read that completed its head: head, body and end in one, where the exchange
   * has this.
   *
   * @param bytes valid during the call alone; the body is all from `bodyAt` on
   */
  wholeResponse?(head: ResponseHead, bytes: Uint8Array, bodyAt: number): void;
  /** What was read so far is all there is for now: the response goes on with the next read. */
  readEnd?(): void;
  /** The origin switched protocols: the socket is the exchange's now. `early` was read behind the head. */
  upgraded(head: ResponseHead, socket: ByteSocket, early: Uint8Array): void;
  /** @param begun whether any byte of the response had come */
  failed(error: Error, begun: boolean): void;
  /** The write queue fell below its low-water mark. */
  drained(): void;
}

const nothing = new Uint8Array(0);

/**
 * One HTTP/1.1 connection to the origin, kept alive over many exchanges, one at a time (never pipelined).
 * Reading never stops while it is idle, so that an origin that closes it is noticed before it is used again.
 */
export class OriginConnection {
  readonly socket: ByteSocket;
  readonly #onIdle: (connection: OriginConnection) => void;
  readonly #onClosed: (connection: OriginConnection) => void;
  #exchange: OriginExchange | null = null;
  #method = "";
  #decoder: BodyDecoder | null = null;
  #pending: Uint8Array = nothing;
  #begun = false;
  #reusable = false;
  /** Exchanges begun so far: a failure on the first is not a stale connection. */
  exchanges = 0;
  /** Until when an idle connection may be used, on the pool's clock, milliseconds. */
  usableUntilMs = Infinity;
  /** Idle time the origin asked for (`Keep-Alive: timeout`), milliseconds, or `null`. */
  keepAliveMs: number | null = null;

  constructor(
    conn: Deno.Conn,
    events: { idle: (connection: OriginConnection) => void; closed: (connection: OriginConnection) => void },
  ) {
    this.#onIdle = events.idle;
    this.#onClosed = events.closed;
    this.socket = new ByteSocket(conn, this);
    keepWarm(this);
  }

  /** Takes the connection for one exchange; its request is written to {@link socket} by the caller. */
  begin(exchange: OriginExchange, method: string): void {
    this.#exchange = exchange;
    this.#method = method;
    this.#begun = false;
    this.#decoder = null;
    this.exchanges++;
    if (this.exchanges === 1) this.socket.start();
  }

  /** Gives the exchange up: the connection is in the middle of something and cannot be used again. */
  abort(): void {
    this.#exchange = null;
    this.socket.destroy(null);
  }

  // ── ByteSocketHandler ──

  data(bytes: Uint8Array): void {
    if (this.#exchange === null) {
      // An idle origin has nothing to say; what it says would be taken for the next response.
      this.socket.destroy(new Http1Error(502, "the origin sent bytes that belong to no request"));
      return;
    }
    this.#begun = true;
    try {
      if (this.#decoder !== null) this.#readBody(bytes, 0);
      else this.#readHead(bytes);
      this.#exchange?.readEnd?.();
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#fail(error);
    }
  }

  drained(): void {
    this.#exchange?.drained();
  }

  ended(): void {
    const decoder = this.#decoder;
    if (this.#exchange !== null && decoder !== null) {
      try {
        decoder.finish();
        this.#reusable = false;
        this.#complete(decoder.trailers);
        return;
      } catch (error) {
        if (!(error instanceof Http1Error)) throw error;
        this.#fail(error);
        return;
      }
    }
    this.#fail(new Error(`the origin closed the connection ${this.#endsAfter()}`));
  }

  closed(error: Error | null): void {
    this.#onClosed(this);
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.failed(error ?? new Error("the connection to the origin was closed"), this.#begun);
  }

  // ── private ──

  #readHead(bytes: Uint8Array): void {
    let buffer = this.#pending.length === 0 ? bytes : concatBytes(this.#pending, bytes);
    const owned = buffer !== bytes;
    this.#pending = nothing;
    while (true) {
      const end = findHeadEnd(buffer, 0, buffer.length);
      if (end === -1) {
        if (buffer.length > maxHeadBytes) {
          throw new Http1Error(502, `the origin's response head is larger than ${maxHeadBytes} bytes`);
        }
        this.#pending = owned ? buffer : buffer.slice();
        return;
      }
      const head = parseResponseHead(buffer, 0, end);
      if (head.status === 101) return this.#upgrade(head, buffer.subarray(end));
      if (head.status >= 200) return this.#begin(head, buffer, end);
      buffer = buffer.subarray(end);
      if (buffer.length === 0) return;
    }
  }

  #begin(head: ResponseHead, buffer: Uint8Array, end: number): void {
    const framing = responseFraming(head, this.#method);
    this.#reusable = keepsAlive(head) && framing.kind !== "until-close";
    this.keepAliveMs = keepAliveTimeout(head.headers);
    const exchange = this.#exchange!;
    const bodyBytes = framing.kind === "none" ? 0 : framing.kind === "length" ? framing.bytes : -1;
    if (buffer.length - end === bodyBytes && exchange.wholeResponse !== undefined) {
      this.#exchange = null;
      exchange.wholeResponse(head, buffer, end);
      this.#goIdle();
      return;
    }
    exchange.responseHead(head);
    // The exchange may have given up within that call.
    if (this.#exchange === null) return;
    this.#decoder = new BodyDecoder(framing);
    this.#readBody(buffer, end);
  }

  #readBody(buffer: Uint8Array, from: number): void {
    const decoder = this.#decoder!;
    const exchange = this.#exchange!;
    if (from < buffer.length) {
      const next = decoder.decode(buffer, from, buffer.length, exchange);
      if (next < buffer.length) this.#reusable = false;
    }
    if (decoder.done && this.#exchange !== null) this.#complete(decoder.trailers);
  }

  #complete(trailers: RawHeaders): void {
    const exchange = this.#exchange!;
    this.#exchange = null;
    this.#decoder = null;
    exchange.responseEnd(trailers);
    this.#goIdle();
  }

  /** The exchange is over. */
  #goIdle(): void {
    if (this.socket.closed) return;
    // Behind what an origin that has answered does not read, the next request would wait for ever.
    if (!this.#reusable || this.socket.bufferedBytes > 0) {
      this.socket.destroy(null);
      return;
    }
    this.socket.resume();
    this.#onIdle(this);
  }

  #upgrade(head: ResponseHead, rest: Uint8Array): void {
    const exchange = this.#exchange!;
    this.#exchange = null;
    this.#onClosed(this);
    exchange.upgraded(head, this.socket, rest.slice());
  }

  #endsAfter(): string {
    if (!this.#begun) return "without an answer";
    const { length } = this.#pending;
    return length === 0
      ? "behind an interim response, without a final one"
      : `after ${length} ${length === 1 ? "byte" : "bytes"} that are not the whole head of an HTTP response`;
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.socket.destroy(null);
    exchange?.failed(error, this.#begun);
  }
}

/** `timeout` of a `Keep-Alive` field, milliseconds, or `null`. */
function keepAliveTimeout(headers: RawHeaders): number | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].length !== 10 || headers[i].toLowerCase() !== "keep-alive") continue;
    const match = /timeout=(\d{1,6})/.exec(headers[i + 1]);
    if (match !== null) return Number(match[1]) * 1000;
  }
  return null;
}
