import assert from "node:assert/strict";
import { fetchOnce } from "./fetch_once.ts";
import { type Family, parseOpenMetrics, valueOf } from "./openmetrics.ts";
import type { ChildProcess } from "./processes.ts";

/** Lets a gateway or runner have an admin port, whichever is free. */
export const withAdmin = ["--admin-port", "any"];

export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Where a gateway's or runner's admin port is: `http://127.0.0.1:PORT`. */
export async function adminUrl(process: ChildProcess): Promise<string> {
  return (await process.line(/inspector (http:\/\/\S+)\/\n/))[1];
}

/** One scrape, held to the strict parser. */
export class Scrape {
  readonly families: Family[];

  constructor(text: string) {
    this.families = parseOpenMetrics(text);
  }

  static async of(process: ChildProcess): Promise<Scrape> {
    const response = await fetchOnce(`${await adminUrl(process)}/metrics`, {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), openMetricsType);
    return new Scrape(await response.text());
  }

  /** Value of the one series of that name with exactly these labels. */
  value(name: string, labels: Record<string, string> = {}): number {
    return valueOf(this.families, name, labels);
  }

  /** The same; 0 when there is no such series yet. */
  valueOrZero(name: string, labels: Record<string, string>): number {
    const known = this.families.some(({ samples }) =>
      samples.some((sample) =>
        sample.name === name &&
        Object.entries(labels).every(([key, value]) => sample.labels.get(key) === value)
      )
    );
    return known ? this.value(name, labels) : 0;
  }

  /** How many observations of a histogram lie above `from` and not above `to`, which are bounds of its buckets. */
  observed(histogram: string, { from, to = "+Inf" }: { from?: string; to?: string }): number {
    const below = from === undefined ? 0 : this.value(`${histogram}_bucket`, { le: from });
    return this.value(`${histogram}_bucket`, { le: to }) - below;
  }
}

/** An answer of the JSON API: its status and what it says. */
export async function api<T = Record<string, unknown>>(
  process: ChildProcess,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: T }> {
  const response = await fetchOnce(`${await adminUrl(process)}/api/${path}`, init);
  return { status: response.status, body: await response.json() };
}
