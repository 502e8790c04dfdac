import {
  frameTypes,
  type RequestStartFrame,
  resetCodes,
  resetProblem,
  type SequencedFrame,
  type WsOpenFrame,
} from "../protocol/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import type { Stream, StreamTap } from "../session/mod.ts";
import type { Clock } from "../link/mod.ts";
import {
  type ExchangeObserver,
  type LinkChange,
  type Logger,
  pathOf,
  tellMessages,
  type TrafficObserver,
  type TunnelMetrics,
} from "../telemetry/mod.ts";

/** Counts one stream of a runner, and tells an onlooker of it. */
export class StreamWatch implements StreamTap {
  readonly #metrics: TunnelMetrics;
  readonly #observer: ExchangeObserver | null;
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #status = 0;
  #done = false;

  constructor(
    stream: Stream,
    options: {
      start: RequestStartFrame | WsOpenFrame;
      runner: string;
      metrics: TunnelMetrics;
      observer: TrafficObserver | undefined;
      clock: Clock;
      /** Its lines bear the session and the runner. */
      logger: Logger;
    },
  ) {
    this.#stream = stream;
    this.#metrics = options.metrics;
    this.#clock = options.clock;
    this.#logger = options.logger;
    const { start, runner, observer } = options;
    this.#observer = observer?.began({
      kind: stream.kind,
      method: start.type === frameTypes.requestStart ? start.method : "GET",
      target: start.target,
      headers: start.headers,
      // Found when somebody asks: most requests are not recorded.
      get client() {
        return clientOf(start.headers);
      },
      runner,
    }) ?? null;
    this.#observer?.opened(stream.id);
    if (this.#observer?.propagate !== undefined) start.headers = this.#observer.propagate(start.headers);
    keepWarm(this);
  }

  accepted(frame: SequencedFrame): void {
    const observer = this.#observer;
    if (observer === null) return;
    if (frame.type === frameTypes.bodyChunk) observer.requestBody(frame.bytes);
    else if (frame.type === frameTypes.requestStart && !frame.hasBody) observer.requestEnd();
    else if (frame.type === frameTypes.bodyEnd && !frame.cut) observer.requestEnd();
    else if (frame.type === frameTypes.wsMessage || frame.type === frameTypes.wsMessages) {
      tellMessages(observer, "received", frame);
    } else if (frame.type === frameTypes.wsClose) {
      observer.closing("received", codeOf(frame.code), frame.reason);
    }
  }

  pushed(frame: SequencedFrame): void {
    switch (frame.type) {
      case frameTypes.responseStart:
        this.#status = frame.status;
        this.#observer?.responded(frame.status, frame.headers);
        return;
      case frameTypes.response:
        this.#status = frame.status;
        this.#observer?.responded(frame.status, frame.headers);
        if (frame.bytes.length > 0) this.#observer?.responseBody(frame.bytes);
        this.#end(null);
        return;
      case frameTypes.bodyChunk:
        this.#observer?.responseBody(frame.bytes);
        return;
      case frameTypes.bodyEnd:
        this.#end(null);
        return;
      case frameTypes.wsAccept:
        this.#status = 101;
        this.#observer?.responded(101, frame.headers);
        return;
      case frameTypes.wsMessage:
      case frameTypes.wsMessages:
        return tellMessages(this.#observer, "sent", frame);
      case frameTypes.wsClose:
        this.#observer?.closing("sent", codeOf(frame.code), frame.reason);
    }
  }

  linkChanged(change: LinkChange, detail: string): void {
    this.#observer?.linkChanged(change, detail);
  }

  /** The stream is gone for good. */
  collected(): void {
    const reset = this.#stream.ownReset;
    if (reset === null || reset.code === resetCodes.cancelled) {
      // Closed by both ends, or given up by the client.
      return this.#end(this.#stream.sendDone ? null : "client_gone");
    }
    if (this.#status === 0) this.#status = reset.code === resetCodes.originTimeout ? 504 : 502;
    this.#end(resetProblem(reset.code), reset.reason);
  }

  /** @param reason of a problem that this end had */
  #end(problem: string | null, reason?: string): void {
    if (this.#done) return;
    this.#done = true;
    const durationMs = this.#clock.turnMs() - this.#stream.openedAtMs;
    const status = this.#status === 0 ? 499 : this.#status;
    this.#metrics.requestDone(this.#stream.kind, status, durationMs);
    this.#observer?.done({ status, durationMs, problem });
    // A line for every request would cost more than the request: those that went wrong here get one.
    const level = reason === undefined ? "debug" : "info";
    if (!this.#logger.enabled(level)) return;
    const { id: stream, method, target } = this.#stream;
    this.#logger[level]("request", {
      stream,
      method,
      path: pathOf(target),
      status,
      durationMs: Math.round(durationMs * 10) / 10,
      problem: problem ?? undefined,
      reason,
    });
  }
}

/** 1005 stands for a close frame without a code. */
function codeOf(code: number): number | null {
  return code === 1005 ? null : code;
}

/** The address that the gateway added last. */
function clientOf(headers: readonly string[]): string {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i].toLowerCase() === "x-forwarded-for") return headers[i + 1].split(",").at(-1)!.trim();
  }
  return "";
}
