import type { Capture } from "../capture/mod.ts";
import type { Logger, TrafficObserver } from "../telemetry/mod.ts";
import type { RunnerHandler } from "./handler_backend.ts";
import type { RawHandler } from "./raw_handler.ts";
import type { OriginOptions } from "./origin_backend.ts";

export interface RunnerOptions {
  /** `ws:` or `wss:` URL of the gateway. */
  gatewayUrl: URL;
  token: string;
  /** Where streams go: a server, or functions of this program. Exactly one of the three. */
  origin?: OriginOptions;
  handler?: RunnerHandler;
  /** As `handler`, but with requests and responses as they cross the tunnel. */
  rawHandler?: RawHandler;
  /**
   * Called with what a function of `handler` or `rawHandler` threw, or rejected with. Its client is told that it failed
   * and not why. @default the logger
   */
  onError?: (error: unknown) => void;
  /** Name that clients are routed by. @default "default" */
  name?: string;
  /** PEM certificates trusted for the gateway besides the system's. */
  caCerts?: string[];
  /** @default 3000 */
  pingIntervalMs?: number;
  /** @default ten intervals */
  pingTimeoutMs?: number;
  logger?: Logger;
  /** Records what crosses the links; its owner closes it, after the runner. */
  capture?: Capture;
  /** Follows traffic and links. */
  observer?: TrafficObserver;
  /** Program and version, told to the gateway. @default "tunnel" */
  agent?: string;
  /** Wall clock that probe replies tell of, microseconds since 1970. @default the system's */
  wallUs?: () => number;
  /** Called whenever a link comes up or goes down. What it throws goes to `onError`, and costs no link. */
  onState?: (state: RunnerState) => void;
}

export type RunnerState =
  | { state: "connected"; gateway: string; resumed: boolean }
  | { state: "disconnected"; reason: string; retryInMs: number };
