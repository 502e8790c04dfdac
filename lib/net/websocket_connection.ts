import {
  copyMasked,
  encodeClose,
  encodeFrame,
  frameHeaderBytes,
  FrameParser,
  maskInPlace,
  maxFrameHeaderBytes,
  nextMaskKey,
  opcodes,
  WebSocketError,
  writeFrameHeader,
} from "../websocket/mod.ts";
import { bytePool } from "../session/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { ByteSocket } from "./byte_socket.ts";
import type { ByteSocketHandler } from "./byte_socket_handler.ts";
import { messagesGoTogether } from "./native/native.ts";

/** What the owner of a {@link WebSocketConnection} is told. */
export interface WebSocketHandler {
  /**
   * A whole small message, or part of a large one. Bytes of up to 1 KiB are the owner's to keep, unless the connection was made
   * for one that does not; larger ones are valid during the call alone.
   */
  part(binary: boolean, bytes: Uint8Array, final: boolean): void;
  /**
   * Two or more whole small messages that came together, one behind the other in `bytes`, which is as in {@link part}. Needed where
   * {@link WebSocketConnection.together} is set.
   */
  messages?(binary: boolean, sizes: number[], bytes: Uint8Array): void;
  /** The peer sent its close frame; `code` is `null` when it had none. The owner answers with `close`, unless it had closed first. */
  closing(code: number | null, reason: string): void;
  /** The write queue has drained. */
  drained(): void;
  /** The connection is gone. `clean` when close frames went both ways. */
  closed(clean: boolean, error: Error | null): void;
  /** The peer answered a ping. */
  ponged?(): void;
}

export interface WebSocketConnectionOptions {
  side: "client" | "server";
  handler: WebSocketHandler;
  /** Bytes that were read along with the handshake. */
  head?: Uint8Array;
  maxPartBytes?: number;
  maxMessageBytes?: number;
  /** See {@link WebSocketConnection.together}. @default false */
  together?: boolean;
  /** Whether the handler keeps small parts; if not, they are valid during the call alone. @default true */
  keepsSmallParts?: boolean;
  /**
   * Once a close frame went out: how long a peer may take nothing of what is queued before that, send on without an answer, or be
   * held back by the owner without being read at all, milliseconds. For one that does none of these it is 5 s at most.
   *
   * @default 30000
   */
  patienceMs?: number;
}

/** How often a peer that is to end the connection is looked at, milliseconds: one that does nothing is given up at the first time. */
const closeTimeoutMs = 5_000;

const defaultPatienceMs = 30_000;

/** Pongs are not queued behind more than this: a peer that pings without reading gets no answer. */
const maxBufferedForPong = 1024 * 1024;

/**
 * A WebSocket (RFC 6455) after its handshake, over a {@link ByteSocket}: messages stream in parts both ways,
 * reading can be paused, pings are answered here.
 */
export class WebSocketConnection implements ByteSocketHandler {
  readonly #socket: ByteSocket;
  readonly #parser: FrameParser;
  readonly #handler: WebSocketHandler;
  readonly #masked: boolean;
  readonly #head: Uint8Array | null;
  #inMessage = false;
  #closeSent = false;
  #closeReceived = false;
  #closeTimer: ReturnType<typeof setTimeout> | null = null;
  /** Of the socket, when the WebSocket began. */
  readonly #sentBefore: number;
  readonly #receivedBefore: number;
  /** The peer broke RFC 6455. */
  #violation: WebSocketError | null = null;
  /** What the peer still sends is read and dropped: a socket closed with unread bytes is reset, and all that was sent to it and not read is lost. */
  #drops = false;
  readonly #patienceMs: number;
  /** How often in a row the peer was looked at, and had got no further. */
  #looks = 0;

  /** @param socket is taken over: its handler becomes this connection */
  constructor(socket: ByteSocket, options: WebSocketConnectionOptions) {
    this.#socket = socket;
    this.#handler = options.handler;
    this.#masked = options.side === "client";
    this.#head = options.head ?? null;
    this.#patienceMs = options.patienceMs ?? defaultPatienceMs;
    // The handshake went over the same socket; what was read along with it is the WebSocket's already.
    this.#sentBefore = socket.sentBytes + socket.bufferedBytes;
    this.#receivedBefore = socket.receivedBytes - (options.head?.length ?? 0);
    this.#parser = new FrameParser({
      expectMasked: options.side === "server",
      maxPartBytes: options.maxPartBytes,
      maxMessageBytes: options.maxMessageBytes,
      buffers: bytePool,
      keepsSmallParts: options.keepsSmallParts,
    }, {
      part: (binary, bytes, final) => this.#handler.part(binary, bytes, final),
      messages: (binary, sizes, bytes) => {
        messagesGoTogether(sizes.length);
        this.#handler.messages!(binary, sizes, bytes);
      },
      ping: (bytes) => this.#pong(bytes),
      pong: () => this.#handler.ponged?.(),
      close: (code, reason) => {
        this.#closeReceived = true;
        const answered = this.#closeSent;
        this.#handler.closing(code, reason);
        if (answered) this.#socket.end();
      },
    });
    this.#parser.together = options.together ?? false;
    socket.handler = this;
    keepWarm(this);
  }

  /** Whether small messages that come together are handed out so, and not a part each. */
  set together(together: boolean) {
    this.#parser.together = together;
  }

  /** Handles what was read along with the handshake; further bytes come from the socket's reading. */
  readHead(): void {
    if (this.#head !== null && this.#head.length > 0) this.data(this.#head);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  /** Whether so much is queued that the owner should wait for `drained`. */
  get congested(): boolean {
    return this.#socket.congested;
  }

  /** Whether something that was sent never reached the kernel, and never will. */
  get hasLost(): boolean {
    return this.#socket.hasLost;
  }

  /** Whether a close frame went out, so that nothing more may be sent. */
  get closeSent(): boolean {
    return this.#closeSent;
  }

  get closing(): boolean {
    return this.#closeSent || this.#closeReceived;
  }

  /** Bytes since the handshake, framing included. */
  get receivedBytes(): number {
    return this.#socket.receivedBytes - this.#receivedBefore;
  }

  get sentBytes(): number {
    return Math.max(0, this.#socket.sentBytes - this.#sentBefore);
  }

  get paused(): boolean {
    return this.#socket.paused;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a whole message or the next part of one. */
  sendPart(binary: boolean, bytes: Uint8Array, final: boolean): void {
    if (this.#closeSent) return;
    const opcode = this.#inMessage ? opcodes.continuation : binary ? opcodes.binary : opcodes.text;
    this.#inMessage = !final;
    this.#sendFrame(opcode, final, bytes);
  }

  /** Sends whole messages, which lie one behind the other in `bytes`. Not to be called between the parts of another. */
  sendMessages(binary: boolean, sizes: readonly number[], bytes: Uint8Array): void {
    if (this.#closeSent) return;
    messagesGoTogether(sizes.length);
    const opcode = binary ? opcodes.binary : opcodes.text;
    let count = bytes.length;
    for (let i = 0; i < sizes.length; i++) count += frameHeaderBytes(sizes[i], this.#masked);
    const frames = this.#socket.claim(count);
    if (frames === null) return;
    let to = this.#socket.claimedAt;
    let from = 0;
    for (let i = 0; i < sizes.length; i++) {
      const payloadBytes = sizes[i];
      const maskKey = this.#masked ? nextMaskKey() : null;
      to = writeFrameHeader(frames, to, { opcode, final: true, payloadBytes, maskKey });
      // A key of zeros changes nothing.
      copyMasked(bytes, from, from + payloadBytes, frames, to, maskKey ?? 0, 0);
      from += payloadBytes;
      to += payloadBytes;
    }
    this.#socket.flushAlone();
  }

  /**
   * Sends a whole binary message from where it lies: in a buffer of the pool's, which is taken over, behind
   * {@link maxFrameHeaderBytes} that are free. It is masked there, and its header written in front of it. Not to be called
   * between the parts of another message.
   */
  sendInPlace(buffer: Uint8Array): void {
    if (this.#closeSent) return bytePool.giveBack(buffer);
    const payloadBytes = buffer.length - maxFrameHeaderBytes;
    const from = maxFrameHeaderBytes - frameHeaderBytes(payloadBytes, this.#masked);
    const maskKey = this.#masked ? nextMaskKey() : null;
    writeFrameHeader(buffer, from, { opcode: opcodes.binary, final: true, payloadBytes, maskKey });
    if (maskKey !== null) maskInPlace(buffer, maxFrameHeaderBytes, buffer.length, maskKey);
    this.#socket.writeOwned(buffer.subarray(from));
    this.#socket.flushAlone();
  }

  /** Whether the last part sent was not the final one of its message. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  sendPing(): void {
    if (!this.#closeSent) {
      this.#socket.write(encodeFrame(opcodes.ping, true, new Uint8Array(0), this.#masked));
    }
  }

  /** Sends a close frame, then waits for the peer's. `null` sends one without a code. */
  close(code: number | null, reason = ""): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#socket.write(encodeClose(code, reason, this.#masked));
    this.#expectEnd();
    if (this.#closeReceived) {
      this.#socket.end();
    } else {
      // The peer's close frame is to be read, unless the owner pauses again: it lies behind what the peer had sent.
      this.#socket.resume();
    }
  }

  /** Drops the connection without a close frame, as a crash would, once what is queued has gone out and the peer has seen its end. */
  breakOff(): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#expectEnd();
    this.#drop();
  }

  /** Drops the connection without a close frame, as a crash would: the peer sees 1006. */
  destroy(error: Error | null = null): void {
    this.#socket.destroy(error);
  }

  // ── ByteSocketHandler ──

  data(bytes: Uint8Array): void {
    if (this.#drops) return;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.#violation = error;
      this.close(error.closeCode, error.message);
      this.#drop();
    }
  }

  drained(): void {
    this.#handler.drained();
  }

  ended(): void {
    // Within a close handshake, and for a peer that is broken off, the rest is still written; without one the peer broke off.
    if (this.#drops) this.#socket.end();
    else if (!this.#closeSent || !this.#closeReceived) this.#socket.destroy(null);
  }

  closed(error: Error | null): void {
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    const clean = this.#closeSent && this.#closeReceived && this.#violation === null;
    this.#handler.closed(clean, error ?? this.#violation);
  }

  /** Sends a FIN behind what is queued, and listens to the peer no more. */
  #drop(): void {
    this.#drops = true;
    this.#socket.closeWrite();
    this.#socket.resume();
  }

  /**
   * Gives up on a peer that neither ends the connection nor takes what is queued. A slow one may take its time, and so may one
   * whose answer lies behind what the owner does not read for now, as long as that gets on.
   */
  #expectEnd(): void {
    const { sentBytes, receivedBytes } = this.#socket;
    this.#closeTimer = setTimeout(() => {
      const socket = this.#socket;
      const takes = socket.sentBytes !== sentBytes;
      const says = socket.receivedBytes !== receivedBytes;
      const awaitsClose = !this.#drops && !this.#closeReceived;
      const isHeld = awaitsClose && socket.paused;
      if (takes || (isHeld && says)) this.#looks = 0;
      // It may still be reading what the kernel has, or have more to say before its answer.
      const sends = (this.#drops || awaitsClose) && says;
      const mayGetOn = isHeld || sends || socket.bufferedBytes > 0;
      if (takes || (mayGetOn && ++this.#looks * closeTimeoutMs < this.#patienceMs)) this.#expectEnd();
      else socket.destroy(null);
    }, closeTimeoutMs);
  }

  /** `payload` is copied, so it may be re-used afterwards. */
  #sendFrame(opcode: number, final: boolean, payload: Uint8Array): void {
    const payloadBytes = payload.length;
    const headerBytes = frameHeaderBytes(payloadBytes, this.#masked);
    const frame = this.#socket.claim(headerBytes + payloadBytes);
    if (frame === null) return;
    const maskKey = this.#masked ? nextMaskKey() : null;
    const { claimedAt } = this.#socket;
    const offset = writeFrameHeader(frame, claimedAt, { opcode, final, payloadBytes, maskKey });
    if (maskKey === null) frame.set(payload, offset);
    else copyMasked(payload, 0, payloadBytes, frame, offset, maskKey, 0);
    this.#socket.flushAlone();
  }

  #pong(bytes: Uint8Array): void {
    if (this.#closeSent || this.#socket.bufferedBytes > maxBufferedForPong) return;
    this.#socket.write(encodeFrame(opcodes.pong, true, bytes, this.#masked));
  }
}
