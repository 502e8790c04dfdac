import type { RawHeaders } from "../http1/mod.ts";
import type { TunnelSocketHandlers } from "./ws_handling.ts";

/** A request as it crossed the tunnel: target and fields byte for byte, in order. */
export interface RawRequest {
  method: string;
  /** Path and query as in the request line, or `*`. */
  target: string;
  /** Flat: name, value, name, value, … */
  headers: RawHeaders;
  /** `null` when none follows. Pulled no faster than it is read. */
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** A response of which nothing is changed or added on its way to the gateway. */
export interface RawResponse {
  /** 200 to 999. */
  status: number;
  /** The reason phrase; may be empty. */
  reason: string;
  /** Flat, without fields of one connection (`Transfer-Encoding` and the like). */
  headers: RawHeaders;
  /** Cancelled when the client goes away; an error in it breaks the response off. */
  body: ReadableStream<Uint8Array> | null;
  /** Asked for when the body is over. */
  trailers?: () => RawHeaders;
}

/** The acceptance of a WebSocket. */
export interface RawAcceptance {
  /** Fields of the 101 beyond those that make the handshake; `Sec-WebSocket-Protocol` if one is chosen. */
  headers: RawHeaders;
  handlers: Omit<TunnelSocketHandlers, "protocol">;
}

/**
 * Serves streams as a `RunnerHandler` does, where web `Request` and `Response` would not do: they change the spelling of
 * URLs and field names, join and sort fields, and have no trailers.
 */
export interface RawHandler {
  http(request: RawRequest): RawResponse | Promise<RawResponse>;
  websocket(request: RawRequest): RawAcceptance | RawResponse | Promise<RawAcceptance | RawResponse>;
  /** Answers a probe that goes through to the origin. @returns an HTTP status. @default what `HEAD /` gives */
  probe?(signal: AbortSignal): Promise<number>;
}
