/** What a load generator saw in one run. */
export interface Sample {
  /** Requests, messages or MiB that were completed. */
  operations: number;
  seconds: number;
  /** Latency of one operation, milliseconds; `null` where single operations have none that says anything. */
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Operations per second. */
export function rateOf(sample: Sample): number {
  return sample.operations / sample.seconds;
}

/** The one line a load generator prints. */
export function printSample(sample: Sample): void {
  // deno-lint-ignore no-console -- a program's own output
  console.log(JSON.stringify(sample));
}

/**
 * Reads what {@link printSample} wrote.
 *
 * @throws {Error} when the text is anything else
 */
export function parseSample(text: string): Sample {
  const sample = JSON.parse(text) as Partial<Sample>;
  const { operations, seconds, p50Ms, p99Ms } = sample;
  const isLatency = (value: unknown) => value === null || typeof value === "number";
  const isWhole = typeof operations === "number" && typeof seconds === "number" && seconds > 0;
  if (!isWhole || !isLatency(p50Ms) || !isLatency(p99Ms)) throw new Error(`not a sample: ${text}`);
  return { operations, seconds, p50Ms: p50Ms!, p99Ms: p99Ms! };
}
