import type { CollectReason } from "../session/mod.ts";
import { Histogram } from "./histogram.ts";
import { LinkMetrics } from "./link_metrics.ts";

/** Seconds, as Prometheus' own default has them, with finer ones for fast origins and slower ones for uploads. */
const requestBounds = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
];

/** Status codes lie below this; what an origin invents above counts as 0. */
const statusSlots = 1000;

/**
 * What became of a lost link's session: `resumed` on another link, `restarted` by a new process of its name,
 * `refused` because the gateway no longer knew it, `expired` because nobody came back in time.
 */
export type ResumeOutcome = "resumed" | "restarted" | "refused" | "expired";

/** Everything one gateway or runner counts. Kept by the hot path as plain numbers, read when somebody asks. */
export class TunnelMetrics {
  readonly links: LinkMetrics = new LinkMetrics();
  /** Requests and WebSocket upgrades that ended, by the status their client was answered with. */
  readonly requests: Float64Array = new Float64Array(statusSlots);
  /** HTTP requests alone: a WebSocket's length says nothing of speed. */
  readonly requestDuration: Histogram = new Histogram(requestBounds);
  readonly resumes: Record<ResumeOutcome, number> = { resumed: 0, restarted: 0, refused: 0, expired: 0 };
  readonly collected: Record<CollectReason, number> = { finished: 0, reset: 0, "reset-by-peer": 0, lost: 0 };
  /** Links of a runner that had one before: at the gateway of any runner, at a runner its own. */
  reconnects = 0;
  /** Streams closed because more was held than the gateway may. */
  shed = 0;

  requestDone(kind: "http" | "websocket", status: number, durationMs: number): void {
    this.requests[status < statusSlots ? status : 0]++;
    if (kind === "http") this.requestDuration.observe(durationMs / 1000);
  }
}
