import { type CapturedExchange, StoreError } from "../../capture/mod.ts";
import {
  chunkEnd,
  EncodeError,
  type RawHeaders,
  type ResponseHead,
  writeChunkHeader,
  writeLastChunk,
  writeRequestHead,
} from "../../http1/mod.ts";
import type { ByteSocket, OriginConnection, OriginExchange } from "../../net/mod.ts";
import type { Answered } from "./answered.ts";
import { BodyKeeper } from "./body_keeper.ts";
import { recordedEnd } from "./recorded_end.ts";
import type { RequestFields } from "./request_fields.ts";
import { longestSilenceMs, type SendContext, targetOf } from "./send_context.ts";
import { Silence } from "./silence.ts";

/** Methods that may be sent again when a kept connection turns out to be closed (RFC 9110, 9.2.2). */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Sends a recorded request, byte for byte, and takes the answer.
 *
 * @throws {DialError} when the origin cannot be reached
 */
export async function sendHttp(
  exchange: CapturedExchange,
  fields: RequestFields,
  context: SendContext,
): Promise<Answered> {
  const { pool, signal } = context;
  if (idempotentMethods.has(exchange.method)) {
    const idle = pool.takeIdle();
    if (idle !== null) {
      const sending = new HttpSending(exchange, fields, context);
      const answered = await sending.on(idle);
      // A kept connection that the origin had just closed: the request never got there.
      if (!sending.stale || signal.aborted) return answered;
    }
  }
  const fresh = await pool.connect(signal);
  return await new HttpSending(exchange, fields, context).on(fresh);
}

/** One request on its way, and its answer. */
class HttpSending implements OriginExchange {
  readonly #exchange: CapturedExchange;
  readonly #fields: RequestFields;
  readonly #context: SendContext;
  readonly #keeper: BodyKeeper;
  readonly #done = Promise.withResolvers<Answered>();
  readonly #startedMs = performance.now();
  readonly #silence: Silence;
  readonly #stop = () => this.#end("it was interrupted");
  #connection: OriginConnection | null = null;
  #drained: (() => void) | null = null;
  #head: ResponseHead | null = null;
  #requestDone = false;
  keepsBytes = false;
  /** The connection was an old one, and ended before any answer. */
  stale = false;

  constructor(exchange: CapturedExchange, fields: RequestFields, context: SendContext) {
    this.#exchange = exchange;
    this.#fields = fields;
    this.#context = context;
    this.#keeper = new BodyKeeper(context.store);
    const allowedMs = context.timeoutMs + longestSilenceMs(exchange);
    const seconds = Number((allowedMs / 1000).toFixed(1));
    this.#silence = new Silence(allowedMs, () => this.#end(`nothing came for ${seconds} s`));
  }

  /** Sends it on this connection. */
  on(connection: OriginConnection): Promise<Answered> {
    this.#connection = connection;
    this.#context.signal.addEventListener("abort", this.#stop, { once: true });
    if (this.#context.signal.aborted) this.#stop();
    else this.#send(connection).catch((error) => this.#done.reject(error));
    return this.#done.promise;
  }

  // ── OriginExchange ──

  responseHead(head: ResponseHead): void {
    this.#silence.touch();
    this.#head = head;
    this.#endWhereRecorded();
  }

  data(bytes: Uint8Array): void {
    this.#silence.touch();
    this.#keeper.add(bytes);
    this.#endWhereRecorded();
  }

  responseEnd(trailers: RawHeaders): void {
    this.#keeper.body.trailers = trailers;
    // An origin that answers before it has the whole request does not want the rest of it.
    if (!this.#requestDone) this.#connection?.abort();
    this.#finish(null);
  }

  upgraded(_head: ResponseHead, socket: ByteSocket): void {
    socket.destroy(null);
    this.#finish("the origin switched protocols without being asked to");
  }

  failed(error: Error, begun: boolean): void {
    // A full disk here is not the origin's doing.
    if (error instanceof StoreError) this.#done.reject(error);
    this.stale = !begun && (this.#connection?.exchanges ?? 0) > 1;
    this.#finish(error.message);
  }

  drained(): void {
    this.#silence.touch();
    this.#drained?.();
  }

  // ── private ──

  async #send(connection: OriginConnection): Promise<void> {
    const { method } = this.#exchange;
    const { headers, chunked } = this.#fields;
    const { socket } = connection;
    connection.begin(this, method);
    try {
      writeRequestHead(socket, method, targetOf(this.#exchange, this.#context.prefix), headers);
      for (const { bytes } of this.#exchange.body.parts) {
        if (bytes.length === 0) continue;
        if (socket.congested) await new Promise<void>((resolve) => this.#drained = resolve);
        if (this.#connection === null) return;
        if (chunked) writeChunkHeader(socket, bytes.length);
        socket.write(bytes.read());
        if (chunked) socket.write(chunkEnd);
      }
      if (chunked) writeLastChunk(socket, this.#exchange.body.trailers);
      this.#requestDone = true;
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.#end(`it cannot be sent as HTTP/1.1: ${error.message}`);
    }
  }

  /** The client had not waited for the rest: so much was recorded, more would not be compared. */
  #endWhereRecorded(): void {
    const { answer } = this.#exchange;
    if (
      recordedEnd(this.#exchange).kind !== "left" || this.#keeper.body.length < (answer?.body.length ?? 0)
    ) {
      return;
    }
    this.#end(null);
  }

  #end(failure: string | null): void {
    const connection = this.#connection;
    this.#finish(failure);
    connection?.abort();
  }

  #finish(failure: string | null): void {
    const head = this.#head;
    this.#silence[Symbol.dispose]();
    this.#context.signal.removeEventListener("abort", this.#stop);
    this.#connection = null;
    this.#drained?.();
    try {
      this.#keeper.flush();
    } catch (error) {
      this.#done.reject(error);
    }
    const { body } = this.#keeper;
    if (failure === null) body.endedAtUs = 0;
    this.#done.resolve({
      answer: head === null
        ? null
        : { timeUs: 0, status: head.status, reason: head.reason, headers: head.headers, body },
      messages: [],
      close: null,
      failure,
      durationMs: performance.now() - this.#startedMs,
    });
  }
}
