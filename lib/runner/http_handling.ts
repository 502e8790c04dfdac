import {
  frameName,
  frameTypes,
  payloadBytes,
  type RequestStartFrame,
  resetCodes,
  type SequencedFrame,
} from "../protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler } from "../session/mod.ts";
import { BodySource, dropBody, sendBody, WritableGate } from "./body_source.ts";
import { checkFields, checkHead, mayHaveBody } from "./head_check.ts";
import type { RawRequest, RawResponse } from "./raw_handler.ts";

type Serve = (request: RawRequest) => RawResponse | Promise<RawResponse>;

/** One stream's HTTP request, served by a function. */
export class HttpHandling implements StreamHandler {
  readonly #stream: Stream;
  readonly #start: RequestStartFrame;
  readonly #serve: Serve;
  readonly #onError: (error: unknown) => void;
  readonly #abort = new AbortController();
  readonly #gate = new WritableGate();
  readonly #body: BodySource | null;
  #requestDone: boolean;

  /** @param onError told what `serve`, or reading its response, threw */
  constructor(
    stream: Stream,
    start: RequestStartFrame,
    serve: Serve,
    onError: (error: unknown) => void,
  ) {
    this.#onError = onError;
    this.#stream = stream;
    this.#start = start;
    this.#serve = serve;
    this.#requestDone = !start.hasBody;
    this.#body = start.hasBody ? new BodySource(stream) : null;
  }

  frame(frame: SequencedFrame): void {
    switch (frame.type) {
      case frameTypes.requestStart:
        this.#stream.delivered(1, 0);
        void this.#run();
        return;
      case frameTypes.bodyChunk:
        this.#body?.push(frame);
        return;
      case frameTypes.bodyEnd:
        this.#requestDone = true;
        this.#body?.end();
        this.#stream.delivered(1, payloadBytes(frame));
        return;
      default:
        throw new TypeError(`${frameName(frame.type)} came for an HTTP request`);
    }
  }

  writable(): void {
    this.#gate.release();
  }

  reset(_code: number, reason: string): void {
    const error = new DOMException(`The request was given up: ${reason}`, "AbortError");
    this.#abort.abort(error);
    this.#body?.fail(error);
    this.#gate.release();
    this.#stream.release();
  }

  async #run(): Promise<void> {
    const stream = this.#stream;
    let started = false;
    let response: RawResponse | null = null;
    try {
      const { method, target, headers } = this.#start;
      const body = this.#body?.readable ?? null;
      response = await this.#serve({ method, target, headers, body, signal: this.#abort.signal });
      if (stream.phase !== "open") return await response.body?.cancel(this.#abort.signal.reason);
      checkHead(response);
      started = true;
      stream.push({
        type: frameTypes.responseStart,
        gatewayId: 0,
        requestId: 0,
        index: 0,
        status: response.status,
        reason: response.reason,
        headers: response.headers,
      });
      const { body: answer } = response;
      if (answer !== null && mayHaveBody(method, response.status)) {
        await sendBody(answer, { stream, gate: this.#gate, gone: this.#abort.signal });
      } else {
        dropBody(answer);
      }
      if (stream.phase !== "open") return;
      const trailers = response.trailers?.() ?? [];
      checkFields(trailers);
      stream.push(bodyEnd({ stop: !this.#requestDone, trailers }));
    } catch (error) {
      if (!started) dropBody(response?.body ?? null, error);
      // That the client has left is no fault of the program's that was told so.
      if (error !== this.#abort.signal.reason) this.#onError(error);
      if (stream.phase === "open") this.#failed(error, started);
      return;
    }
    this.#dropBody();
    stream.release();
  }

  #failed(error: unknown, started: boolean): void {
    const stream = this.#stream;
    const reason = error instanceof Error ? error.message : String(error);
    if (started) {
      stream.reset(resetCodes.originFailed, reason);
    } else {
      const headers = ["Content-Type", "text/plain; charset=utf-8", "X-Tunnel-Error", "handler_failed"];
      const bytes = new TextEncoder().encode("Internal Server Error\n");
      const ids = { gatewayId: 0, requestId: 0, index: 0 };
      stream.push({
        type: frameTypes.responseStart,
        ...ids,
        status: 500,
        reason: "Internal Server Error",
        headers,
      });
      stream.push({ type: frameTypes.bodyChunk, ...ids, bytes });
      stream.push(bodyEnd({ stop: !this.#requestDone }));
    }
    this.#dropBody();
    stream.release();
  }

  /** What the function did not read of the request is acknowledged unread, so that the client is not held up. */
  #dropBody(): void {
    this.#body?.fail(new DOMException("The response is complete", "AbortError"));
    const { undelivered, undeliveredBytes } = this.#stream.receive;
    if (undelivered > 0) this.#stream.delivered(undelivered, undeliveredBytes);
  }
}
