import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type RawData, WebSocket } from "ws";
import { bounded } from "./bounded.ts";

/** A message as the client saw it. */
export interface ClientMessage {
  binary: boolean;
  bytes: Uint8Array;
}

export interface WsClientOptions {
  headers?: Record<string, string | string[]>;
  protocols?: string[];
  /** PEM certificates to trust instead of the system's. */
  ca?: string;
  /** Handle messages here instead of queueing them for {@link WsClient.next}. */
  onMessage?: (message: ClientMessage) => void;
}

/** An upgrade that was answered with something else than 101. */
export class UpgradeRefusedError extends Error {
  override readonly name = "UpgradeRefusedError";
  constructor(
    readonly status: number,
    readonly headers: Record<string, string | string[] | undefined>,
    readonly body: string,
  ) {
    super(`the upgrade was refused with ${status}: ${body}`);
  }
}

const maxMessageBytes = 64 * 1024 * 1024;

/**
 * A WebSocket client on `npm:ws`, an implementation that has nothing in common with the tunnel's own. Messages
 * queue up until asked for; every wait is bounded, so that what never comes fails a test instead of hanging it.
 */
export class WsClient implements Disposable {
  readonly socket: WebSocket;
  /** The code and reason the connection closed with; 1006 without a close frame. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Response headers of the handshake. */
  headers: Record<string, string | string[] | undefined> = {};
  readonly #messages: ClientMessage[] = [];
  readonly #waiters: (() => void)[] = [];
  #closed = false;

  private constructor(url: string, options: WsClientOptions) {
    this.socket = new WebSocket(url, options.protocols ?? [], {
      headers: options.headers,
      ca: options.ca,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
    });
    this.socket.on("upgrade", (response: { headers: WsClient["headers"] }) => {
      this.headers = response.headers;
    });
    this.socket.on("message", (data: RawData, binary: boolean) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data as Uint8Array);
      if (options.onMessage !== undefined) return options.onMessage({ binary, bytes });
      this.#messages.push({ binary, bytes });
      this.#waiters.shift()?.();
    });
    // A broken connection is told by its close code, 1006; the error says no more.
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code: number, reason: Uint8Array) => {
        this.#closed = true;
        for (const wake of this.#waiters.splice(0)) wake();
        resolve({ code, reason: new TextDecoder().decode(reason) });
      });
    });
  }

  /**
   * Connects.
   *
   * @throws {UpgradeRefusedError} when the answer is not a 101
   */
  static open(url: string, options: WsClientOptions = {}): Promise<WsClient> {
    const client = new WsClient(url, options);
    const { promise, resolve, reject } = Promise.withResolvers<WsClient>();
    client.socket.on("open", () => resolve(client));
    client.socket.on("unexpected-response", (_request: unknown, response: RefusedResponse) => {
      const parts: Uint8Array[] = [];
      response.on("data", (part: Uint8Array) => parts.push(part));
      response.on("end", () => {
        const body = Buffer.concat(parts).toString("utf8");
        reject(new UpgradeRefusedError(response.statusCode, response.headers, body));
        client.socket.terminate();
      });
      response.on("close", () => reject(new Error("the refusal broke off")));
    });
    client.socket.on("error", (error: Error) => reject(error));
    return bounded(promise, `${url} to open`);
  }

  /** Messages that came and were not asked for. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** The next message; fails when the connection closes first. */
  async next(): Promise<ClientMessage> {
    if (this.#messages.length === 0 && !this.#closed) {
      await bounded(new Promise<void>((resolve) => this.#waiters.push(resolve)), "a message");
    }
    const message = this.#messages.shift();
    if (message === undefined) {
      const { code, reason } = await this.closed;
      throw new Error(`the WebSocket closed with ${code} "${reason}" while a message was waited for`);
    }
    return message;
  }

  async nextText(): Promise<string> {
    return new TextDecoder().decode((await this.next()).bytes);
  }

  /** Sends, and waits until the kernel has taken it. */
  async send(data: string | Uint8Array, options: SendOptions = {}): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.socket.send(data, options, (error?: Error | null) => error ? reject(error) : resolve())
    );
  }

  /** Closes, and waits for the end. */
  async close(code?: number, reason?: string): Promise<{ code: number; reason: string }> {
    this.socket.close(code, reason);
    return await this.ended();
  }

  /** Closes, and its side of the connection at once, as a program that ends there and then: no answer is waited for. */
  leave(code: number): void {
    this.socket.close(code);
    // Not part of the interface: there is no other way to its connection.
    (this.socket as unknown as { _socket: Socket })._socket.end();
  }

  /** {@link closed}, with a bound. */
  ended(): Promise<{ code: number; reason: string }> {
    return bounded(this.closed, "the WebSocket to close");
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

/** `fin: false` leaves the message open; `binary: false` sends bytes as text, valid or not. */
export interface SendOptions {
  binary?: boolean;
  fin?: boolean;
  mask?: boolean;
}

interface RefusedResponse {
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  on(event: "data", listener: (part: Uint8Array) => void): void;
  on(event: "end" | "close", listener: () => void): void;
}
