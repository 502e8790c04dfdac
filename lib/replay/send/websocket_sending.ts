import {
  type CapturedExchange,
  type CapturedMessage,
  type StoredBytes,
  StoreError,
} from "../../capture/mod.ts";
import {
  encodeRequestHead,
  hasToken,
  headerValue,
  type RawHeaders,
  type ResponseHead,
} from "../../http1/mod.ts";
import {
  type ByteSocket,
  type OriginConnection,
  type OriginExchange,
  WebSocketConnection,
  type WebSocketHandler,
} from "../../net/mod.ts";
import { acceptKey, newHandshakeKey, upgradeRequestFields } from "../../websocket/mod.ts";
import type { Answered, Close } from "./answered.ts";
import { BodyKeeper } from "./body_keeper.ts";
import type { RequestFields } from "./request_fields.ts";
import { longestSilenceMs, type SendContext, targetOf } from "./send_context.ts";
import { clientScript, type ScriptStep } from "./websocket_script.ts";

/** Largest message that is taken: it goes to disk, not to memory. */
const maxMessageBytes = 1024 ** 3;

/**
 * Opens a recorded WebSocket again and does what its client did: each message at its time, and not before the origin
 * has sent what the client had received by then.
 *
 * @throws {DialError} when the origin cannot be reached
 */
export async function sendWebSocket(
  exchange: CapturedExchange,
  fields: RequestFields,
  context: SendContext,
): Promise<Answered> {
  const startedMs = performance.now();
  const connection = await context.pool.connect(context.signal);
  return await new WebSocketSending(exchange, context, startedMs).on(connection, fields.headers);
}

/** One WebSocket. */
class WebSocketSending implements OriginExchange, WebSocketHandler {
  readonly #exchange: CapturedExchange;
  readonly #context: SendContext;
  readonly #startedMs: number;
  /** Longest wait for the origin beyond what is due, milliseconds. */
  readonly #patienceMs: number;
  readonly #key = newHandshakeKey();
  readonly #keeper: BodyKeeper;
  readonly #messages: CapturedMessage[] = [];
  readonly #done = Promise.withResolvers<Answered>();
  readonly #stop = () => this.#end("it was interrupted");
  #origin: OriginConnection | null = null;
  #connection: WebSocketConnection | null = null;
  #head: ResponseHead | null = null;
  #close: Close | null = null;
  /** Messages of the origin's that are complete. */
  #received = 0;
  /** The close that this side sent first. */
  #closedWith: Close | null = null;
  #over = false;
  #wake: () => void = () => {};
  keepsBytes = false;

  constructor(exchange: CapturedExchange, context: SendContext, startedMs: number) {
    this.#exchange = exchange;
    this.#context = context;
    this.#startedMs = startedMs;
    this.#patienceMs = context.timeoutMs + longestSilenceMs(exchange);
    this.#keeper = new BodyKeeper(context.store);
  }

  on(origin: OriginConnection, headers: RawHeaders): Promise<Answered> {
    this.#origin = origin;
    const { signal, prefix } = this.#context;
    signal.addEventListener("abort", this.#stop, { once: true });
    this.#run(
      origin,
      encodeRequestHead("GET", targetOf(this.#exchange, prefix), [
        ...headers,
        ...upgradeRequestFields(this.#key),
      ]),
    ).catch((error) => this.#done.reject(error));
    return this.#done.promise;
  }

  // ── OriginExchange: the answer to the handshake ──

  upgraded(head: ResponseHead, socket: ByteSocket, early: Uint8Array): void {
    this.#origin = null;
    const isWebSocket = hasToken(head.headers, "upgrade", "websocket") &&
      headerValue(head.headers, "sec-websocket-accept") === acceptKey(this.#key);
    if (this.#over || !isWebSocket) {
      socket.destroy(null);
      this.#finish("the origin's 101 does not answer the WebSocket handshake");
      return;
    }
    this.#head = head;
    const connection = new WebSocketConnection(socket, {
      side: "client",
      handler: this,
      head: early,
      maxMessageBytes,
    });
    this.#connection = connection;
    connection.readHead();
    this.#wake();
  }

  responseHead(head: ResponseHead): void {
    this.#head = head;
    this.#wake();
  }

  data(bytes: Uint8Array): void {
    this.#keeper.add(bytes);
    this.#wake();
  }

  responseEnd(trailers: RawHeaders): void {
    this.#keeper.body.trailers = trailers;
    this.#origin = null;
    this.#finish(null);
  }

  failed(error: Error): void {
    // A full disk here is not the origin's doing.
    if (error instanceof StoreError) this.#done.reject(error);
    this.#origin = null;
    this.#finish(error.message);
  }

  // ── WebSocketHandler: from the origin ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    let kept: StoredBytes;
    try {
      kept = this.#context.store.keep(bytes, 0);
    } catch (error) {
      this.#done.reject(error);
      throw error;
    }
    const message = this.#messages.at(-1);
    if (message === undefined || message.complete) {
      this.#messages.push({
        timeUs: 0,
        endedAtUs: 0,
        from: "origin",
        binary,
        parts: [kept],
        length: bytes.length,
        omittedBytes: 0,
        complete: final,
      });
    } else {
      message.parts.push(kept);
      message.length += bytes.length;
      message.complete = final;
    }
    if (final) this.#received++;
    this.#wake();
  }

  closing(code: number | null, reason: string): void {
    this.#close = { code: code ?? 1005, reason };
    this.#connection?.close(code, reason);
    this.#wake();
  }

  drained(): void {
    this.#wake();
  }

  closed(): void {
    this.#connection = null;
    // An origin that drops the connection where a close frame was due has closed all the same.
    this.#close ??= this.#closedWith ?? { code: 1006, reason: "" };
    this.#finish(null);
  }

  // ── private ──

  async #run(origin: OriginConnection, head: Uint8Array): Promise<void> {
    if (this.#context.signal.aborted) return this.#stop();
    origin.begin(this, "GET");
    origin.socket.write(head);
    if (!await this.#until(() => this.#head !== null, this.#patienceMs)) {
      return this.#end("the origin did not answer the handshake in time");
    }
    if (this.#connection === null) {
      // Refused: the answer's body is what is left.
      let length = -1;
      while (!this.#over && length < this.#keeper.body.length) {
        length = this.#keeper.body.length;
        await this.#until(() => this.#keeper.body.length > length, this.#patienceMs);
      }
      return this.#end("the answer to the handshake did not come to its end");
    }
    let patient = true;
    for (const step of clientScript(this.#exchange)) {
      patient = await this.#due(step, patient) && patient;
      if (this.#close !== null || this.#over) break;
      await this.#act(step);
    }
    // The recorded close of the origin's, or its answer to this side's.
    const closed = await this.#until(() => this.#close !== null, this.#patienceMs);
    if (!closed) this.#end(null);
  }

  /** Waits until a step is due. @returns whether the origin had sent by then what the client had received */
  async #due({ afterUs, received }: ScriptStep, patient: boolean): Promise<boolean> {
    const dueMs = this.#startedMs + afterUs / 1000 / this.#context.speed;
    const isOver = () => this.#close !== null;
    await this.#until(isOver, dueMs - performance.now());
    // An origin that has once kept this waiting in vain answers otherwise than it did: that is shown, not waited for.
    return await this.#until(() => isOver() || this.#received >= received, patient ? this.#patienceMs : 0);
  }

  async #act({ act }: ScriptStep): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return;
    switch (act.kind) {
      case "message": {
        const { parts, binary } = act.message;
        for (const [i, part] of parts.entries()) {
          await this.#until(() => !connection.congested, this.#patienceMs);
          connection.sendPart(binary, part.read(), i === parts.length - 1);
        }
        return;
      }
      case "close":
        this.#closedWith = { code: act.code ?? 1005, reason: act.reason };
        connection.close(act.code, act.reason);
        return;
      case "leave":
        return connection.destroy();
      default:
        throw act satisfies never;
    }
  }

  /** Waits for something to become true. @returns whether it did within so many milliseconds, or all is over */
  async #until(isTrue: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!isTrue() && !this.#over) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  #end(failure: string | null): void {
    const [origin, connection] = [this.#origin, this.#connection];
    this.#finish(failure);
    origin?.abort();
    connection?.destroy();
  }

  #finish(failure: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.signal.removeEventListener("abort", this.#stop);
    try {
      this.#keeper.flush();
    } catch (error) {
      this.#done.reject(error);
    }
    const { body } = this.#keeper;
    if (failure === null) body.endedAtUs = 0;
    this.#done.resolve({
      answer: this.#head === null ? null : { ...this.#head, timeUs: 0, body },
      messages: this.#messages,
      close: this.#close,
      failure,
      durationMs: performance.now() - this.#startedMs,
    });
    this.#wake();
  }
}
