import {
  BodyDecoder,
  findHeadEnd,
  headerValue,
  Http1Error,
  keepsAlive,
  parseRequestHead,
  type RawHeaders,
  requestFraming,
  type RequestHead,
  writeResponseHead,
} from "../http1/mod.ts";
import {
  type ByteSocket,
  type ByteSocketHandler,
  concatBytes,
  copyBytes,
  PeerWatch,
  WebSocketConnection,
  type WebSocketHandler,
} from "../net/mod.ts";
import { isUpgradeRequest, upgradeRequestProblem } from "../websocket/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { BodyWatch } from "./body_watch.ts";
import type { ClientInfo } from "./forwarded.ts";
import type { IngressContext } from "./context.ts";
import { tellOwnAnswer } from "./exchange_end.ts";
import { answeredAs, headProblem } from "./head_problem.ts";
import { HttpExchange } from "./http_exchange.ts";
import { Lingering } from "./lingering.ts";
import { useOriginForm } from "./origin_form.ts";
import { badRequest, badUpgrade, draining, noConnect, noRunner, type Problem } from "./problem.ts";
import { ResponseWriter } from "./response_writer.ts";
import { runnerNameOf } from "./routing.ts";
import type { Runner } from "./runner_session.ts";
import { WsExchange } from "./ws_exchange.ts";

/** Paths from here on are the gateway's own. */
export const reservedPrefix = "/.tunnel/";

/** A client that pipelines more than this while a response is under way is not read on, bytes. */
const maxPipelinedBytes = 64 * 1024;

const continueHead = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
const nothing = new Uint8Array(0);

/**
 * `head`: waiting for a request; `body`: reading one; `response`: the request is read, its response is under
 * way; `linger`: the last response is out, what still comes is dropped; `done`: upgraded or closed.
 */
type State = "head" | "body" | "response" | "linger" | "done";

/** One client connection: HTTP/1.1 requests one after another, until it closes or becomes a WebSocket. */
export class ClientConnection implements ByteSocketHandler {
  readonly #socket: ByteSocket;
  readonly #context: IngressContext;
  readonly #client: ClientInfo;
  readonly #onClosed: (connection: ClientConnection) => void;
  #state: State = "head";
  #pending: Uint8Array = nothing;
  #exchange: HttpExchange | null = null;
  #decoder: BodyDecoder | null = null;
  #lingering: Lingering | null = null;
  #idleSinceMs: number;
  /** Once a body has taken longer than from one look to the next. */
  #bodyWatch: BodyWatch | null = null;
  #requests = 0;
  /** Once the connection has become a WebSocket. */
  #peerWatch: PeerWatch | null = null;

  constructor(
    socket: ByteSocket,
    options: { context: IngressContext; client: ClientInfo; closed: (connection: ClientConnection) => void },
  ) {
    this.#socket = socket;
    this.#context = options.context;
    this.#client = options.client;
    this.#onClosed = options.closed;
    this.#idleSinceMs = options.context.coarseNowMs;
    socket.handler = this;
    // What a client had sent is of no use once nobody is there for the answer: its stream ends, however little is read of it.
    socket.endsOnReset = true;
    keepWarm(this);
  }

  /** Called about once a second: closes a connection that waits too long for a request, or whose client is gone. */
  checkIdle(nowMs: number): void {
    if (this.#peerWatch?.check(nowMs) === false) {
      this.#socket.destroy(new Error("the client did not answer a ping"));
    }
    if (this.#lingering?.goesOn(nowMs, this.#context.draining) === false) this.#socket.destroy(null);
    const { headTimeoutMs, idleTimeoutMs, bodyTimeoutMs } = this.#context.limits;
    if (this.#state === "body") {
      (this.#bodyWatch ??= new BodyWatch(this.#socket)).check(this.#exchange!, nowMs, bodyTimeoutMs);
    }
    if (this.#state !== "head") return;
    const waitedMs = nowMs - this.#idleSinceMs;
    if (this.#pending.length > 0 && waitedMs >= headTimeoutMs) {
      const problem = badRequest(408, "The request's head did not arrive in time.");
      this.#refuse(problem, answeredAs(this.#pending, 0));
    } else if (
      this.#pending.length === 0 && waitedMs >= (this.#requests === 0 ? headTimeoutMs : idleTimeoutMs)
    ) {
      // A client that does not read the last response may never take the rest of it.
      if (this.#socket.bufferedBytes > 0) this.#linger();
      else this.#socket.end();
    }
  }

  /** The gateway drains: an idle connection closes, a busy one after its response. */
  drain(): void {
    if (this.#state === "head" && this.#pending.length === 0) this.#socket.end();
  }

  /** Closes at once. What was written before goes out as far as the kernel takes it: a response may have begun. */
  destroy(): void {
    this.#socket.flush();
    this.#socket.destroy(null);
  }

  // ── ByteSocketHandler ──

  data(bytes: Uint8Array): void {
    switch (this.#state) {
      case "head":
        this.#readHead(this.#pending.length === 0 ? bytes : concatBytes(this.#pending, bytes), bytes);
        return;
      case "body":
        this.#readBody(bytes, 0);
        return;
      case "response":
        this.#stash(bytes);
        return;
      case "linger":
      case "done":
        return;
      default:
        this.#state satisfies never;
    }
  }

  drained(): void {
    this.#exchange?.drained();
  }

  ended(): void {
    // Like nginx, a client that closes its side is taken to be gone, also while it waits for a response.
    if (this.#lingering === null) this.#socket.destroy(null);
    // Nothing more comes that would have to be read before the connection may close.
    else this.#socket.end();
  }

  closed(): void {
    this.#state = "done";
    this.#lingering = null;
    this.#pending = nothing;
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.clientGone();
    this.#onClosed(this);
  }

  // ── for the exchange ──

  /** The exchange's response is complete. */
  responseDone(keepAlive: boolean): void {
    const bodyDone = this.#state === "response";
    this.#exchange = null;
    this.#decoder = null;
    if (this.#state === "done") return;
    if (!bodyDone || !keepAlive || this.#context.draining) return this.#linger();
    this.#state = "head";
    this.#idleSinceMs = this.#context.coarseNowMs;
    this.#socket.resume();
    if (this.#pending.length > 0) this.#context.clock.microtask(() => this.#readPending());
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  // ── private ──

  #readPending(): void {
    if (this.#state !== "head" || this.#pending.length === 0) return;
    const bytes = this.#pending;
    this.#pending = nothing;
    this.#readHead(bytes, null);
  }

  /** @param readBuffer the view of the socket's read buffer that `bytes` is, when it is one */
  #readHead(bytes: Uint8Array, readBuffer: Uint8Array | null): void {
    let from = 0;
    // Empty lines before a request are skipped (RFC 9112, 2.2).
    while (from < bytes.length && (bytes[from] === 0x0d || bytes[from] === 0x0a)) from++;
    const end = findHeadEnd(bytes, from, bytes.length);
    const problem = headProblem(bytes, from, end);
    if (problem !== null) return this.#refuse(problem, answeredAs(bytes, from));
    if (end === -1) {
      // Its time begins with its first byte, and not anew with each of the empty lines before it.
      if (this.#pending.length === 0 && from < bytes.length) this.#idleSinceMs = this.#context.coarseNowMs;
      this.#pending = bytes === readBuffer ? bytes.slice(from) : bytes.subarray(from);
      return;
    }
    this.#pending = nothing;
    try {
      const head = parseRequestHead(bytes, from, end);
      this.#requests++;
      this.#dispatch(head, bytes, end, bytes === readBuffer);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#refuse(badRequest(error.status, `${error.message}.`), answeredAs(bytes, from));
    }
  }

  #dispatch(head: RequestHead, bytes: Uint8Array, end: number, isReadBuffer: boolean): void {
    const framing = requestFraming(head);
    const hasBody = framing.kind !== "none" && !(framing.kind === "length" && framing.bytes === 0);
    if (head.method === "CONNECT") return this.#refuse(noConnect());
    useOriginForm(head);
    const response = new ResponseWriter(this.#socket, {
      method: head.method,
      minorVersion: head.minorVersion,
      keepAlive: keepsAlive(head) && !this.#context.draining,
    });
    const rest = end === bytes.length ? nothing : bytes.subarray(end);
    const isWebSocket = isUpgradeRequest(head);
    if (head.target.startsWith(reservedPrefix)) {
      this.#pending = isReadBuffer ? rest.slice() : rest;
      return this.#reserved(head, response, !hasBody);
    }
    if (isWebSocket) {
      const problem = upgradeRequestProblem(head.method, head.minorVersion, head.headers);
      if (problem !== null) return this.#refuse(badUpgrade(problem));
    }
    const name = runnerNameOf(head.headers, this.#context.domain);
    const runner = this.#context.draining ? null : this.#context.pick(name);
    if (runner === null) {
      const problem = this.#context.draining ? draining() : noRunner(name, this.#client.secure);
      return this.#answer(problem, { head, hasBody, response, name });
    }
    if (isWebSocket) {
      this.#pending = isReadBuffer ? copyBytes(rest) : rest;
      this.#becomeWebSocket(head, runner, response);
      return;
    }
    this.#decoder = hasBody ? new BodyDecoder(framing) : null;
    this.#state = hasBody ? "body" : "response";
    this.#exchange = new HttpExchange({
      connection: this,
      context: this.#context,
      socket: this.#socket,
      head,
      hasBody,
      client: this.#client,
      runner,
      response,
    });
    this.#exchange.start();
    if (!hasBody) {
      if (rest.length > 0) this.#stash(rest);
      return;
    }
    if (head.minorVersion === 1 && headerValue(head.headers, "expect")?.toLowerCase() === "100-continue") {
      this.#socket.write(continueHead);
    }
    if (rest.length > 0) this.#readBody(bytes, end);
  }

  #readBody(bytes: Uint8Array, from: number): void {
    const exchange = this.#exchange;
    const decoder = this.#decoder;
    if (exchange === null || decoder === null) return;
    try {
      const next = decoder.decode(bytes, from, bytes.length, exchange);
      // The exchange may have been ended within that call: what has come of its request is dropped.
      if (!decoder.done || this.#exchange !== exchange) return;
      this.#state = "response";
      exchange.requestEnd(decoder.trailers);
      if (next < bytes.length) this.#stash(bytes.subarray(next));
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      if (this.#exchange === exchange) exchange.requestBroken(`${error.message}.`, error.status);
    }
  }

  #stash(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? bytes.slice() : concatBytes(this.#pending, bytes);
    if (this.#pending.length > maxPipelinedBytes) this.#socket.pause();
  }

  #becomeWebSocket(head: RequestHead, runner: Runner, response: ResponseWriter): void {
    this.#state = "done";
    const early = this.#pending;
    this.#pending = nothing;
    const exchange = new WsExchange({
      context: this.#context,
      socket: this.#socket,
      head,
      early,
      client: this.#client,
      runner,
      response,
      connect: (handler, head) => this.#connect(handler, head),
      linger: () => this.#lingering = new Lingering(this.#socket, this.#context.coarseNowMs),
      closed: () => this.#onClosed(this),
    });
    keepWarm(exchange);
    exchange.start();
  }

  #connect(handler: WebSocketHandler, head: Uint8Array): WebSocketConnection {
    const { limits, coarseNowMs: nowMs } = this.#context;
    const { maxMessageBytes, clientPingMs: pingAfterMs } = limits;
    const connection = new WebSocketConnection(this.#socket, {
      side: "server",
      handler,
      head,
      maxMessageBytes,
    });
    if (pingAfterMs > 0) this.#peerWatch = new PeerWatch(connection, { pingAfterMs, nowMs });
    return connection;
  }

  #reserved(head: RequestHead, response: ResponseWriter, bodyless: boolean): void {
    if (!bodyless) {
      return this.#refuse(badRequest(400, "Requests under /.tunnel/ take no body."), head.method);
    }
    this.#state = "response";
    this.#context.reserved({
      head,
      address: this.#client.address,
      respond: (status, body, headers = []) => {
        response.json(status, body, headers);
        this.responseDone(response.keepAlive);
      },
      upgrade: (headers: RawHeaders) => {
        this.#state = "done";
        const early = this.#pending;
        this.#pending = nothing;
        writeResponseHead(this.#socket, 101, "Switching Protocols", headers);
        this.#onClosed(this);
        return { socket: this.#socket, head: early };
      },
    });
  }

  /** Answers a well-formed request with an error of the gateway's own. */
  #answer(
    problem: Problem,
    request: { head: RequestHead; hasBody: boolean; response: ResponseWriter; name: string },
  ): void {
    const { head, hasBody, response, name } = request;
    // The body of the request, if there is one, is not wanted.
    response.closeAfter();
    response.problem(problem);
    tellOwnAnswer(problem, { context: this.#context, client: this.#client, head, hasBody, name });
    this.#linger();
  }

  /** Answers what cannot be understood, or not be served, and closes. */
  #refuse(problem: Problem, method = "GET"): void {
    const response = new ResponseWriter(this.#socket, { method, minorVersion: 1, keepAlive: false });
    response.problem(problem);
    this.#context.logger.debug("request.refused", {
      client: this.#client.address,
      status: problem.status,
      reason: problem.message,
    });
    this.#linger();
  }

  /** Closes without losing the response. */
  #linger(): void {
    this.#state = "linger";
    this.#exchange = null;
    this.#pending = nothing;
    this.#lingering = new Lingering(this.#socket, this.#context.coarseNowMs);
  }
}
