import {
  frameTypes,
  maxPartBytes,
  payloadBytes,
  resetCodes,
  type ResponseFrame,
  type ResponseStartFrame,
  type SequencedFrame,
} from "../protocol/mod.ts";
import { bodyEnd } from "./body_end.ts";
import type { Stream, StreamHandler } from "./stream.ts";

/** A request that is whole before it is sent. */
export interface WholeRequest {
  method: string;
  target: string;
  /** Flat: name, value, name, value, … */
  headers: readonly string[];
  /** `null`: none. */
  body: Uint8Array | null;
}

/** What came back. `body` is the beginning of it, as far as was asked for; `bodyBytes` its whole length. */
export type StreamAnswer =
  | {
    kind: "answer";
    status: number;
    reason: string;
    headers: readonly string[];
    body: Uint8Array;
    bodyBytes: number;
  }
  | { kind: "reset"; code: number; reason: string };

/** Sends one whole request over a stream that the gateway's end has opened, and gathers the answer. */
export class StreamRequest implements StreamHandler {
  readonly #request: WholeRequest;
  readonly #maxBodyBytes: number;
  readonly #done: (answer: StreamAnswer) => void;
  #stream: Stream | null = null;
  #sentBytes = 0;
  #head: ResponseStartFrame | ResponseFrame | null = null;
  #parts: Uint8Array[] = [];
  #bodyBytes = 0;

  /** @param options of `maxBodyBytes`: how much of the answer's body is kept; `done`: called once */
  constructor(
    request: WholeRequest,
    options: { maxBodyBytes: number; done: (answer: StreamAnswer) => void },
  ) {
    this.#request = request;
    this.#maxBodyBytes = options.maxBodyBytes;
    this.#done = options.done;
  }

  /** @param stream opened with this handler, and with no frame pushed */
  start(stream: Stream): void {
    this.#stream = stream;
    const { method, target, headers, body } = this.#request;
    const hasBody = body !== null && body.length > 0;
    stream.push({ type: frameTypes.requestStart, ...unnumbered, method, target, headers, hasBody });
    if (hasBody) this.writable();
  }

  /** Nobody waits for the answer any more. */
  cancel(reason: string): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.reset(resetCodes.cancelled, reason);
    this.reset(resetCodes.cancelled, reason);
  }

  writable(): void {
    const stream = this.#stream;
    const body = this.#request.body;
    if (stream === null || body === null || stream.sendDone) return;
    while (stream.writable && this.#sentBytes < body.length) {
      const bytes = body.subarray(this.#sentBytes, this.#sentBytes + maxPartBytes);
      this.#sentBytes += bytes.length;
      stream.push({ type: frameTypes.bodyChunk, ...unnumbered, bytes });
    }
    if (this.#sentBytes === body.length) stream.push(bodyEnd());
  }

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.response) {
      this.#head = frame;
      this.#keep(frame.bytes);
    } else if (frame.type === frameTypes.responseStart) {
      this.#head = frame;
    } else if (frame.type === frameTypes.bodyChunk) {
      this.#keep(frame.bytes);
    }
    this.#stream?.delivered(1, payloadBytes(frame));
    if (frame.type === frameTypes.bodyEnd || frame.type === frameTypes.response) this.#complete();
  }

  reset(code: number, reason: string): void {
    this.#finish({ kind: "reset", code, reason });
  }

  #keep(bytes: Uint8Array): void {
    const room = this.#maxBodyBytes - this.#bodyBytes;
    if (room > 0) this.#parts.push(bytes.slice(0, room));
    this.#bodyBytes += bytes.length;
  }

  #complete(): void {
    const { status, reason, headers } = this.#head!;
    const kept = new Uint8Array(Math.min(this.#bodyBytes, this.#maxBodyBytes));
    let at = 0;
    for (const part of this.#parts) {
      kept.set(part, at);
      at += part.length;
    }
    this.#finish({ kind: "answer", status, reason, headers, body: kept, bodyBytes: this.#bodyBytes });
  }

  #finish(answer: StreamAnswer): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    stream.release();
    this.#done(answer);
  }
}

/** What the stream fills in. */
const unnumbered = { gatewayId: 0, requestId: 0, index: 0 };
