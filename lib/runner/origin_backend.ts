import type { RequestStartFrame, WsOpenFrame } from "../protocol/mod.ts";
import type { Stream, StreamHandler } from "../session/mod.ts";
import { headerValue, isNamed } from "../http1/mod.ts";
import { endpointOf, formatEndpoint, OriginPool, turnMs } from "../net/mod.ts";
import { afterAwake, monotonicMs, systemClock, type Timer } from "../link/mod.ts";
import type { Backend } from "./backend.ts";
import { HttpForward } from "./http_forward.ts";
import { OriginProbe } from "./probe_origin.ts";
import { type AwaitsOrigin, WaitingList } from "./waiting_list.ts";
import { WsForward } from "./ws_forward.ts";

export interface OriginOptions {
  /** `http:` or `https:`; a path other than `/` is put before every request's. */
  target: URL;
  /** Pass `Host` on as the client sent it, or send the origin's own. @default "preserve" */
  hostHeader?: "preserve" | "rewrite";
  /** PEM certificates trusted besides the system's. */
  caCerts?: string[];
  /** @default 10000 */
  connectTimeoutMs?: number;
  /**
   * How long the origin may take to begin its response once the request is sent, to answer a WebSocket's handshake, or
   * to take more of a request's body. @default 60000
   */
  responseTimeoutMs?: number;
  /** Largest WebSocket message from the origin, bytes. @default 16 MiB */
  maxMessageBytes?: number;
}

const defaultConnectTimeoutMs = 10_000;
const defaultResponseTimeoutMs = 60_000;
const defaultMaxMessageBytes = 16 * 1024 * 1024;
const checkEveryMs = 500;

/** Forwards streams to an origin server over HTTP/1.1 and WebSocket. */
export class OriginBackend implements Backend {
  readonly pool: OriginPool;
  readonly prefix: string;
  /** `host:port` as the origin's own `Host` field has it. */
  readonly host: string;
  readonly rewriteHost: boolean;
  readonly responseTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly #probe: OriginProbe;
  readonly #waiting = new WaitingList();
  #timer: Timer | null = null;

  constructor(options: OriginOptions) {
    const { target } = options;
    const endpoint = endpointOf(target);
    this.pool = new OriginPool({
      endpoint,
      caCerts: options.caCerts,
      connectTimeoutMs: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
    });
    this.prefix = target.pathname.replace(/\/$/, "");
    this.host = target.port === "" ? target.hostname : formatEndpoint(endpoint);
    this.#probe = new OriginProbe({ pool: this.pool, target: `${this.prefix}/`, host: this.host });
    this.rewriteHost = options.hostHeader === "rewrite";
    this.responseTimeoutMs = options.responseTimeoutMs ?? defaultResponseTimeoutMs;
    this.maxMessageBytes = options.maxMessageBytes ?? defaultMaxMessageBytes;
  }

  http(stream: Stream, start: RequestStartFrame): StreamHandler {
    return new HttpForward(this, stream, start);
  }

  websocket(stream: Stream, open: WsOpenFrame): StreamHandler {
    return new WsForward(this, stream, open);
  }

  probe(signal: AbortSignal): Promise<number> {
    return this.#probe.ask(signal);
  }

  /** The target a request goes to: the origin's path prefix and the client's target, byte for byte. */
  targetOf(target: string): string {
    return this.prefix === "" || target === "*" ? target : this.prefix + target;
  }

  /** The request's headers with the origin's own `Host` when that is asked for. */
  headersFor(headers: readonly string[]): readonly string[] {
    if (headerValue(headers, "host") === undefined) return ["Host", this.host, ...headers];
    if (!this.rewriteHost) return headers;
    return headers.map((text, i) => i % 2 === 1 && isNamed(headers[i - 1], "host") ? this.host : text);
  }

  /** `forward` waits for the origin from now on: to answer, or to take more of a request. */
  watch(forward: AwaitsOrigin): void {
    this.#waiting.add(forward, turnMs() + this.responseTimeoutMs);
    this.#timer ??= this.#checkLater();
  }

  unwatch(forward: AwaitsOrigin): void {
    this.#waiting.remove(forward);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.pool.close();
  }

  #checkLater(): Timer {
    return afterAwake(systemClock, () => this.#checkTimeouts(), { ms: checkEveryMs });
  }

  #checkTimeouts(): void {
    this.#timer = null;
    this.#waiting.expire(monotonicMs());
    if (this.#waiting.size > 0) this.#timer ??= this.#checkLater();
  }
}
