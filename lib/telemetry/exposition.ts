import type { RegistryContentType } from "prom-client";
import type { MetricFamily } from "./metric_families.ts";

/** Media types that a scrape can be answered with. */
export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
export const prometheusTextType = "text/plain; version=0.0.4; charset=utf-8";

/** What a scraper's `Accept` asks for (RFC 9110, 12.5.1): OpenMetrics, unless it likes the older text format better. */
export function expositionType(accept: string | null): string {
  if (accept === null) return openMetricsType;
  const quality = (type: string) => qualityOf(accept, [type, type.replace(/\/.*/, "/*"), "*/*"]);
  return quality("text/plain") > quality("application/openmetrics-text")
    ? prometheusTextType
    : openMetricsType;
}

/** The weight that the most specific of `ranges` has which is named; 0 when none is. */
function qualityOf(accept: string, ranges: string[]): number {
  const named = accept.toLowerCase().split(",").map((part) => part.split(";").map((word) => word.trim()));
  for (const range of ranges) {
    const weights = named.filter(([type]) => type === range).map(([, ...parameters]) => {
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return weight === undefined ? 1 : Number(weight.slice("q=".length)) || 0;
    });
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}

/**
 * Metrics as text.
 *
 * @param type {@link openMetricsType} or {@link prometheusTextType}
 */
export async function exposition(families: readonly MetricFamily[], type: string): Promise<string> {
  // Loaded when the first scrape comes: no command has to wait for it at its start.
  const { Registry } = await import("prom-client");
  const isOpenMetrics = type === openMetricsType;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(
    isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
  );
  for (const family of families) {
    // The library appends "_total" itself for OpenMetrics, and for the older format leaves names as they are.
    const name = family.type === "counter" && !isOpenMetrics ? `${family.name}_total` : family.name;
    const values = family.samples.map(({ suffix = "", labels = {}, value }) => ({
      metricName: name + suffix,
      labels,
      value,
    }));
    const { help, type: kind } = family;
    const metric = { name, help, type: kind, get: () => Promise.resolve({ name, help, type: kind, values }) };
    registry.registerMetric(metric as unknown as Parameters<typeof registry.registerMetric>[0]);
  }
  return await registry.metrics();
}
