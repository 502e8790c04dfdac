import type { BoundResult, SessionReport } from "../lib/probe/mod.ts";

/** What `--json` prints; `schemas/ping-probe.schema.json` describes it. Times are milliseconds. */
export interface ProbeDocument {
  /** Of this format. */
  version: 1;
  gatewayUrl: string;
  gatewayAgent: string;
  runner: string;
  /** Whether probes went on to the origin. */
  origin: boolean;
  /** ISO 8601, by this machine's clock. */
  startedAt: string;
  durationMs: number;
  intervalMs: number;
  timeoutMs: number;
  sizeBytes: number;
  /** Probes asked for, or `null` for as many as there is time. */
  count: number | null;
  interrupted: boolean;
  /** Whether every session kept every bound. */
  passed: boolean;
  bounds: BoundResult[];
  /** Best first. */
  sessions: SessionReport[];
}
