import type { Attributes, Context, Span, TracerProvider } from "@opentelemetry/api";
import { headerValue } from "../http1/mod.ts";
import type { MetricFamily, MetricSample } from "./metric_families.ts";
import { pathOf } from "./status.ts";
import type {
  ExchangeEnd,
  ExchangeObserver,
  ExchangeStart,
  LinkChange,
  TrafficObserver,
} from "./traffic_observer.ts";

/** Fields of W3C Trace Context and of W3C Baggage, which a span of ours replaces or passes on. */
const contextHeaders = ["traceparent", "tracestate", "baggage"];

/** Other methods are a client's invention: they would make names and values without a bound. */
const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]);

/**
 * Spans and metrics for Deno's own OTLP exporter, which `OTEL_DENO=true` turns on. Names of attributes are those of
 * OpenTelemetry's semantic conventions for HTTP.
 */
export class Tracing implements TrafficObserver {
  readonly #api: typeof import("@opentelemetry/api");
  readonly #tracer: ReturnType<TracerProvider["getTracer"]>;
  readonly #version: string;

  /** Loads the interface; it does nothing where nothing is exported. @param version of this program */
  static async load(version: string): Promise<Tracing> {
    return new Tracing(await import("@opentelemetry/api"), version);
  }

  private constructor(api: typeof import("@opentelemetry/api"), version: string) {
    this.#api = api;
    this.#version = version;
    this.#tracer = api.trace.getTracer("tunnel", version);
  }

  began(start: ExchangeStart): ExchangeObserver {
    const { propagation, ROOT_CONTEXT, SpanKind, trace } = this.#api;
    const parent = propagation.extract(ROOT_CONTEXT, carrierOf(start.headers));
    const span = this.#tracer.startSpan(knownMethods.has(start.method) ? start.method : "HTTP", {
      kind: SpanKind.SERVER,
      attributes: attributesOf(start),
    }, parent);
    return new ExchangeSpan(span, {
      api: this.#api,
      context: trace.setSpan(parent, span),
      kind: start.kind,
    });
  }

  /** Exports the metrics as `families` gives them at each collection: histograms as their count and sum. */
  exportMetrics(families: () => MetricFamily[]): void {
    const meter = this.#api.metrics.getMeter("tunnel", this.#version);
    const samplesOf = samplesByName(families);
    for (const { name, type, help } of families()) {
      if (type === "histogram") {
        for (const suffix of ["_count", "_sum"] as const) {
          meter.createObservableCounter(name + suffix, { description: help }).addCallback((result) => {
            for (const sample of samplesOf(name)) if (sample.suffix === suffix) result.observe(sample.value);
          });
        }
        continue;
      }
      const instrument = type === "counter"
        ? meter.createObservableCounter(`${name}_total`, { description: help })
        : meter.createObservableGauge(name, { description: help });
      instrument.addCallback((result) => {
        for (const { value, labels } of samplesOf(name)) result.observe(value, labels);
      });
    }
  }
}

/** Gives a family's samples; all callbacks of one collection share one look at them. */
function samplesByName(families: () => MetricFamily[]): (name: string) => MetricSample[] {
  let byName: Map<string, MetricSample[]> | null = null;
  return (name) => {
    if (byName === null) {
      byName = new Map(families().map((family) => [family.name, family.samples]));
      queueMicrotask(() => byName = null);
    }
    return byName.get(name) ?? [];
  };
}

class ExchangeSpan implements ExchangeObserver {
  readonly #span: Span;
  readonly #api: typeof import("@opentelemetry/api");
  readonly #context: Context;
  readonly #kind: ExchangeStart["kind"];

  constructor(
    span: Span,
    options: {
      api: typeof import("@opentelemetry/api");
      context: Context;
      kind: ExchangeStart["kind"];
    },
  ) {
    this.#span = span;
    this.#api = options.api;
    this.#context = options.context;
    this.#kind = options.kind;
  }

  propagate(headers: readonly string[]): string[] {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(this.#context, carrier);
    const out: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      if (carrier[headers[i].toLowerCase()] === undefined) out.push(headers[i], headers[i + 1]);
    }
    for (const [name, value] of Object.entries(carrier)) out.push(name, value);
    return out;
  }

  opened(stream: string): void {
    this.#span.setAttribute("tunnel.stream", stream);
  }

  linkChanged(change: LinkChange, detail: string): void {
    this.#span.addEvent(`link.${change}`, { detail });
  }

  done({ status, problem }: ExchangeEnd): void {
    const span = this.#span;
    span.setAttribute("http.response.status_code", status);
    if (problem !== null) span.setAttribute("error.type", problem);
    // A server's span is an error from 500 on; what a client did wrong is not the server's error.
    const failed = status >= 500 || (problem !== null && this.#kind === "http" && status < 400);
    if (failed) span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: problem ?? undefined });
    span.end();
  }

  // What a span says nothing of, or says at its end.
  responded(): void {}
  requestBody(): void {}
  requestEnd(): void {}
  responseBody(): void {}
  message(): void {}
  messagesTogether(): void {}
  closing(): void {}
}

function carrierOf(headers: readonly string[]): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (const name of contextHeaders) {
    const value = headerValue(headers, name);
    if (value !== undefined) carrier[name] = value;
  }
  return carrier;
}

function attributesOf(request: ExchangeStart): Attributes {
  const { method, target, headers, client, runner, kind } = request;
  const [, address, port] = hostAndPort.exec(headerValue(headers, "host") ?? "") ?? [];
  return {
    "http.request.method": knownMethods.has(method) ? method : "_OTHER",
    "http.request.method_original": knownMethods.has(method) ? undefined : method,
    "url.path": pathOf(target),
    "url.scheme": kind === "http" ? "http" : "ws",
    "server.address": address,
    "server.port": port === undefined ? undefined : Number(port),
    "client.address": client,
    "tunnel.runner": runner,
  };
}

/** `example.com`, `example.com:8080`, `[::1]:8080`. */
const hostAndPort = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/;
