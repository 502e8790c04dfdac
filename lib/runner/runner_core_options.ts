import type { Capture } from "../capture/mod.ts";
import type { Clock, Connect } from "../link/mod.ts";
import type { Logger, TrafficObserver, TunnelMetrics } from "../telemetry/mod.ts";
import type { Backend } from "./backend.ts";
import type { ProbeResponder } from "./probe_responder.ts";
import type { RunnerState } from "./runner_options.ts";

/** How an attempt to reach the gateway came out. */
export type Dialled =
  | {
    kind: "connected";
    connect: Connect;
    /** Begins to read what the gateway sends. */
    start(): void;
    /** Drops the connection that nobody wants any more. */
    abandon(): void;
  }
  | { kind: "failed"; reason: string }
  /** The gateway will not have this runner, now or later. */
  | { kind: "refused"; error: Error };

export interface RunnerCoreOptions {
  /** Makes an identity towards gateways: 16 random bytes. */
  newSessionId(): Uint8Array;
  /** Name that clients are routed by. */
  name: string;
  agent: string;
  /** The gateway's host and port, for people. */
  gateway: string;
  backend: Backend;
  probes: ProbeResponder;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  logger: Logger;
  metrics: TunnelMetrics;
  observer?: TrafficObserver;
  capture?: Capture;
  /** Tries once to reach the gateway. @returns what cancels the attempt */
  dial(answer: (dialled: Dialled) => void): () => void;
  onState?: (state: RunnerState) => void;
  /** Everything is closed. `error` is why the gateway refused the runner; `null` when it was closed from here. */
  over(error: Error | null): void;
}
