/** Logs, metrics and what an onlooker is told of traffic. */
export { exposition, expositionType, openMetricsType, prometheusTextType } from "./exposition.ts";
export { Histogram } from "./histogram.ts";
export { LinkMetrics } from "./link_metrics.ts";
export { type LogFields, type LogFormat, Logger, type LogLevel, logLevels, silentLogger } from "./logger.ts";
export {
  metricFamilies,
  type MetricFamily,
  type MetricSample,
  type ProcessUsage,
  type TunnelState,
} from "./metric_families.ts";
export {
  type LinkState,
  type LinkStatus,
  pathOf,
  type RttStatus,
  type StreamStatus,
  streamStatus,
} from "./status.ts";
export {
  bothObservers,
  type ExchangeEnd,
  type ExchangeObserver,
  type ExchangeStart,
  type LinkChange,
  type LinkEvent,
  type MessagesTogether,
  type TrafficObserver,
} from "./traffic_observer.ts";
export { tellMessages } from "./tell_messages.ts";
export { type ResumeOutcome, TunnelMetrics } from "./tunnel_metrics.ts";
export { Tracing } from "./tracing.ts";
