import { promisesFollow } from "../net/mod.ts";
import type { RequestStartFrame, WsOpenFrame } from "../protocol/mod.ts";
import type { Stream, StreamHandler } from "../session/mod.ts";
import type { Backend } from "./backend.ts";
import { HttpHandling } from "./http_handling.ts";
import type { RawHandler } from "./raw_handler.ts";
import { rawResponseOf, requestOf } from "./request_of.ts";
import { type TunnelSocketHandlers, WsHandling } from "./ws_handling.ts";

/** Serves streams with functions of this program instead of a server beside it. */
export interface RunnerHandler {
  /**
   * Answers an HTTP request. `request.signal` aborts when the client goes away. A thrown error becomes a
   * plain 500.
   */
  fetch(request: Request): Response | Promise<Response>;
  /**
   * Takes a client WebSocket, or refuses it with a response. Without this function every WebSocket is refused
   * with 501.
   */
  websocket?(request: Request): TunnelSocketHandlers | Response | Promise<TunnelSocketHandlers | Response>;
}

/** Gives streams to functions of this program. */
export class HandlerBackend implements Backend {
  readonly #handler: RawHandler;
  readonly #onError: (error: unknown) => void;

  /** @param onError told what a function threw */
  constructor(handler: RawHandler, onError: (error: unknown) => void) {
    this.#handler = handler;
    this.#onError = onError;
    promisesFollow("always");
  }

  http(stream: Stream, start: RequestStartFrame): StreamHandler {
    return new HttpHandling(stream, start, (request) => this.#handler.http(request), this.#onError);
  }

  websocket(stream: Stream, open: WsOpenFrame): StreamHandler {
    return new WsHandling(stream, open, (request) => this.#handler.websocket(request), this.#onError);
  }

  async probe(signal: AbortSignal): Promise<number> {
    if (this.#handler.probe !== undefined) return await this.#handler.probe(signal);
    const headers = ["Host", "localhost"];
    const { status, body } = await this.#handler.http({
      method: "HEAD",
      target: "/",
      headers,
      body: null,
      signal,
    });
    await body?.cancel();
    return status;
  }

  close(): void {}
}

/** A handler of web requests, for streams as they are. */
export function rawHandlerOf(handler: RunnerHandler): RawHandler {
  return {
    http: async (request) => rawResponseOf(await handler.fetch(requestOf(request))),
    websocket: async (request) => {
      const answer = await handler.websocket?.(requestOf(request)) ??
        new Response("This program serves no WebSockets.\n", { status: 501 });
      if (answer instanceof Response) return rawResponseOf(answer);
      const { protocol } = answer;
      return {
        headers: protocol === undefined ? [] : ["Sec-WebSocket-Protocol", protocol],
        handlers: answer,
      };
    },
  };
}
