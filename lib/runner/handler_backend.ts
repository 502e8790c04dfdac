import type { RequestStartFrame, WsOpenFrame } from "../protocol/mod.ts";
import type { Stream, StreamHandler } from "../session/mod.ts";
import type { Backend } from "./backend.ts";
import { HttpHandling } from "./http_handling.ts";
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

export class HandlerBackend implements Backend {
  readonly #handler: RunnerHandler;

  constructor(handler: RunnerHandler) {
    this.#handler = handler;
  }

  http(stream: Stream, start: RequestStartFrame): StreamHandler {
    return new HttpHandling(stream, start, (request) => this.#handler.fetch(request));
  }

  websocket(stream: Stream, open: WsOpenFrame): StreamHandler {
    return new WsHandling(
      stream,
      open,
      (request) =>
        this.#handler.websocket?.(request) ??
          new Response("This program serves no WebSockets.\n", { status: 501 }),
    );
  }

  async probe(signal: AbortSignal): Promise<number> {
    const response = await this.#handler.fetch(new Request("http://localhost/", { method: "HEAD", signal }));
    await response.body?.cancel();
    return response.status;
  }

  close(): void {}
}
