/** Where the time goes: probes through gateway and runner, taken apart hop by hop. */
export { type BoundResult, type Bounds, checkBounds } from "./bounds.ts";
export type { MeasuredHops } from "./dominant_hop.ts";
export type { HistogramBar, HopSummary } from "./hop_statistics.ts";
export type { ProbeCounts, ProbeEvent } from "./probe_book.ts";
export { dialProbe, type DialProbeOptions, ProbeLink, ProbeRefusedError } from "./probe_link.ts";
export { listedSessions, Prober, type ProberOptions } from "./prober.ts";
export type { ClockEstimate } from "./probe_statistics.ts";
export { lossPercent, type ProbedSession, rankSessions, type SessionReport } from "./report.ts";
export { type Hop, hopMs, hopNames, hops, type ProbeSample } from "./sample.ts";
