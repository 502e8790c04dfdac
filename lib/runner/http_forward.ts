import {
  chunkEnd,
  EncodeError,
  headerValue,
  writeChunkHeader,
  writeLastChunk,
  writeRequestHead,
} from "../http1/mod.ts";
import { type RawHeaders, type ResponseHead } from "../http1/mod.ts";
import {
  asPayload,
  type ByteSocket,
  DialError,
  type OriginConnection,
  type OriginExchange,
} from "../net/mod.ts";
import {
  frameName,
  frameTypes,
  keepPayload,
  maxPartBytes,
  payloadBytes,
  type RequestStartFrame,
  resetCodes,
  type SequencedFrame,
} from "../protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler, UndeliveredFrames } from "../session/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { KeptBody } from "./kept_body.ts";
import type { OriginBackend } from "./origin_backend.ts";
import { responseStart, wholeResponse } from "./response_frames.ts";
import type { AwaitsOrigin } from "./waiting_list.ts";

/** Methods that may be sent again when a kept connection turns out to be closed (RFC 9110, 9.2.2). */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

const nothing = new Uint8Array(0);

/** One stream's HTTP request, forwarded to the origin, and the response's way back. */
export class HttpForward implements StreamHandler, OriginExchange, AwaitsOrigin {
  waitingAt = -1;
  readonly #backend: OriginBackend;
  readonly #start: RequestStartFrame;
  #stream: Stream | null;
  #connection: OriginConnection | null = null;
  #dialling: AbortController | null = null;
  /** Frames that came before there was a connection to write them to. */
  #waiting: SequencedFrame[] | null = null;
  /**
   * All of the body that was written so far, as long as the request may have to be sent again: over a kept connection that turns out
   * to be closed, and not too large.
   */
  #kept: KeptBody | null = null;
  #chunked = false;
  #requestDone = false;
  #responseBegun = false;
  /** A response's head and the first bytes of its body, until it is known whether that is all of it. */
  #heldHead: ResponseHead | null = null;
  #heldBody: Uint8Array | null = null;
  #paused = false;
  #undelivered: UndeliveredFrames | null = null;

  constructor(backend: OriginBackend, stream: Stream, start: RequestStartFrame) {
    this.#backend = backend;
    this.#stream = stream;
    this.#start = start;
    keepWarm(this);
  }

  // ── StreamHandler: the request, from the gateway ──

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.requestStart) {
      this.#stream?.delivered(1, 0);
      this.#requestDone = !frame.hasBody;
      const idle = this.#backend.pool.takeIdle();
      if (idle !== null) this.#use(idle);
      else void this.#connect();
      return;
    }
    if (this.#connection === null) {
      (this.#waiting ??= []).push(keepPayload(frame));
      return;
    }
    this.#write(frame);
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection?.socket.resume();
  }

  reset(): void {
    this.#letGo();
  }

  // ── OriginExchange: the response, from the origin ──

  responseHead(head: ResponseHead): void {
    this.#responseBegun = true;
    this.#kept = null;
    this.#backend.unwatch(this);
    this.#heldHead = head;
  }

  data(bytes: Uint8Array): void {
    if (this.#heldHead !== null) {
      if (this.#heldBody === null && bytes.length <= maxPartBytes) {
        this.#heldBody = bytes;
        return;
      }
      this.readEnd();
    }
    this.#sendBody(bytes);
  }

  /** The response is not complete yet: what has come of it goes ahead. */
  readEnd(): void {
    const head = this.#heldHead;
    const body = this.#heldBody;
    if (head === null) return;
    this.#heldHead = null;
    this.#heldBody = null;
    this.#stream?.push(responseStart(head));
    if (body !== null) this.#sendBody(body);
  }

  #sendBody(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === null) return;
    for (let from = 0; from < bytes.length; from += maxPartBytes) {
      const piece = from === 0 && bytes.length <= maxPartBytes
        ? bytes
        : bytes.subarray(from, from + maxPartBytes);
      stream.push({
        type: frameTypes.bodyChunk,
        gatewayId: 0,
        requestId: 0,
        index: 0,
        bytes: asPayload(piece),
      });
    }
    if (!stream.writable && !this.#paused) {
      this.#paused = true;
      this.#connection?.socket.pause();
    }
  }

  responseEnd(trailers: RawHeaders): void {
    const whole = trailers.length === 0 && this.#requestDone ? this.#takeWhole() : null;
    if (whole === null) this.readEnd();
    const stream = this.#stream;
    const connection = this.#connection;
    this.#stream = null;
    this.#connection = null;
    // An origin that answers before it has the whole request does not want the rest of it.
    if (!this.#requestDone) connection?.abort();
    this.drained(stream);
    stream?.push(whole ?? bodyEnd({ stop: !this.#requestDone, trailers }));
    stream?.release();
  }

  wholeResponse(head: ResponseHead, bytes: Uint8Array, bodyAt: number): void {
    if (!this.#requestDone || bytes.length - bodyAt > maxPartBytes) {
      this.responseHead(head);
      if (bodyAt < bytes.length) this.data(bytes.subarray(bodyAt));
      this.responseEnd([]);
      return;
    }
    this.#backend.unwatch(this);
    const stream = this.#stream;
    this.#stream = null;
    this.#connection = null;
    this.#kept = null;
    this.drained(stream);
    stream?.push(wholeResponse(head, asPayload(bytes, bodyAt)));
    stream?.release();
  }

  upgraded(_head: ResponseHead, socket: ByteSocket): void {
    socket.destroy(null);
    this.failed(new Error("the origin switched protocols without being asked to"), true);
  }

  failed(error: Error, begun: boolean): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null && !begun && connection.exchanges > 1 && this.#repeatable) {
      // A kept connection that the origin had just closed: the request never got there.
      this.#backend.unwatch(this);
      // What the origin did not take is here, and need not be kept by the gateway.
      this.drained();
      this.#requestDone = !this.#start.hasBody;
      void this.#connect();
      return;
    }
    const detail = error.message;
    this.#fail(resetCodes.originFailed, detail);
  }

  drained(stream: Stream | null = this.#stream): void {
    this.#undelivered?.deliver(stream);
    if (!this.#requestDone) this.#backend.unwatch(this);
  }

  /** The origin did not begin to answer in time, or took nothing more of the request for that long. */
  timedOut(): void {
    if (this.#responseBegun) return;
    const seconds = this.#backend.responseTimeoutMs / 1000;
    const what = this.#requestDone
      ? `no response from ${this.#backend.host}`
      : `${this.#backend.host} took no more of the request`;
    this.#fail(resetCodes.originTimeout, `${what} within ${seconds} s`);
  }

  // ── private ──

  /** The response in one frame, if nothing of it has gone out yet. */
  #takeWhole(): SequencedFrame | null {
    const head = this.#heldHead;
    const body = this.#heldBody;
    if (head === null) return null;
    this.#heldHead = null;
    this.#heldBody = null;
    return wholeResponse(head, body === null ? nothing : asPayload(body));
  }

  get #repeatable(): boolean {
    return idempotentMethods.has(this.#start.method) && (!this.#start.hasBody || this.#kept !== null);
  }

  async #connect(): Promise<void> {
    const dialling = new AbortController();
    this.#dialling = dialling;
    try {
      const connection = await this.#backend.pool.connect(dialling.signal);
      this.#dialling = null;
      if (this.#stream === null) connection.abort();
      else this.#use(connection);
    } catch (error) {
      this.#dialling = null;
      if (this.#stream === null) return;
      const timedOut = error instanceof DialError && error.timedOut;
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(timedOut ? resetCodes.originTimeout : resetCodes.originUnreachable, reason);
    }
  }

  #use(connection: OriginConnection): void {
    const { method, target, headers, hasBody } = this.#start;
    this.#connection = connection;
    connection.begin(this, method);
    const again = this.#kept;
    this.#kept = hasBody && connection.exchanges > 1 && idempotentMethods.has(method) ? new KeptBody() : null;
    const out = this.#backend.headersFor(headers);
    this.#chunked = hasBody && headerValue(headers, "content-length") === undefined;
    const all = this.#chunked ? [...out, "Transfer-Encoding", "chunked"] : out;
    try {
      writeRequestHead(connection.socket, method, this.#backend.targetOf(target), all);
    } catch (error) {
      // Only a gateway that lets through what no client could send gets here.
      this.#fail(resetCodes.internal, error instanceof Error ? error.message : String(error));
      return;
    }
    if (again !== null) {
      for (const frame of again.frames()) this.#send(frame);
    }
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      for (const frame of waiting) this.#write(frame);
    }
    if (!this.#requestDone) return;
    connection.socket.flush();
    this.#backend.watch(this);
  }

  #write(frame: SequencedFrame): void {
    if (this.#kept?.add(frame) === false) this.#kept = null;
    if (!this.#send(frame)) return;
    const bytes = payloadBytes(frame);
    if (!this.#connection!.socket.congested) return this.#stream?.delivered(1, bytes);
    (this.#undelivered ??= new UndeliveredFrames()).add(bytes);
    if (!this.#responseBegun && !this.#requestDone) this.#backend.watch(this);
  }

  /** @returns `false` when the request is over with it */
  #send(frame: SequencedFrame): boolean {
    const socket = this.#connection!.socket;
    switch (frame.type) {
      case frameTypes.bodyChunk:
        if (this.#chunked) {
          // A chunk of no bytes would end the body.
          if (frame.bytes.length === 0) break;
          writeChunkHeader(socket, frame.bytes.length);
          socket.write(frame.bytes);
          socket.write(chunkEnd);
        } else {
          socket.write(frame.bytes);
        }
        break;
      case frameTypes.bodyEnd:
        if (frame.cut) {
          this.#stream?.delivered(1, 0);
          return false;
        }
        if (this.#chunked && !this.#endChunks(frame.trailers)) return false;
        this.#requestDone = true;
        if (!this.#responseBegun) this.#backend.watch(this);
        break;
      default:
        throw new TypeError(`${frameName(frame.type)} came for an HTTP request`);
    }
    return true;
  }

  /** @returns `false` when the trailers are none that could be sent: no client could have sent them either */
  #endChunks(trailers: RawHeaders): boolean {
    try {
      writeLastChunk(this.#connection!.socket, trailers);
      return true;
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.#fail(resetCodes.internal, error.message);
      return false;
    }
  }

  #fail(code: number, reason: string): void {
    const stream = this.#stream;
    this.#letGo();
    stream?.reset(code, reason);
    stream?.release();
  }

  /** Lets go of the origin; what the handler holds of the stream is released too. */
  #letGo(): void {
    const stream = this.#stream;
    const connection = this.#connection;
    this.#stream = null;
    this.#connection = null;
    this.#waiting = this.#kept = null;
    this.#heldHead = null;
    this.#heldBody = null;
    this.#backend.unwatch(this);
    this.#dialling?.abort();
    connection?.abort();
    if (stream?.phase !== "open") stream?.release();
  }
}
