import type { TlsTexts } from "./client_listener.ts";
import type { Capture } from "../capture/mod.ts";
import type { Logger, TrafficObserver } from "../telemetry/mod.ts";

export interface GatewayOptions {
  /** @default "0.0.0.0" */
  hostname?: string;
  /** 0 takes any free port. */
  port: number;
  /** What a runner must show. */
  token: string;
  /** Domain whose first sub-label names the runner; `null` routes by header alone. @default null */
  domain?: string | null;
  /** Without one, what connects does not speak TLS. */
  tls?: TlsTexts;
  /** @default 3000 */
  pingIntervalMs?: number;
  /** @default ten intervals */
  pingTimeoutMs?: number;
  /** How long the streams of a dropped link are held. @default 30000 */
  resumeWindowMs?: number;
  /**
   * How long a client WebSocket whose runner is gone waits for another of the same name, from the moment its
   * session ended; never shorter than the resume window. @default 60000
   */
  hibernateWindowMs?: number;
  /**
   * Where streams of a lost session go on: on any runner of the name that is there, or only on one that
   * connects afterwards (the restarted runner itself). @default "any"
   */
  wake?: "any" | "same";
  /** Bytes held for runners, over all streams, above which those that hold most are closed. @default 256 MiB */
  maxBufferedBytes?: number;
  /** Keep `X-Forwarded-Proto` and `-Host` of a proxy in front. @default false */
  trustForwarded?: boolean;
  /** Largest WebSocket message from a client, bytes. @default 16 MiB */
  maxMessageBytes?: number;
  /** Silence after which a client's WebSocket is pinged; gone without an answer. 0: never. @default 60000 */
  clientPingMs?: number;
  /** Silence after which a client that uploads gets 408, unless its response has begun. 0: never. @default 60000 */
  bodyTimeoutMs?: number;
  logger?: Logger;
  /** Records what crosses the links; its owner closes it, after the gateway. */
  capture?: Capture;
  /** Follows client traffic. */
  observer?: TrafficObserver;
  /** Program and version, told to runners. @default "tunnel" */
  agent?: string;
  /** Wall clock that probe results tell of, microseconds since 1970. @default the system's */
  wallUs?: () => number;
}

/** What {@link GatewayOptions} leave out. */
export const gatewayDefaults = {
  pingIntervalMs: 3_000,
  resumeWindowMs: 30_000,
  hibernateWindowMs: 60_000,
  maxBufferedBytes: 256 * 1024 * 1024,
  maxMessageBytes: 16 * 1024 * 1024,
  clientPingMs: 60_000,
  bodyTimeoutMs: 60_000,
} as const;
