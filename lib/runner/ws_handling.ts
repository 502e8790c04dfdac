import { Buffer } from "node:buffer";
import {
  frameName,
  frameTypes,
  keepPayload,
  maxPartBytes,
  resetCodes,
  type SequencedFrame,
  type WsMessageFrame,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler } from "../session/mod.ts";
import { isWireCloseCode } from "../websocket/mod.ts";
import { dropBody, sendBody, WritableGate } from "./body_source.ts";
import { checkFields, checkHead, mayHaveBody } from "./head_check.ts";
import type { RawAcceptance, RawRequest, RawResponse } from "./raw_handler.ts";

/** A client WebSocket, as a program behind the tunnel sees it. */
export interface TunnelSocket {
  /**
   * Sends a message: text from a string, binary from bytes. Resolves when more may be sent, so that awaiting it
   * keeps a fast sender from filling memory. Does nothing once the socket is closed.
   */
  send(data: string | Uint8Array): Promise<void>;
  /**
   * Closes with a code and a reason of at most 123 bytes. 1005 closes without a code, 1006 breaks the connection off
   * without a close frame.
   *
   * @param code one that may be sent (RFC 6455, 7.4). @default 1000
   */
  close(code?: number, reason?: string): void;
  readonly open: boolean;
}

/** What a program does with a client WebSocket. */
export interface TunnelSocketHandlers {
  /** Subprotocol to accept with, one of those the client offered. */
  protocol?: string;
  /** The client is connected. */
  open?(socket: TunnelSocket): void | Promise<void>;
  /**
   * A whole message. It is acknowledged to the gateway when this returns, or when the promise it returned
   * resolves: a program that dies before that gets the message again when it is back. Messages come one
   * after another, the next when the one before is done with.
   */
  message?(socket: TunnelSocket, data: string | Uint8Array): void | Promise<void>;
  /** The client closed, or went away (1006). Called once, and not after `close` of this side. */
  close?(socket: TunnelSocket, code: number, reason: string): void | Promise<void>;
}

type Serve = (request: RawRequest) => RawAcceptance | RawResponse | Promise<RawAcceptance | RawResponse>;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Largest message put together for a program, bytes. */
const maxMessageBytes = 16 * 1024 * 1024;

/** One stream's WebSocket, served by functions. */
export class WsHandling implements StreamHandler, TunnelSocket {
  readonly #stream: Stream;
  readonly #open: WsOpenFrame;
  readonly #serve: Serve;
  readonly #onError: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly #gate = new WritableGate();
  #handlers: RawAcceptance["handlers"] | null = null;
  /** Frames that came and were not handled yet. */
  #queue: SequencedFrame[] = [];
  #working = false;
  #parts: WsMessageFrame[] = [];
  #partBytes = 0;
  #over = false;

  /** @param onError told what a function of the program threw */
  constructor(stream: Stream, open: WsOpenFrame, serve: Serve, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#stream = stream;
    this.#open = open;
    this.#serve = serve;
  }

  // ── TunnelSocket ──

  get open(): boolean {
    return !this.#over && !this.#stream.sendDone && this.#stream.phase === "open";
  }

  async send(data: string | Uint8Array): Promise<void> {
    if (!this.open) return;
    const binary = typeof data !== "string";
    const bytes = binary ? data.slice() : Buffer.from(data, "utf8");
    let from = 0;
    do {
      const part = bytes.subarray(from, from + maxPartBytes);
      from += maxPartBytes;
      this.#push({ type: frameTypes.wsMessage, binary, final: from >= bytes.length, bytes: part });
    } while (from < bytes.length);
    await this.#gate.wait(this.#stream);
  }

  close(code = 1000, reason = ""): void {
    if (!this.open) return;
    if (Buffer.byteLength(reason) > 123) throw new RangeError("a close reason is at most 123 bytes");
    if (!isWireCloseCode(code) && code !== 1005 && code !== 1006) {
      throw new RangeError(`a close code must be 1000 to 1014 without 1004, or 3000 to 4999, found ${code}`);
    }
    this.#push({ type: frameTypes.wsClose, code, reason });
    this.#settle();
  }

  // ── StreamHandler ──

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.wsOpen) {
      this.#stream.delivered(1, 0);
      void this.#begin();
      return;
    }
    this.#queue.push(keepPayload(frame));
    void this.#work();
  }

  writable(): void {
    this.#gate.release();
  }

  reset(_code: number, reason: string): void {
    this.#over = true;
    this.#queue = [];
    this.#abort.abort(new DOMException(reason, "AbortError"));
    this.#gate.release();
    const closedHere = this.#stream.sendDone;
    this.#stream.release();
    if (!closedHere) void this.#tellClosed(1006, reason);
  }

  // ── private ──

  async #begin(): Promise<void> {
    try {
      const { target, headers } = this.#open;
      const { signal } = this.#abort;
      const answer = await this.#serve({ method: "GET", target, headers, body: null, signal });
      if (!("handlers" in answer)) return await this.#refuse(answer);
      if (this.#over) return;
      checkFields(answer.headers);
      this.#push({ type: frameTypes.wsAccept, headers: answer.headers, together: false });
      this.#handlers = answer.handlers;
      void this.#tellOpen();
      void this.#work();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #tellOpen(): Promise<void> {
    try {
      await this.#handlers?.open?.(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The WebSocket is over: what goes wrong here ends nothing else, and least of all the link. */
  async #tellClosed(code: number, reason: string): Promise<void> {
    try {
      await this.#handlers?.close?.(this, code, reason);
    } catch (error) {
      this.#onError(error);
    }
  }

  async #refuse(response: RawResponse): Promise<void> {
    const { status, reason, headers, body } = response;
    if (this.#over) return dropBody(body);
    try {
      checkHead(response);
    } catch (error) {
      dropBody(body, error);
      throw error;
    }
    this.#push({ type: frameTypes.responseStart, status, reason, headers });
    if (body !== null && mayHaveBody("GET", status)) {
      await sendBody(body, { stream: this.#stream, gate: this.#gate, gone: this.#abort.signal });
    } else {
      dropBody(body);
    }
    if (this.#stream.phase === "open") this.#stream.push(bodyEnd());
    this.#over = true;
    this.#release();
  }

  /** Handles what has come, one frame after another; a message is acknowledged when it was dealt with. */
  async #work(): Promise<void> {
    if (this.#working || this.#handlers === null) return;
    this.#working = true;
    try {
      for (let frame = this.#queue.shift(); frame !== undefined && !this.#over; frame = this.#queue.shift()) {
        if (frame.type === frameTypes.wsMessage) await this.#message(frame);
        else if (frame.type === frameTypes.wsClose) this.#closed(frame.code, frame.reason);
        else throw new TypeError(`${frameName(frame.type)} came for a WebSocket`);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#working = false;
    }
  }

  async #message(frame: WsMessageFrame): Promise<void> {
    this.#parts.push(frame);
    this.#partBytes += frame.bytes.length;
    if (this.#partBytes > maxMessageBytes) {
      throw new RangeError(`a message is larger than ${maxMessageBytes} bytes`);
    }
    if (!frame.final) {
      // A message larger than the window could never arrive whole if its parts were not acknowledged.
      this.#stream.delivered(1, frame.bytes.length);
      return;
    }
    const bytes = this.#parts.length === 1
      ? frame.bytes
      : Buffer.concat(this.#parts.map((part) => part.bytes));
    this.#parts = [];
    this.#partBytes = 0;
    const data = frame.binary ? bytes : strictUtf8.decode(bytes);
    await this.#handlers?.message?.(this, data);
    if (!this.#over) this.#stream.delivered(1, frame.bytes.length);
  }

  #closed(code: number, reason: string): void {
    const mine = this.#stream.sendDone;
    this.#stream.delivered(1, 0);
    if (!mine) {
      this.#push({ type: frameTypes.wsClose, code, reason });
      void this.#tellClosed(code, reason);
    }
    this.#settle();
  }

  #settle(): void {
    if (!this.#stream.sendDone || !this.#stream.receiveDone || this.#over) return;
    this.#over = true;
    this.#release();
  }

  #release(): void {
    const { undelivered, undeliveredBytes } = this.#stream.receive;
    if (undelivered > 0) this.#stream.delivered(undelivered, undeliveredBytes);
    this.#gate.release();
    this.#stream.release();
  }

  #fail(error: unknown): void {
    // That the client has left is no fault of the program's that was told so.
    if (error !== this.#abort.signal.reason) this.#onError(error);
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    const reason = error instanceof Error ? error.message : String(error);
    this.#stream.reset(resetCodes.internal, reason);
    this.#gate.release();
    this.#stream.release();
  }

  #push(frame: Bare<SequencedFrame>): void {
    const { type, ...rest } = frame;
    this.#stream.push({ type, gatewayId: 0, requestId: 0, index: 0, ...rest } as SequencedFrame);
  }
}

/** A frame without the parts of its message id, which the stream fills in. */
type Bare<T> = T extends SequencedFrame ? Omit<T, "gatewayId" | "requestId" | "index"> : never;
