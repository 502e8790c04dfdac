import { type BodySink, hasToken, type RawHeaders } from "../http1/mod.ts";
import { asPayload } from "../net/mod.ts";
import {
  frameName,
  frameTypes,
  maxPartBytes,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
} from "../protocol/mod.ts";
import { bodyEnd, heldBytesOf, type Stream, type StreamHandler, UndeliveredFrames } from "../session/mod.ts";
import type { ExchangeObserver, LinkChange } from "../telemetry/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { tellExchangeEnd } from "./exchange_end.ts";
import type { HttpExchangeOptions } from "./exchange_options.ts";
import { forwardedHeaders } from "./forwarded.ts";
import type { Sleeper } from "./hibernation.ts";
import { badRequest, type Problem, problemOfReset } from "./problem.ts";
import { LengthError } from "./response_writer.ts";
import type { Runner } from "./runner_session.ts";
import { observe, type WaitingStatus, waitingStatus } from "./observe.ts";

/** Methods whose effect is the same when they are carried out twice (RFC 9110, 9.2.2). */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

const noFrames: readonly SequencedFrame[] = [];

/** One client request and its response, carried over a stream. */
export class HttpExchange implements StreamHandler, BodySink, Sleeper {
  readonly #options: HttpExchangeOptions;
  readonly #startedAtMs: number;
  #stream: Stream | null = null;
  #paused = false;
  #undelivered: UndeliveredFrames | null = null;
  #done = false;
  #requestDone: boolean;
  #requestId = 0;
  /** The request's frames while no stream carries them. */
  #held: readonly SequencedFrame[] = noFrames;
  #repeated = false;
  readonly #observer: ExchangeObserver | null;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
    this.#requestDone = !options.hasBody;
    this.#startedAtMs = options.context.clock.turnMs();
    this.#observer = observe("http", options);
    keepWarm(this);
  }

  /** Opens the stream. */
  start(): void {
    this.#open(this.#options.runner);
    this.#stream?.push(this.#startFrame());
    if (this.#requestDone) this.#observer?.requestEnd();
  }

  // ── Sleeper: the runner's process is gone, and the request may be repeated on another ──

  get runnerName(): string {
    return this.#options.runner.name;
  }

  /** The client's address. */
  get client(): string {
    return this.#options.client.address;
  }

  /** How it stands while it waits for a runner. */
  waitingStatus(): WaitingStatus {
    const { heldBytes } = this;
    const [requestId, startedAtMs, heldFrames] = [this.#requestId, this.#startedAtMs, this.#held.length];
    return waitingStatus("http", this.#options, { requestId, startedAtMs, heldFrames, heldBytes });
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const frame of this.#held) bytes += heldBytesOf(frame);
    return bytes;
  }

  wake(runner: Runner): void {
    const held = this.#held;
    this.#held = noFrames;
    this.#open(runner);
    for (const frame of held) this.#stream?.push(frame);
    if (this.#stream?.writable) this.writable();
    this.linkChanged("woken", "the request is repeated on another session");
  }

  /** Called when the link under the stream comes or goes. */
  linkChanged(change: LinkChange, detail: string): void {
    this.#observer?.linkChanged(change, detail);
  }

  expire(reason: string): void {
    this.#held = noFrames;
    this.#fail(problemOfReset(resetCodes.resumeTimeout, reason));
  }

  shed(reason: string): void {
    this.#options.context.awake(this);
    this.#held = noFrames;
    this.#giveUp(reason, resetCodes.limit);
    this.#fail(problemOfReset(resetCodes.limit, reason));
  }

  // ── the request, from the client connection ──

  data(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream?.sendDone) return;
    this.#observer?.requestBody(bytes);
    for (let from = 0; from < bytes.length; from += maxPartBytes) {
      const piece = from === 0 && bytes.length <= maxPartBytes
        ? bytes
        : bytes.subarray(from, from + maxPartBytes);
      this.#push({
        type: frameTypes.bodyChunk,
        gatewayId: 0,
        requestId: 0,
        index: 0,
        bytes: stream === null ? piece.slice() : asPayload(piece),
      });
    }
    this.#options.context.held(bytes.length);
    // It may have been too much, and this exchange among those that were ended for it.
    if (this.#done) return;
    // What waits for another runner is not added to: its client is read on when that runner is there.
    if (!this.#stream?.writable && !this.#paused) {
      this.#paused = true;
      this.#options.connection.pauseReading();
    }
  }

  requestEnd(trailers: RawHeaders): void {
    this.#requestDone = true;
    if (this.#stream?.sendDone) return;
    this.#push(bodyEnd({ trailers }));
    this.#observer?.requestEnd();
  }

  /** Whether the client has been given the beginning of its response. */
  get answers(): boolean {
    return this.#options.response.started;
  }

  /** The client's request body broke the rules of HTTP, or did not go on. */
  requestBroken(message: string, status: number): void {
    this.#options.context.awake(this);
    this.#giveUp(message);
    this.#fail(badRequest(status, message));
  }

  /** The client closed its connection. */
  clientGone(): void {
    if (this.#done) return;
    this.#options.context.awake(this);
    if (this.#requestDone && this.#options.response.isWhole) return this.#endWithoutClient();
    this.#giveUp("the client closed the connection");
    this.#finish("client_gone");
  }

  /** The client socket fell below its low-water mark. */
  drained(): void {
    this.#undelivered?.deliver(this.#stream);
  }

  // ── StreamHandler: the response, from the runner ──

  frame(frame: SequencedFrame): void {
    const { response, socket } = this.#options;
    try {
      switch (frame.type) {
        case frameTypes.responseStart:
          // The connection closes when the answer ends first, and a client that has sent all by then would send its next
          // request over it.
          if (!this.#requestDone) response.closeAfter();
          response.start(frame.status, frame.reason, frame.headers);
          this.#observer?.responded(frame.status, frame.headers);
          break;
        case frameTypes.bodyChunk:
          response.chunk(frame.bytes);
          this.#observer?.responseBody(frame.bytes);
          break;
        case frameTypes.bodyEnd:
          response.end(this.#wantsTrailers() ? frame.trailers : []);
          this.#complete(frame);
          return;
        case frameTypes.response:
          response.start(frame.status, frame.reason, frame.headers);
          this.#observer?.responded(frame.status, frame.headers);
          if (frame.bytes.length > 0) {
            response.chunk(frame.bytes);
            this.#observer?.responseBody(frame.bytes);
          }
          response.end([]);
          this.#complete(frame);
          return;
        default:
          throw new TypeError(`${frameName(frame.type)} came for an HTTP request`);
      }
    } catch (error) {
      if (!(error instanceof LengthError) && !(error instanceof RangeError)) throw error;
      this.#giveUp(error.message);
      this.#fail(problemOfReset(resetCodes.originFailed, error.message));
      return;
    }
    this.#delivered(frame, socket.congested);
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.connection.resumeReading();
  }

  reset(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    const sessionLost = code === resetCodes.linkLost || code === resetCodes.resumeTimeout;
    const notSent = code === resetCodes.originUnreachable;
    if (!this.#done && (sessionLost || notSent) && stream !== null && this.#mayRepeat(stream, notSent)) {
      this.#repeated = true;
      const { context, runner: tried } = this.#options;
      const body = stream.takeUnacknowledged().filter((frame) => frame.type !== frameTypes.requestStart);
      this.#held = [this.#startFrame(), ...body];
      // After the resume window nobody is waited for any longer.
      const windowMs = code === resetCodes.linkLost ? context.resumeWindowMs : 0;
      const runner = notSent ? context.pickInstead(tried) : context.carryOn(this, windowMs);
      if (runner !== null) {
        stream.release();
        if (!notSent) this.linkChanged("hibernating", reason);
        if (runner !== "wait") this.wake(runner);
        return;
      }
    }
    stream?.release();
    if (!this.#done) this.#fail(problemOfReset(code, reason));
  }

  // ── private ──

  #open(runner: Runner): void {
    const stream = runner.open("http", this);
    this.#stream = stream;
    this.#requestId = stream.requestId;
    this.#observer?.opened(stream.id);
  }

  #push(frame: SequencedFrame): void {
    if (this.#stream === null) this.#held = [...this.#held, frame];
    else this.#stream.push(frame);
  }

  /**
   * Whether the request can be sent again as if for the first time: it is idempotent, no response has begun,
   * and all of it is still here. Once is enough: a request that brings runners down must not go round.
   *
   * Of a body the end must still be here, too: it has no bytes, but an index, behind that of the head.
   *
   * @param notSent no origin has had any of it: then it need not be idempotent
   */
  #mayRepeat(stream: Stream, notSent: boolean): boolean {
    const { head, response, hasBody } = this.#options;
    if (this.#repeated || response.started) return false;
    if (!notSent && !idempotentMethods.has(head.method)) return false;
    return !hasBody || (stream.send.releasedBytes === 0 && stream.send.acknowledgedIndex <= 1);
  }

  #startFrame(): SequencedFrame {
    const { head, client, context, hasBody } = this.#options;
    const headers = forwardedHeaders(head.headers, client, context.trustForwarded);
    return {
      type: frameTypes.requestStart,
      gatewayId: 0,
      requestId: 0,
      index: 0,
      method: head.method,
      target: head.target,
      headers: this.#observer?.propagate?.(headers) ?? headers,
      hasBody,
    };
  }

  #delivered(frame: SequencedFrame, congested: boolean): void {
    const bytes = payloadBytes(frame);
    if (congested) (this.#undelivered ??= new UndeliveredFrames()).add(bytes);
    else this.#stream?.delivered(1, bytes);
  }

  #wantsTrailers(): boolean {
    return hasToken(this.#options.head.headers, "te", "trailers");
  }

  /** @param last the frame that completed the response */
  #complete(last: SequencedFrame): void {
    this.#options.socket.flush();
    this.#delivered(last, false);
    this.drained();
    const stream = this.#stream;
    this.#stream = null;
    stream?.release();
    const { connection, response } = this.#options;
    this.#finish(null);
    connection.responseDone(response.keepAlive);
  }

  /** The client has counted its bytes and left. All that can still come is the word that these were all. */
  #endWithoutClient(): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.release();
    this.#finish(null);
  }

  /** Tells the runner that nobody waits for the stream any more. */
  #giveUp(reason: string, code: number = resetCodes.cancelled): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.reset(code, reason);
    stream?.release();
  }

  #fail(problem: Problem): void {
    const { connection, response } = this.#options;
    // A response that has begun cannot become another one: break it off, so that no client takes it for whole.
    if (response.started) return this.#breakOff(problem.code);
    // What is left of the request's body is not read, so that nothing can follow it.
    if (!this.#requestDone) response.closeAfter();
    response.problem(problem);
    this.#finish(problem.code);
    connection.responseDone(response.keepAlive);
  }

  #breakOff(problem: string): void {
    this.#finish(problem);
    this.#options.connection.destroy();
  }

  #finish(problem: string | null): void {
    if (this.#done) return;
    this.#done = true;
    const { response } = this.#options;
    tellExchangeEnd(this.#options, {
      kind: "http",
      status: response.started ? response.status : 499,
      startedAtMs: this.#startedAtMs,
      requestId: this.#requestId,
      problem,
      observer: this.#observer,
    });
  }
}
