import type { Family, Sample } from "./openmetrics.ts";

/** What is wrong with a family; without a line when it is the family as a whole. */
export interface FamilyProblem {
  line?: number;
  problem: string;
}

/** Holds a family that has been read to the rules of its type. */
export function checkFamily(family: Family): FamilyProblem | null {
  if (family.unit !== null && family.type === "info") return { problem: `${family.name} cannot have a unit` };
  return checkSeries(family) ?? checkValues(family) ??
    (family.type === "histogram" ? checkHistogram(family) : null);
}

/** One metric's samples stand together, once each, and with timestamps that go forward or none at all. */
function checkSeries({ name, samples }: Family): FamilyProblem | null {
  const series = new Map<string, Sample>();
  const finished = new Set<string>();
  let current = "";
  for (const sample of samples) {
    const metric = keyOf(sample, true);
    if (metric !== current) {
      finished.add(current);
      if (finished.has(metric)) return { line: sample.line, problem: `a metric of ${name} is interrupted` };
      current = metric;
    }
    const key = keyOf(sample, false);
    const former = series.get(key);
    series.set(key, sample);
    if (former === undefined) continue;
    if (former.timestamp === null || sample.timestamp === null) {
      return { line: sample.line, problem: `the series ${key} comes twice` };
    }
    if (sample.timestamp <= former.timestamp) {
      return { line: sample.line, problem: `the timestamps of ${key} do not go forward` };
    }
  }
  const stamped = samples.filter(({ timestamp }) => timestamp !== null).length;
  return stamped === 0 || stamped === samples.length
    ? null
    : { problem: `some samples of ${name} have timestamps, others none` };
}

function checkValues({ type, samples }: Family): FamilyProblem | null {
  for (const { name, value, labels, line } of samples) {
    const counts = type === "counter" || (type === "histogram" && !name.endsWith("_sum"));
    if (counts && !(value >= 0)) return { line, problem: `${name} counts, and is ${value}` };
    const whole = name.endsWith("_bucket") || name.endsWith("_count");
    if (type === "histogram" && whole && !Number.isInteger(value)) {
      return { line, problem: `${name} counts whole things, and is ${value}` };
    }
    if (type === "info" && value !== 1) return { line, problem: `an info is 1, not ${value}` };
    if (labels.has("le") !== (type === "histogram" && name.endsWith("_bucket"))) {
      return { line, problem: `"le" belongs to buckets alone, and to each of them` };
    }
  }
  return null;
}

function checkHistogram({ samples }: Family): FamilyProblem | null {
  const metrics = Map.groupBy(samples, (sample) => `${keyOf(sample, true)} ${sample.timestamp}`);
  for (const metric of metrics.values()) {
    const buckets = metric.filter(({ name }) => name.endsWith("_bucket"));
    const count = metric.find(({ name }) => name.endsWith("_count"));
    const sum = metric.find(({ name }) => name.endsWith("_sum"));
    const problem = checkBuckets(buckets);
    if (problem !== null) return problem;
    if (count === undefined || sum === undefined) {
      return { problem: "_count and _sum belong together, to each" };
    }
    if (count.value !== buckets.at(-1)!.value) {
      return {
        line: count.line,
        problem: `_count is ${count.value}, the bucket of all ${buckets.at(-1)!.value}`,
      };
    }
    const hasNegative = Number(buckets[0].labels.get("le")) < 0;
    if (!hasNegative && !(sum.value >= 0)) return { line: sum.line, problem: `_sum is ${sum.value}` };
  }
  return null;
}

function checkBuckets(buckets: Sample[]): FamilyProblem | null {
  if (buckets.at(-1)?.labels.get("le") !== "+Inf") return { problem: 'the last bucket is not le="+Inf"' };
  let [bound, count] = [-Infinity, 0];
  for (const { labels, value, line } of buckets) {
    const le = labels.get("le")!;
    if (le !== "+Inf" && !isCanonical(le)) return { line, problem: `le="${le}" is not in canonical form` };
    const next = le === "+Inf" ? Infinity : Number(le);
    if (!(next > bound)) return { line, problem: "buckets must ascend" };
    if (value < count) return { line, problem: "buckets must be cumulative" };
    [bound, count] = [next, value];
  }
  return null;
}

/** A float as every writer would put it: with a point or an exponent, and nothing superfluous. */
function isCanonical(text: string): boolean {
  if (!/^-?[0-9]+\.[0-9]+$|^-?[0-9](?:\.[0-9]+)?e[+-][0-9]{2,}$/.test(text)) return false;
  return !/^-?0[0-9]/.test(text) && (!/\.[0-9]+0$/.test(text));
}

/** Identifies a series, or (without `le` and the sample's suffix) the metric that it belongs to. */
function keyOf({ name, labels }: Sample, ofMetric: boolean): string {
  const sorted = [...labels].filter(([label]) => !ofMetric || label !== "le").sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  return (ofMetric ? "" : name) + JSON.stringify(sorted);
}

/** What `promtool check metrics` would have an author mend, besides the format. */
export function lint(families: Family[]): string[] {
  return families.flatMap(({ name, type, help, samples }) => {
    const problems: string[] = [];
    if (!help) problems.push(`${name} has no help text`);
    if (/[A-Z]|__/.test(name)) problems.push(`${name} is not in snake_case`);
    if (/_(?:ms|milliseconds|micros|microseconds|minutes|kb|kilobytes|megabytes|percent)(?:_|$)/.test(name)) {
      problems.push(`${name} is not in base units`);
    }
    if (/_(?:counter|gauge|histogram|info)(?:_|$)/.test(name) && !/_build_info$/.test(name)) {
      problems.push(`${name} says its type`);
    }
    if (/_(?:total|bucket|sum|count)$/.test(name)) {
      problems.push(`${name}, a ${type}, ends in a reserved suffix`);
    }
    for (const { labels } of samples) {
      for (const label of labels.keys()) {
        if (/[A-Z]/.test(label) || name.includes(`_by_${label}`)) {
          problems.push(`${name} has the label ${label}`);
        }
      }
    }
    return problems;
  });
}
