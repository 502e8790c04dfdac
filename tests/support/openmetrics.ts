/**
 * A strict reader of OpenMetrics 1.0 text (https://prometheus.io/docs/specs/om/open_metrics_spec/), written from the
 * specification alone: it has nothing in common with what writes the metrics. What it does not know it refuses.
 */
import { checkFamily } from "./openmetrics_rules.ts";

export type MetricType = "counter" | "gauge" | "histogram" | "info" | "unknown";

const metricTypes: readonly string[] = ["counter", "gauge", "histogram", "info", "unknown"];

/** Suffixes that samples of a type bear; all but a gauge's and an unknown's are reserved by it. */
const suffixes: Record<MetricType, readonly string[]> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum", "_created"],
  info: ["_info"],
  unknown: [""],
};

export interface Exemplar {
  labels: Map<string, string>;
  value: number;
  timestamp: number | null;
}

export interface Sample {
  /** With its suffix. */
  name: string;
  labels: Map<string, string>;
  value: number;
  /** Seconds since 1970. */
  timestamp: number | null;
  exemplar: Exemplar | null;
  line: number;
}

export interface Family {
  /** Without suffix. */
  name: string;
  type: MetricType;
  unit: string | null;
  help: string | null;
  samples: Sample[];
}

/** The text is not OpenMetrics; says in which line, and why. */
export class OpenMetricsError extends Error {
  override readonly name = "OpenMetricsError";
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const number =
  /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[Ii][Nn][Ff](?:inity)?|[Nn][Aa][Nn])/;
const realNumber = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/;

/** Longest exemplar, characters of its labels' names and values. */
const maxExemplarLength = 128;

/**
 * Reads an exposition.
 *
 * @throws {OpenMetricsError} at the first thing that is not as the specification has it
 */
export function parseOpenMetrics(text: string): Family[] {
  return new Exposition().read(text);
}

/** Builds families line by line. */
class Exposition {
  readonly #families = new Map<string, Family>();
  /** Every name that a sample of a family may bear, so that no two families can clash. */
  readonly #names = new Map<string, string>();
  #current: Family | null = null;
  #seen = new Set<string>();

  read(text: string): Family[] {
    if (text.includes("\r")) throw new OpenMetricsError(1, "lines end with a line feed alone");
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (let at = 0; at < lines.length; at++) {
      const line = at + 1;
      if (lines[at] === "# EOF") {
        if (line !== lines.length) throw new OpenMetricsError(line + 1, "nothing may follow # EOF");
        this.#close(line);
        return [...this.#families.values()];
      }
      if (lines[at] === "") throw new OpenMetricsError(line, "empty lines are not allowed");
      if (lines[at].startsWith("#")) this.#metadata(lines[at], line);
      else this.#sample(readSample(lines[at], line));
    }
    throw new OpenMetricsError(lines.length, "# EOF is missing");
  }

  #metadata(text: string, line: number): void {
    const match = /^# (TYPE|HELP|UNIT) (\S+)(?: (.*))?$/s.exec(text);
    if (match === null) throw new OpenMetricsError(line, "neither metadata nor # EOF");
    const [, keyword, name, value = ""] = match;
    if (metricName.exec(name)?.[0] !== name) throw new OpenMetricsError(line, `"${name}" is no name`);
    const family = this.#open(name, line);
    if (family.samples.length > 0) {
      throw new OpenMetricsError(line, `# ${keyword} of ${name} comes after its samples`);
    }
    if (this.#seen.has(keyword)) throw new OpenMetricsError(line, `a second # ${keyword} of ${name}`);
    this.#seen.add(keyword);
    if (keyword === "TYPE") family.type = readType(value, line);
    else if (keyword === "UNIT") family.unit = readUnit(value, name, line);
    else family.help = unescape(value, line);
  }

  #sample(sample: Sample): void {
    const family = this.#current;
    if (family === null) throw new OpenMetricsError(sample.line, `${sample.name} has no # TYPE before it`);
    if (!suffixes[family.type].some((suffix) => family.name + suffix === sample.name)) {
      throw new OpenMetricsError(
        sample.line,
        `${sample.name} is no sample of the ${family.type} ${family.name} that is being listed`,
      );
    }
    family.samples.push(sample);
  }

  /** The family of this name: the current one, or a new one. */
  #open(name: string, line: number): Family {
    if (this.#current?.name === name) return this.#current;
    this.#close(line);
    if (this.#families.has(name)) throw new OpenMetricsError(line, `${name} is listed in two places`);
    const family: Family = { name, type: "unknown", unit: null, help: null, samples: [] };
    this.#families.set(name, family);
    this.#current = family;
    this.#seen = new Set();
    return family;
  }

  #close(line: number): void {
    const family = this.#current;
    this.#current = null;
    if (family === null) return;
    if (!this.#seen.has("TYPE")) throw new OpenMetricsError(line, `${family.name} has no # TYPE`);
    for (
      const name of new Set([
        family.name,
        ...suffixes[family.type].map((suffix) => family.name + suffix),
      ])
    ) {
      const other = this.#names.get(name);
      if (other !== undefined) {
        throw new OpenMetricsError(
          line,
          `${family.name} and ${other} clash in ${name}`,
        );
      }
      this.#names.set(name, family.name);
    }
    const problem = checkFamily(family);
    if (problem !== null) throw new OpenMetricsError(problem.line ?? line, problem.problem);
  }
}

function readType(text: string, line: number): MetricType {
  if (!metricTypes.includes(text)) {
    throw new OpenMetricsError(line, `"${text}" is no type that is known here`);
  }
  return text as MetricType;
}

function readUnit(unit: string, name: string, line: number): string {
  if (unit === "") throw new OpenMetricsError(line, "# UNIT names no unit");
  if (!name.endsWith(`_${unit}`)) {
    throw new OpenMetricsError(line, `${name} does not end in its unit ${unit}`);
  }
  return unit;
}

/** One sample line, from left to right. */
function readSample(text: string, line: number): Sample {
  const reader = new LineReader(text, line);
  const name = reader.take(metricName, "a metric's name");
  const labels = reader.peek("{") ? reader.labels() : new Map<string, string>();
  reader.expect(" ");
  const value = toNumber(reader.take(number, "a value"));
  let timestamp: number | null = null;
  let exemplar: Exemplar | null = null;
  if (reader.peek(" ") && !reader.peek(" #")) {
    reader.expect(" ");
    timestamp = Number(reader.take(realNumber, "a timestamp"));
  }
  if (reader.peek(" # ")) {
    reader.expect(" # ");
    exemplar = readExemplar(reader, { name, line });
  }
  reader.end();
  return { name, labels, value, timestamp, exemplar, line };
}

function readExemplar(reader: LineReader, of: { name: string; line: number }): Exemplar {
  if (!of.name.endsWith("_total") && !of.name.endsWith("_bucket")) {
    throw new OpenMetricsError(of.line, `${of.name} may not bear an exemplar`);
  }
  const labels = reader.labels();
  const length = [...labels].flat().reduce((sum, part) => sum + [...part].length, 0);
  if (length > maxExemplarLength) throw new OpenMetricsError(of.line, `an exemplar of ${length} characters`);
  reader.expect(" ");
  const value = toNumber(reader.take(number, "an exemplar's value"));
  let timestamp: number | null = null;
  if (reader.peek(" ")) {
    reader.expect(" ");
    timestamp = Number(reader.take(realNumber, "an exemplar's timestamp"));
  }
  return { labels, value, timestamp };
}

class LineReader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  peek(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  expect(text: string): void {
    if (!this.peek(text)) {
      throw new OpenMetricsError(
        this.#line,
        `expected ${JSON.stringify(text)} at column ${this.#at + 1}, found ${JSON.stringify(this.#rest)}`,
      );
    }
    this.#at += text.length;
  }

  take(pattern: RegExp, what: string): string {
    const match = pattern.exec(this.#rest);
    if (match === null) {
      throw new OpenMetricsError(this.#line, `expected ${what}, found ${JSON.stringify(this.#rest)}`);
    }
    this.#at += match[0].length;
    return match[0];
  }

  labels(): Map<string, string> {
    const labels = new Map<string, string>();
    this.expect("{");
    while (!this.peek("}")) {
      if (labels.size > 0) this.expect(",");
      const name = this.take(labelName, "a label's name");
      if (name.startsWith("__")) throw new OpenMetricsError(this.#line, `the label ${name} is reserved`);
      if (labels.has(name)) throw new OpenMetricsError(this.#line, `the label ${name} comes twice`);
      this.expect('="');
      const value = this.take(/^(?:[^"\\]|\\.)*/s, "a label's value");
      this.expect('"');
      labels.set(name, unescape(value, this.#line));
    }
    this.expect("}");
    return labels;
  }

  end(): void {
    if (this.#rest !== "") {
      throw new OpenMetricsError(this.#line, `${JSON.stringify(this.#rest)} is too much`);
    }
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }
}

function unescape(text: string, line: number): string {
  return text.replaceAll(/\\(.?)/gs, (_, escaped: string) => {
    if (escaped === "n") return "\n";
    if (escaped === "\\" || escaped === '"') return escaped;
    throw new OpenMetricsError(line, `\\${escaped} escapes nothing`);
  });
}

function toNumber(text: string): number {
  const lower = text.toLowerCase();
  if (lower === "nan") return NaN;
  if (/inf/.test(lower)) return lower.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/**
 * One sample's value.
 *
 * @throws {Error} when there is not exactly one series of that name with these labels
 */
export function valueOf(families: Family[], name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels);
  const found = families.flatMap(({ samples }) => samples).filter((sample) =>
    sample.name === name && sample.labels.size === wanted.length &&
    wanted.every(([label, value]) => sample.labels.get(label) === value)
  );
  if (found.length !== 1) throw new Error(`${found.length} series ${name}${JSON.stringify(labels)}`);
  return found[0].value;
}
