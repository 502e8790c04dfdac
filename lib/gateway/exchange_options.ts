import type { RequestHead } from "../http1/mod.ts";
import type { ByteSocket, WebSocketConnection, WebSocketHandler } from "../net/mod.ts";
import type { IngressContext } from "./context.ts";
import type { ClientInfo } from "./forwarded.ts";
import type { ResponseWriter } from "./response_writer.ts";
import type { Runner } from "./runner_session.ts";

/** What an exchange needs of its client's socket. */
export type ClientSocket = Pick<
  ByteSocket,
  "handler" | "congested" | "pause" | "resume" | "write" | "flush" | "end" | "destroy"
>;

/** The answer to a client, as an exchange writes it. */
export type ClientResponse = Pick<
  ResponseWriter,
  "started" | "isWhole" | "status" | "keepAlive" | "closeAfter" | "start" | "chunk" | "end" | "problem"
>;

/** A client's WebSocket once it is accepted. */
export type ClientWebSocket = Pick<
  WebSocketConnection,
  | "closeSent"
  | "inMessage"
  | "readHead"
  | "sendPart"
  | "sendMessages"
  | "together"
  | "pause"
  | "resume"
  | "close"
  | "breakOff"
>;

/** The connection that carries one HTTP exchange after another. */
export interface ExchangeConnection {
  /** The response is complete. */
  responseDone(keepAlive: boolean): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Breaks the connection off, so that no client takes what it has for a whole response. */
  destroy(): void;
}

/** What every exchange has: a client with a request, the runner it is for, and a way to answer. */
export interface ExchangeOptions {
  context: IngressContext;
  /** The client's. */
  socket: ClientSocket;
  head: RequestHead;
  client: ClientInfo;
  runner: Runner;
  response: ClientResponse;
}

export interface HttpExchangeOptions extends ExchangeOptions {
  connection: ExchangeConnection;
  hasBody: boolean;
}

export interface WsExchangeOptions extends ExchangeOptions {
  /** What the client sent behind its upgrade request, before it was answered. */
  early: Uint8Array;
  /** Makes a WebSocket of the client's socket; `head` was read behind the handshake. */
  connect(handler: WebSocketHandler, head: Uint8Array): ClientWebSocket;
  /** There is no WebSocket, and the answer that says so is written: the connection closes without losing it. */
  linger(): void;
  closed: () => void;
}
