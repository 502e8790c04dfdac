import {
  hasToken,
  headerValue,
  type RawHeaders,
  type ResponseHead,
  stripHopByHop,
  writeRequestHead,
} from "../http1/mod.ts";
import {
  asPayload,
  type ByteSocket,
  DialError,
  type OriginConnection,
  type OriginExchange,
  sendMessages,
  WebSocketConnection,
  type WebSocketHandler,
} from "../net/mod.ts";
import {
  frameName,
  frameTypes,
  keepPayload,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler, UndeliveredFrames } from "../session/mod.ts";
import { acceptKey, isWireCloseCode, newHandshakeKey, upgradeRequestFields } from "../websocket/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import type { OriginBackend } from "./origin_backend.ts";
import { responseStart } from "./response_frames.ts";
import type { AwaitsOrigin } from "./waiting_list.ts";

/** One client WebSocket's stream, forwarded to a WebSocket of the origin. */
export class WsForward implements StreamHandler, OriginExchange, WebSocketHandler, AwaitsOrigin {
  waitingAt = -1;
  readonly #backend: OriginBackend;
  readonly #open: WsOpenFrame;
  readonly #key = newHandshakeKey();
  readonly #dialling = new AbortController();
  #stream: Stream | null;
  /** While the handshake is under way. */
  #origin: OriginConnection | null = null;
  #socket: ByteSocket | null = null;
  #connection: WebSocketConnection | null = null;
  /** Frames that came before the origin had accepted. */
  #waiting: SequencedFrame[] = [];
  #paused = false;
  readonly #undelivered = new UndeliveredFrames();
  #refusing = false;
  /** The code the client closed with. */
  #closeCode = 1005;

  constructor(backend: OriginBackend, stream: Stream, open: WsOpenFrame) {
    this.#backend = backend;
    this.#stream = stream;
    this.#open = open;
    keepWarm(this);
  }

  // ── StreamHandler: from the gateway ──

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.wsOpen) {
      this.#stream?.delivered(1, 0);
      void this.#dial();
    } else if (this.#refusing) {
      this.#stream?.delivered(1, payloadBytes(frame));
    } else if (this.#connection === null) {
      this.#waiting.push(keepPayload(frame));
    } else {
      this.#write(frame);
    }
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection?.resume();
    this.#origin?.socket.resume();
  }

  reset(): void {
    const stream = this.#stream;
    this.#letGo();
    stream?.release();
  }

  // ── OriginExchange: the origin's answer to the handshake ──

  upgraded(head: ResponseHead, socket: ByteSocket, early: Uint8Array): void {
    this.#origin = null;
    this.#backend.unwatch(this);
    const stream = this.#stream;
    if (stream === null) {
      socket.destroy(null);
      return;
    }
    const isWebSocket = hasToken(head.headers, "upgrade", "websocket") &&
      headerValue(head.headers, "sec-websocket-accept") === acceptKey(this.#key);
    if (!isWebSocket) {
      socket.destroy(null);
      this.#fail(resetCodes.originFailed, "the origin's 101 does not answer the WebSocket handshake");
      return;
    }
    this.#socket = socket;
    const connection = new WebSocketConnection(socket, {
      side: "client",
      handler: this,
      head: early,
      maxMessageBytes: this.#backend.maxMessageBytes,
      together: true,
    });
    this.#connection = connection;
    stream.push({
      type: frameTypes.wsAccept,
      gatewayId: 0,
      requestId: 0,
      index: 0,
      headers: stripHopByHop(head.headers),
      together: true,
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const frame of waiting) this.#write(frame);
    connection.readHead();
  }

  responseHead(head: ResponseHead): void {
    this.#refusing = true;
    this.#backend.unwatch(this);
    for (const frame of this.#waiting) this.#stream?.delivered(1, payloadBytes(frame));
    this.#waiting = [];
    this.#stream?.push(responseStart(head));
  }

  data(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.push({
      type: frameTypes.bodyChunk,
      gatewayId: 0,
      requestId: 0,
      index: 0,
      bytes: asPayload(bytes),
    });
    if (stream.writable || this.#paused) return;
    this.#paused = true;
    this.#origin?.socket.pause();
  }

  responseEnd(): void {
    this.#origin = null;
    const stream = this.#stream;
    this.#stream = null;
    stream?.push(bodyEnd());
    stream?.release();
  }

  failed(error: Error, begun: boolean): void {
    this.#origin = null;
    // One that says nothing at all may be about to end, or not be up yet: a woken WebSocket tries again.
    this.#fail(begun ? resetCodes.originFailed : resetCodes.originUnreachable, error.message);
  }

  /** The origin did not answer the handshake in time. */
  timedOut(): void {
    const seconds = this.#backend.responseTimeoutMs / 1000;
    this.#fail(
      resetCodes.originTimeout,
      `${this.#backend.host} did not answer the WebSocket handshake within ${seconds} s`,
    );
  }

  // ── WebSocketHandler: from the origin ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    const stream = this.#stream;
    if (stream === null || stream.sendDone) return;
    stream.push({ type: frameTypes.wsMessage, gatewayId: 0, requestId: 0, index: 0, binary, final, bytes });
    this.#pauseWhenFull(stream);
  }

  messages(binary: boolean, sizes: number[], bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === null || stream.sendDone) return;
    stream.push({ type: frameTypes.wsMessages, gatewayId: 0, requestId: 0, index: 0, binary, sizes, bytes });
    this.#pauseWhenFull(stream);
  }

  closing(code: number | null, reason: string): void {
    const stream = this.#stream;
    if (stream === null) {
      this.#connection?.close(code, reason);
      return;
    }
    if (!stream.sendDone) stream.push(wsClose(code ?? 1005, reason));
  }

  drained(): void {
    this.#undelivered.deliver(this.#stream);
  }

  closed(): void {
    const stream = this.#stream;
    const hasLost = this.#connection?.hasLost === true;
    this.#stream = null;
    this.#connection = null;
    if (stream === null) return;
    // In line behind what the origin had sent before. An origin that drops the connection where a close frame was
    // due has closed all the same, if it was given all that the client had sent.
    const isClosed = stream.receiveDone && !hasLost;
    if (!stream.sendDone) stream.push(wsClose(isClosed ? this.#closeCode : 1006, ""));
    stream.release();
  }

  // ── private ──

  async #dial(): Promise<void> {
    try {
      const origin = await this.#backend.pool.connect(this.#dialling.signal);
      if (this.#stream === null) {
        origin.abort();
        return;
      }
      this.#origin = origin;
      origin.begin(this, "GET");
      writeRequestHead(origin.socket, "GET", this.#backend.targetOf(this.#open.target), this.#handshake());
      this.#backend.watch(this);
    } catch (error) {
      if (this.#stream === null) return;
      const timedOut = error instanceof DialError && error.timedOut;
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(timedOut ? resetCodes.originTimeout : resetCodes.originUnreachable, reason);
    }
  }

  #handshake(): RawHeaders {
    return [
      ...this.#backend.headersFor(this.#open.headers),
      ...upgradeRequestFields(this.#key),
    ];
  }

  #write(frame: SequencedFrame): void {
    const connection = this.#connection!;
    switch (frame.type) {
      case frameTypes.wsMessage:
      case frameTypes.wsMessages:
        sendMessages(connection, frame);
        break;
      case frameTypes.wsClose:
        this.#closeCode = frame.code;
        if (frame.code !== 1005 && !isWireCloseCode(frame.code)) {
          // What no close frame may carry: the origin sees the connection break off.
          connection.breakOff();
          break;
        }
        connection.close(frame.code === 1005 ? null : frame.code, frame.reason);
        // What the origin sends before its answer goes no faster to the client than before.
        if (this.#paused) connection.pause();
        break;
      default:
        throw new TypeError(`${frameName(frame.type)} came for a WebSocket`);
    }
    const bytes = payloadBytes(frame);
    if (this.#socket?.congested) this.#undelivered.add(bytes);
    else this.#stream?.delivered(1, bytes);
  }

  #pauseWhenFull(stream: Stream): void {
    if (stream.writable || this.#paused) return;
    this.#paused = true;
    this.#connection?.pause();
  }

  #fail(code: number, reason: string): void {
    const stream = this.#stream;
    this.#letGo();
    stream?.reset(code, reason);
    stream?.release();
  }

  #letGo(): void {
    this.#backend.unwatch(this);
    this.#stream = null;
    this.#waiting = [];
    this.#dialling.abort();
    this.#origin?.abort();
    this.#origin = null;
    this.#connection?.destroy();
    this.#connection = null;
  }
}

function wsClose(code: number, reason: string): SequencedFrame {
  return { type: frameTypes.wsClose, gatewayId: 0, requestId: 0, index: 0, code, reason };
}
