import { frameName, frameTypes } from "../protocol/mod.ts";
import type { Histogram } from "./histogram.ts";
import type { LinkState, LinkStatus, StreamStatus } from "./status.ts";
import type { TunnelMetrics } from "./tunnel_metrics.ts";

/** One value of a metric. */
export interface MetricSample {
  /** Added to the family's name: `_bucket`, `_sum`, `_count`; a counter's `_total` is added when it is written. */
  suffix?: "_bucket" | "_sum" | "_count";
  labels?: Record<string, string>;
  value: number;
}

/** A metric with all its values. Names and units are Prometheus' conventions: base units, plural, unit last. */
export interface MetricFamily {
  /** Without `_total`. */
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  samples: MetricSample[];
}

/** What a gateway or runner is like at the moment of a scrape. */
export interface TunnelState {
  agent: string;
  links: readonly LinkStatus[];
  streams: readonly StreamStatus[];
  bufferedBytes: number;
  /** When the certificate that clients are shown expires, milliseconds since 1970; `null` where there is none. */
  certificateEndsMs: number | null;
}

/** What the process takes of the machine. */
export interface ProcessUsage {
  startedAtSeconds: number;
  cpuSeconds: number;
  residentBytes: number;
  heapBytes: number;
  /** Sockets that are read and written by the system's own calls; all others are the runtime's. */
  nativeSockets: number;
}

const linkStates: LinkState[] = ["connecting", "alive", "late", "hibernating"];
const streamKinds: StreamStatus["kind"][] = ["http", "websocket"];
const streamStates: StreamStatus["state"][] = ["open", "stopping", "hibernating"];

/** Every metric of a gateway or runner. No label takes a value that a peer can choose freely. */
export function metricFamilies(
  metrics: TunnelMetrics,
  state: TunnelState,
  usage: ProcessUsage,
): MetricFamily[] {
  return [
    ...heartbeatFamilies(metrics, state),
    ...trafficFamilies(metrics, state),
    ...streamFamilies(metrics, state),
    ...processFamilies(state, usage),
  ];
}

function heartbeatFamilies({ links }: TunnelMetrics, state: TunnelState): MetricFamily[] {
  return [
    histogram("tunnel_ping_duration_seconds", "Round trips of pings on links.", links.pingDuration),
    histogram("tunnel_pong_gap_seconds", "Time from one pong to the next on the same link.", links.pongGap),
    counter("tunnel_ping_timeouts", "Links given up because nothing was heard.", [{
      value: links.pingTimeouts,
    }]),
    counter(
      "tunnel_pongs_dropped",
      "Pongs that answered no ping, and were not measured.",
      byLabel("reason", links.pongsDropped),
    ),
    gauge("tunnel_clock_offset_seconds", "Of all links the largest offset of the peer's wall clock.", [
      { value: largestOffsetSeconds(state.links) },
    ]),
    gauge(
      "tunnel_links",
      "Runner sessions by the state of their link.",
      linkStates.map((name) => ({
        labels: { state: name },
        value: state.links.filter((link) => link.state === name).length,
      })),
    ),
  ];
}

function trafficFamilies(metrics: TunnelMetrics, state: TunnelState): MetricFamily[] {
  const { links, requests } = metrics;
  const open = (key: "sentBytes" | "receivedBytes") => state.links.reduce((sum, link) => sum + link[key], 0);
  const bytes = {
    sent: links.closedSentBytes + open("sentBytes"),
    received: links.closedReceivedBytes + open("receivedBytes"),
  };
  return [
    counter("tunnel_frames", "Frames carried by links.", [
      ...frameSamples("sent", links.framesSent),
      ...frameSamples("received", links.framesReceived),
    ]),
    counter("tunnel_bytes", "Bytes carried by links, framing included.", byLabel("direction", bytes)),
    counter(
      "tunnel_requests",
      "Requests and WebSocket upgrades that ended, by status; 499 when the client left before.",
      Array.from(requests, (value, code) => ({ labels: { code: String(code) }, value }))
        .filter(({ value }) => value > 0),
    ),
    histogram(
      "tunnel_request_duration_seconds",
      "HTTP requests, from head to last byte.",
      metrics.requestDuration,
    ),
    gauge(
      "tunnel_buffered_bytes",
      "Bytes held for the other end of links: payload, and 256 for each frame.",
      [
        { value: state.bufferedBytes },
      ],
    ),
  ];
}

function streamFamilies(metrics: TunnelMetrics, { streams }: TunnelState): MetricFamily[] {
  const count = (kind: string, state: string) =>
    streams.filter((stream) => stream.kind === kind && stream.state === state).length;
  return [
    gauge(
      "tunnel_streams",
      "Streams in flight; hibernating: a client that waits for a runner.",
      streamKinds.flatMap((kind) =>
        streamStates.map((state) => ({ labels: { kind, state }, value: count(kind, state) }))
      ),
    ),
    counter(
      "tunnel_streams_collected",
      "Streams that are gone for good, by how they ended.",
      byLabel("reason", metrics.collected),
    ),
    counter("tunnel_streams_shed", "Streams closed because more was held than may be.", [
      { value: metrics.shed },
    ]),
    counter(
      "tunnel_resumes",
      "What became of sessions whose link was lost.",
      byLabel("outcome", metrics.resumes),
    ),
    counter("tunnel_runner_reconnects", "Links of runners that had one before.", [
      { value: metrics.reconnects },
    ]),
  ];
}

function processFamilies({ agent, certificateEndsMs }: TunnelState, usage: ProcessUsage): MetricFamily[] {
  const version = agent.split("/")[1] ?? "";
  return [
    gauge("tunnel_build_info", "The program's version.", [{ labels: { version }, value: 1 }]),
    counter("process_cpu_seconds", "User and system CPU time of this process.", [{
      value: usage.cpuSeconds,
    }]),
    gauge("process_resident_memory_bytes", "Resident memory of this process.", [{
      value: usage.residentBytes,
    }]),
    gauge("process_heap_bytes", "JavaScript heap of this process.", [{ value: usage.heapBytes }]),
    gauge("tunnel_native_sockets", "TCP sockets read and written by the system's own calls.", [
      { value: usage.nativeSockets },
    ]),
    gauge(
      "tunnel_certificate_expiration_timestamp_seconds",
      "When the certificate that clients are shown expires, since 1970; no value without TLS.",
      certificateEndsMs === null ? [] : [{ value: certificateEndsMs / 1000 }],
    ),
    gauge("process_start_time_seconds", "When this process started, since 1970.", [
      { value: usage.startedAtSeconds },
    ]),
  ];
}

function counter(name: string, help: string, samples: MetricSample[]): MetricFamily {
  return { name, help, type: "counter", samples };
}

function gauge(name: string, help: string, samples: MetricSample[]): MetricFamily {
  return { name, help, type: "gauge", samples };
}

function histogram(name: string, help: string, { bounds, counts, sum }: Histogram): MetricFamily {
  const samples: MetricSample[] = [];
  let cumulative = 0;
  for (let i = 0; i < counts.length; i++) {
    cumulative += counts[i];
    const le = i < bounds.length ? openMetricsNumber(bounds[i]) : "+Inf";
    samples.push({ suffix: "_bucket", labels: { le }, value: cumulative });
  }
  samples.push({ suffix: "_sum", value: sum }, { suffix: "_count", value: cumulative });
  return { name, help, type: "histogram", samples };
}

function byLabel(label: string, values: Record<string, number>): MetricSample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** Every type that this version knows, so that a series is there before the first frame of its kind. */
function frameSamples(direction: string, counts: Float64Array): MetricSample[] {
  return Object.values(frameTypes).map((type) => ({
    labels: { direction, type: frameName(type) },
    value: counts[type],
  }));
}

/** Bucket bounds are floats in canonical form: `1.0`, not `1` (OpenMetrics 1.0, "Considerations: Canonical Numbers"). */
function openMetricsNumber(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

/** The one that is furthest from 0, with its sign. */
function largestOffsetSeconds(links: readonly LinkStatus[]): number {
  let largest = 0;
  for (const { clockOffset } of links) {
    if (clockOffset !== null && Math.abs(clockOffset.offsetMs) > Math.abs(largest)) {
      largest = clockOffset.offsetMs;
    }
  }
  return largest / 1000;
}
