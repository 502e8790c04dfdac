import type { CapturedAnswer, CapturedExchange } from "../../capture/mod.ts";
import type { RawHeaders } from "../../http1/mod.ts";
import { Conversation, type PlayedSocket } from "./conversation.ts";
import type { Pace } from "./pace.ts";
import { playedBody } from "./played_body.ts";
import type { Asked, Found, Recordings } from "./recordings.ts";
import { refusalOf } from "./refusal.ts";

/** A request as it came to the tunnel. */
export interface PlayedRequest {
  method: string;
  target: string;
  headers: RawHeaders;
  body: ReadableStream<Uint8Array> | null;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
}

export interface PlayedResponse {
  status: number;
  reason: string;
  headers: RawHeaders;
  body: ReadableStream<Uint8Array> | null;
  trailers?: () => RawHeaders;
}

export interface PlayedAcceptance {
  headers: RawHeaders;
  handlers: {
    open(socket: PlayedSocket): void;
    message(): void;
    close(): void;
  };
}

/** How a request was dealt with. */
export interface Dealt {
  asked: Asked;
  found: Found;
}

/** No origin to go to: a probe learns that this end itself answers. */
const noContent = 204;
/** Close code of an error of this end (RFC 6455, 7.4.1), and what of its words certainly fits a close frame. */
const failed = 1011;
const maxReasonChars = 40;

/**
 * Answers in an origin's place as the origin did when it was captured: the same heads and bytes, after the same time. It is
 * a handler for a runner.
 */
export class StandIn {
  readonly #recordings: Recordings;
  readonly #pace: Pace;
  readonly #onDealt: (dealt: Dealt) => void;

  /** @param onDealt told of each request when it has come */
  constructor(recordings: Recordings, pace: Pace, onDealt: (dealt: Dealt) => void = () => {}) {
    this.#recordings = recordings;
    this.#pace = pace;
    this.#onDealt = onDealt;
  }

  /** Takes a recorded answer as long as it took, from the moment the request came or was over, whichever it waited for. */
  async http(request: PlayedRequest): Promise<PlayedResponse> {
    const exchange = this.#find("http", request);
    if ("status" in exchange) return exchange;
    const { body, startedAtUs } = exchange;
    const answer = exchange.answer!;
    const { signal } = request;
    const cameMs = this.#pace.now();
    const taken = readAway(request.body);
    const waitedForEnd = body.endedAtUs !== null && body.endedAtUs <= answer.timeUs;
    if (waitedForEnd) {
      await taken;
      await this.#pace.since(this.#pace.now(), answer.timeUs - body.endedAtUs!, signal);
    } else {
      // It answered before it had the whole request, so what becomes of the rest does not matter.
      taken.catch(() => {});
      await this.#pace.since(cameMs, answer.timeUs - startedAtUs, signal);
    }
    return this.#response(answer);
  }

  async websocket(request: PlayedRequest): Promise<PlayedAcceptance | PlayedResponse> {
    const exchange = this.#find("websocket", request);
    if ("status" in exchange) return exchange;
    const answer = exchange.answer!;
    await this.#pace.since(this.#pace.now(), answer.timeUs - exchange.startedAtUs, request.signal);
    if (answer.status !== 101) return this.#response(answer);
    const conversation = new Conversation(exchange, this.#pace);
    return {
      headers: answer.headers,
      handlers: {
        open: (socket) => {
          conversation.run(socket).catch((error) => socket.close(failed, messageOf(error)));
        },
        message: () => conversation.message(),
        close: () => conversation.stop(),
      },
    };
  }

  probe(): Promise<number> {
    return Promise.resolve(noContent);
  }

  // ── private ──

  /** The exchange to answer from, or the refusal to answer with. */
  #find(kind: Asked["kind"], { method, target }: PlayedRequest): CapturedExchange | PlayedResponse {
    const asked = { kind, method, target };
    const found = this.#recordings.take(asked);
    this.#onDealt({ asked, found });
    return found.kind === "found" ? found.recording.exchange : refusalOf(asked, found);
  }

  #response({ status, reason, headers, body, timeUs }: CapturedAnswer): PlayedResponse {
    return {
      status,
      reason,
      headers,
      body: playedBody(body, timeUs, this.#pace),
      trailers: () => body.trailers,
    };
  }
}

/** Takes a request's body, which nobody looks at. */
async function readAway(body: ReadableStream<Uint8Array> | null): Promise<void> {
  await body?.pipeTo(new WritableStream());
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(0, maxReasonChars);
}
