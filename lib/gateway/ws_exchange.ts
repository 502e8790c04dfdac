import { EncodeError, headerValue, type RawHeaders } from "../http1/mod.ts";
import { type ByteSocketHandler, concatBytes, sendMessages, type WebSocketHandler } from "../net/mod.ts";
import {
  frameName,
  frameTypes,
  keepPayload,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
  type WsMessageFrame,
  type WsMessagesFrame,
} from "../protocol/mod.ts";
import { heldPayloadBytesOf, type Stream, type StreamHandler, UndeliveredFrames } from "../session/mod.ts";
import { type ExchangeObserver, type LinkChange, tellMessages } from "../telemetry/mod.ts";
import { tellExchangeEnd } from "./exchange_end.ts";
import type { ClientWebSocket, WsExchangeOptions } from "./exchange_options.ts";
import type { Sleeper } from "./hibernation.ts";
import { closeCodeOfReset, problemOfReset, reasonForClient } from "./problem.ts";
import type { Runner } from "./runner_session.ts";
import { observe, type WaitingStatus, waitingStatus } from "./observe.ts";
import { passRefusal, type RefusalFrame } from "./upgrade_refusal.ts";
import { clientIsGone, closeReason, endAsOrigin, isAnswered, isOverFor, wsClose } from "./ws_close.ts";
import { encodeAccept, wsOpen } from "./ws_headers.ts";
import { WsRest } from "./ws_rest.ts";

/** `opening`: the origin is being dialled; `refusing`: its refusal is passed on; `open`: the client is connected. */
type State = "opening" | "refusing" | "open" | "closed";

/** Most a client may send before its WebSocket is accepted, bytes. */
const maxEarlyBytes = 64 * 1024;

/** One client WebSocket, carried over a stream. */
export class WsExchange implements StreamHandler, WebSocketHandler, ByteSocketHandler, Sleeper {
  readonly #options: WsExchangeOptions;
  readonly #startedAtMs: number;
  #state: State = "opening";
  #stream: Stream | null = null;
  #connection: ClientWebSocket | null = null;
  #early: Uint8Array;
  #paused = false;
  readonly #undelivered = new UndeliveredFrames();
  #status = 0;
  #requestId = 0;
  /** Subprotocol the client was accepted with. */
  #subprotocol = "";
  /** The client while no stream carries it. */
  readonly #rest: WsRest;
  /** The client was accepted long ago, and its stream's origin has not accepted it again: the runner it woke on. */
  #wakingOn: Runner | null = null;
  #retried = false;
  readonly #observer: ExchangeObserver | null;

  constructor(options: WsExchangeOptions) {
    this.#options = options;
    this.#startedAtMs = options.context.clock.turnMs();
    this.#early = options.early;
    this.#rest = new WsRest(this, options.context);
    options.socket.handler = this;
    this.#observer = observe("websocket", options);
  }

  /** Opens the stream; the runner dials the origin, whose answer decides. */
  start(): void {
    this.#open(this.#options.runner);
  }

  // ── Sleeper: the runner's process is gone, the client stays ──

  get runnerName(): string {
    return this.#options.runner.name;
  }

  /** The client's address. */
  get client(): string {
    return this.#options.client.address;
  }

  /** How it stands while it waits for a runner. */
  waitingStatus(): WaitingStatus {
    const [requestId, startedAtMs] = [this.#requestId, this.#startedAtMs];
    const { frames: heldFrames, bytes: heldBytes } = this.#rest.held;
    return waitingStatus("websocket", this.#options, { requestId, startedAtMs, heldFrames, heldBytes });
  }

  get heldBytes(): number {
    return this.#rest.held.bytes;
  }

  wake(runner: Runner): void {
    const held = this.#rest.wake();
    this.#open(runner);
    for (const frame of held) this.#stream?.push(frame);
    if (this.#stream?.writable) this.writable();
    if (this.#state === "opening") this.linkChanged("woken", "the upgrade is repeated on another session");
  }

  /** The link under the stream came or went. */
  linkChanged(change: LinkChange, detail: string): void {
    this.#observer?.linkChanged(change, detail);
  }

  expire(reason: string): void {
    this.#rest.end();
    this.#end(resetCodes.resumeTimeout, reason);
  }

  shed(reason: string): void {
    this.#rest.end();
    this.#giveUp(resetCodes.limit, reason);
    this.#end(resetCodes.limit, reason);
  }

  // ── ByteSocketHandler: the client's socket until the WebSocket is accepted ──

  data(bytes: Uint8Array): void {
    if (this.#state !== "opening") return; // No WebSocket will take it.
    this.#early = concatBytes(this.#early, bytes);
    if (this.#early.length > maxEarlyBytes) this.#options.socket.pause();
  }

  ended(): void {
    // Nothing more comes that would have to be read before the connection may close.
    if (this.#state === "closed") this.#options.socket.end();
    else this.#options.socket.destroy(null);
  }

  // ── both: the socket, or the WebSocket over it ──

  drained(): void {
    this.#undelivered.deliver(this.#stream);
  }

  closed(_clean: unknown, error?: Error | null): void {
    this.#rest.end();
    const stream = this.#stream;
    this.#stream = null;
    if (stream !== null) clientIsGone(stream, { wasOpen: this.#state === "open", error });
    this.#finish(null);
    this.#options.closed();
  }

  // ── WebSocketHandler: from the client ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    this.#take({ type: frameTypes.wsMessage, gatewayId: 0, requestId: 0, index: 0, binary, final, bytes });
  }

  messages(binary: boolean, sizes: number[], bytes: Uint8Array): void {
    this.#take({ type: frameTypes.wsMessages, gatewayId: 0, requestId: 0, index: 0, binary, sizes, bytes });
  }

  closing(code: number | null, reason: string): void {
    this.#observer?.closing("received", code, reason);
    // Nobody is there to be told, and no runner needs to be any more.
    if (this.#rest.asleep) this.#rest.end();
    const stream = this.#stream;
    if (stream === null) this.#connection?.close(code, reason);
    else if (!stream.sendDone) stream.push(wsClose(code ?? 1005, reason));
  }

  // ── StreamHandler: from the runner ──

  frame(frame: SequencedFrame): void {
    switch (frame.type) {
      case frameTypes.wsAccept:
        this.#accept(frame.headers);
        if (this.#connection !== null) this.#connection.together = frame.together;
        break;
      case frameTypes.wsMessage:
      case frameTypes.wsMessages:
        if (this.#connection !== null) sendMessages(this.#connection, frame);
        tellMessages(this.#observer, "sent", frame); // Last: the client goes on meanwhile.
        break;
      case frameTypes.wsClose:
        this.#closeFromOrigin(frame.code, frame.reason);
        break;
      case frameTypes.responseStart:
      case frameTypes.bodyChunk:
      case frameTypes.bodyEnd:
        this.#refuse(frame);
        break;
      default:
        throw new TypeError(`${frameName(frame.type)} came for a WebSocket`);
    }
    const bytes = payloadBytes(frame);
    if (this.#options.socket.congested) this.#undelivered.add(bytes);
    else this.#stream?.delivered(1, bytes);
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection?.resume();
  }

  reset(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    const sessionLost = code === resetCodes.linkLost || code === resetCodes.resumeTimeout;
    const originAway = this.#wakingOn !== null &&
      (code === resetCodes.originUnreachable || code === resetCodes.originTimeout);
    const isOver = stream !== null && this.#state === "open" && isOverFor(stream, originAway);
    if (isOver && (sessionLost || originAway)) {
      stream.release();
      return this.#connection?.close(1000);
    }
    if (stream !== null && sessionLost && this.#goesOn(stream, code, reason)) return;
    if (stream !== null && originAway) return this.#waitForOrigin(stream, reason);
    stream?.release();
    if (code === resetCodes.originUnreachable && this.#opensInstead()) return;
    this.#end(code, reason);
  }

  // ── private ──

  /** The origin could not be reached. @returns whether that of another runner is tried, which it is once */
  #opensInstead(): boolean {
    const { context, runner: tried } = this.#options;
    const runner = this.#state === "opening" && !this.#retried ? context.pickInstead(tried) : null;
    this.#retried ||= runner !== null;
    if (runner !== null) this.#open(runner);
    return runner !== null;
  }

  /** The runner's process is gone. @returns whether the client goes on with another, now or when it comes */
  #goesOn(stream: Stream, code: number, reason: string): boolean {
    if (!this.#maySleep(stream)) return false;
    this.#undelivered.clear();
    const next = this.#rest.begin(stream.takeUnacknowledged(), code);
    if (next === null) return false;
    stream.release();
    if (this.#wakingOn === null) this.linkChanged("hibernating", reason);
    this.#wakingOn = null;
    if (next !== "wait") this.wake(next);
    return true;
  }

  /** The runner is back before its origin is: the client waits on, for as long as it would have waited for a runner. */
  #waitForOrigin(stream: Stream, reason: string): void {
    const runner = this.#wakingOn!;
    const waits = this.#rest.again(stream.takeUnacknowledged(), runner);
    stream.release();
    this.#options.context.logger.info("websocket.waits", { runner: runner.name, stream: stream.id, reason });
    if (!waits) this.#end(resetCodes.resumeTimeout, `the origin did not come back in time: ${reason}`);
  }

  #open(runner: Runner): void {
    if (this.#state === "open") this.#wakingOn = runner;
    const stream = runner.open("websocket", this);
    this.#stream = stream;
    this.#requestId = stream.requestId;
    this.#observer?.opened(stream.id);
    const resumed = this.#state === "open";
    stream.push(wsOpen(this.#options, { observer: this.#observer, resumed, subprotocol: this.#subprotocol }));
  }

  /**
   * Whether the client can go on with another runner. Not in the middle of a message: its other half is gone
   * with the process that had it. An upgrade that was not answered is tried once more, like a GET.
   */
  #maySleep(stream: Stream): boolean {
    if (this.#state === "opening") {
      const first = !this.#retried;
      this.#retried = true;
      return first;
    }
    const closing = stream.receiveDone || this.#connection === null || this.#connection.closeSent;
    return this.#state === "open" && !closing && !this.#connection?.inMessage && !stream.send.midMessage;
  }

  /** What the client sent goes on, and no more is read when that is too much. */
  #take(frame: WsMessageFrame | WsMessagesFrame): void {
    const stream = this.#stream;
    if (stream === null ? !this.#rest.asleep : stream.sendDone) return;
    tellMessages(this.#observer, "received", frame);
    this.#push(frame);
    this.#options.context.held(heldPayloadBytesOf(frame));
    if (!this.#full || this.#paused) return;
    this.#paused = true;
    this.#connection?.pause();
  }

  #push(frame: SequencedFrame): void {
    if (this.#stream === null) this.#rest.held.push(keepPayload(frame));
    else this.#stream.push(frame);
  }

  get #full(): boolean {
    return this.#stream !== null ? !this.#stream.writable : this.#rest.held.full;
  }

  /** The stream is over, and not by a close of the origin's: tells the client why. */
  #end(code: number, reason: string): void {
    if (this.#state === "opening") {
      const problem = problemOfReset(code, reason);
      this.#options.response.closeAfter();
      this.#options.response.problem(problem);
      this.#finish(problem.code);
      return this.#options.linger();
    }
    const closeCode = closeCodeOfReset(code);
    if (closeCode === null || this.#connection === null) return this.#options.socket.destroy(null);
    // The client was told of the origin's close, and may still answer it: nobody holds it back any more.
    if (this.#connection.closeSent) return this.writable();
    const said = closeReason(reasonForClient(code, reason));
    this.#observer?.closing("sent", closeCode, said);
    this.#connection.close(closeCode, said);
  }

  #accept(headers: RawHeaders): void {
    const subprotocol = headerValue(headers, "sec-websocket-protocol") ?? "";
    if (this.#state === "open") return this.#acceptedAgain(subprotocol);
    const { head, socket } = this.#options;
    try {
      socket.write(encodeAccept(head.headers, headers));
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.#giveUp(resetCodes.cancelled, error.message);
      return this.#end(resetCodes.originFailed, error.message);
    }
    this.#state = "open";
    this.#subprotocol = subprotocol;
    this.#status = 101;
    this.#observer?.responded(101, headers);
    const connection = this.#connection = this.#options.connect(this, this.#early);
    this.#early = new Uint8Array(0);
    socket.resume();
    connection.readHead();
  }

  /** Woken on another runner: the client was accepted long ago, and cannot be told of another subprotocol. */
  #acceptedAgain(subprotocol: string): void {
    this.#wakingOn = null;
    if (subprotocol !== this.#subprotocol) {
      return this.#abandon("the origin chose another subprotocol after a restart");
    }
    const { context, runner } = this.#options;
    context.originAnswers(runner.name);
    this.linkChanged("woken", `on session of runner ${runner.name}`);
    context.logger.info("websocket.woken", { runner: runner.name, stream: this.#stream?.id });
  }

  #closeFromOrigin(code: number, reason: string): void {
    this.#observer?.closing("sent", code === 1005 ? null : code, reason);
    if (this.#connection !== null) endAsOrigin(this.#connection, code, reason);
    // The client's answer is its own, and comes behind what it sends until then. An origin that broke off takes none.
    if (isAnswered(code)) {
      if (this.#paused) this.#connection?.pause();
    } else if (this.#stream?.sendDone === false) {
      this.#stream.push(wsClose(code, reason));
    }
  }

  /** A woken WebSocket cannot go on: the client is asked to come again (1012). */
  #abandon(reason: string): void {
    this.#giveUp(resetCodes.cancelled, reason);
    this.#connection?.close(1012, reason);
  }

  /** Tells the runner that the stream is over. */
  #giveUp(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.reset(code, reason);
    stream?.release();
  }

  /** The origin refused the upgrade: its real answer goes to the client. */
  #refuse(frame: RefusalFrame): void {
    const { response, socket } = this.#options;
    if (this.#state === "open") return this.#abandon("the origin refused the WebSocket after a restart");
    const complete = passRefusal(frame, response, this.#observer);
    if (complete instanceof Error) return socket.destroy(complete);
    if (frame.type === frameTypes.responseStart) {
      this.#state = "refusing";
      this.#status = frame.status;
      // Nothing more goes to the origin: this ends the request's direction of the stream.
      this.#stream?.push(wsClose(1005, ""));
    }
    if (!complete) return;
    this.#stream?.release();
    this.#stream = null;
    this.#finish(null);
    this.#options.linger();
  }

  #finish(problem: string | null): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { response } = this.#options;
    tellExchangeEnd(this.#options, {
      kind: "websocket",
      status: this.#status !== 0 ? this.#status : response.started ? response.status : 499,
      startedAtMs: this.#startedAtMs,
      requestId: this.#requestId,
      problem,
      observer: this.#observer,
    });
  }
}
