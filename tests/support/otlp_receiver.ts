import { setTimeout as delay } from "node:timers/promises";

/** A value as OTLP's JSON has it (https://opentelemetry.io/docs/specs/otlp/, "JSON Protobuf Encoding"). */
interface AnyValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
}

interface KeyValue {
  key: string;
  value: AnyValue;
}

/** A span as it was exported, with its attributes as a record. */
export interface ReceivedSpan {
  service: string;
  name: string;
  /** 2: server. */
  kind: number;
  traceId: string;
  spanId: string;
  /** Empty when it is the first of its trace. */
  parentSpanId: string;
  attributes: Record<string, string | number | boolean>;
  events: { name: string; attributes: Record<string, string | number | boolean> }[];
  /** 0: unset, 2: error. */
  status: number;
  durationMs: number;
}

/** One value of a metric as it was exported last. */
export interface ReceivedPoint {
  value: number;
  attributes: Record<string, string | number | boolean>;
  monotonic: boolean;
}

// deno-lint-ignore no-explicit-any -- a foreign document, of which what is needed is read field by field below
type Json = any;

/** An OTLP/HTTP collector that keeps what it is sent, as JSON. */
export class OtlpReceiver implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ended = new AbortController();
  readonly #spans: ReceivedSpan[] = [];
  /** By service and name. */
  readonly #metrics = new Map<string, ReceivedPoint[]>();
  /** All bodies, as they came. */
  text = "";

  private constructor(tracesDelayMs: number) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const text = await request.text();
      this.text += text;
      const { pathname } = new URL(request.url);
      if (pathname === "/v1/traces" && tracesDelayMs > 0) {
        await delay(tracesDelayMs, null, { signal: this.#ended.signal });
      }
      if (pathname === "/v1/traces") this.#takeSpans(JSON.parse(text));
      if (pathname === "/v1/metrics") this.#takeMetrics(JSON.parse(text));
      return Response.json({});
    });
  }

  /** @param options.tracesDelayMs how long spans wait for their answer */
  static start({ tracesDelayMs = 0 } = {}): OtlpReceiver {
    return new OtlpReceiver(tracesDelayMs);
  }

  /** The variables that have a process export everything here. */
  env(service: string, metricsEveryMs = 300): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_SERVICE_NAME: service,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_METRIC_EXPORT_INTERVAL: String(metricsEveryMs),
    };
  }

  /** What one service has exported of the tunnel's own, in the order of arrival. */
  spans(service: string): ReceivedSpan[] {
    return this.#spans.filter((span) => span.service === service);
  }

  metric(service: string, name: string): ReceivedPoint[] {
    return this.#metrics.get(`${service} ${name}`) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#server.shutdown();
  }

  #takeSpans(document: Json): void {
    for (const { resource, scopeSpans } of document.resourceSpans) {
      const service = String(record(resource.attributes)["service.name"]);
      for (const { scope, spans } of scopeSpans) {
        if (scope.name !== "tunnel") continue;
        for (const span of spans) {
          this.#spans.push({
            service,
            name: span.name,
            kind: span.kind,
            traceId: span.traceId,
            spanId: span.spanId,
            parentSpanId: span.parentSpanId ?? "",
            attributes: record(span.attributes),
            events: (span.events ?? []).map((event: Json) => ({
              name: event.name,
              attributes: record(event.attributes),
            })),
            status: span.status?.code ?? 0,
            durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
          });
        }
      }
    }
  }

  #takeMetrics(document: Json): void {
    for (const { resource, scopeMetrics } of document.resourceMetrics) {
      const service = String(record(resource.attributes)["service.name"]);
      for (const { scope, metrics } of scopeMetrics) {
        if (scope.name !== "tunnel") continue;
        for (const { name, sum, gauge } of metrics) {
          const points = (sum ?? gauge).dataPoints.map((point: Json) => ({
            value: Number(point.asDouble ?? point.asInt),
            attributes: record(point.attributes),
            monotonic: sum?.isMonotonic === true,
          }));
          this.#metrics.set(`${service} ${name}`, points);
        }
      }
    }
  }
}

function record(attributes: KeyValue[] = []): Record<string, string | number | boolean> {
  return Object.fromEntries(attributes.map(({ key, value }) => {
    const { stringValue, intValue, doubleValue, boolValue } = value;
    return [key, stringValue ?? (intValue === undefined ? doubleValue ?? boolValue ?? "" : Number(intValue))];
  }));
}
