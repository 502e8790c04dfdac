/** A place where two JSON documents differ. */
export interface JsonDifference {
  /** Such as `$.items[2].name` or `$["a b"]`. */
  path: string;
  /** JSON text; `null` where there is nothing. */
  recorded: string | null;
  replayed: string | null;
}

/** A number that a double cannot hold exactly: as digits and exponent, so that two of them can be told apart. */
class ExactNumber {
  constructor(readonly canonical: string, readonly source: string) {}

  toJSON(): string {
    return this.source;
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Where two documents, as {@link parseJson} gives them, differ by structure: white space, the order of members and
 * the spelling of numbers and strings do not count. In the order of the first.
 */
export function* jsonDifferences(recorded: unknown, replayed: unknown): Generator<JsonDifference> {
  const pending: [string, unknown, unknown][] = [["$", recorded, replayed]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, a, b] = next;
    if (a === undefined || b === undefined) {
      yield { path, recorded: textOf(a), replayed: textOf(b) };
    } else if (Array.isArray(a) && Array.isArray(b)) {
      for (let i = Math.max(a.length, b.length) - 1; i >= 0; i--) pending.push([`${path}[${i}]`, a[i], b[i]]);
    } else if (isObject(a) && isObject(b)) {
      const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
      for (const key of keys.reverse()) pending.push([path + member(key), own(a, key), own(b, key)]);
    } else if (!isSame(a, b)) {
      yield { path, recorded: textOf(a), replayed: textOf(b) };
    }
  }
}

/** @returns `undefined` when `text` is not JSON, or is nested too deeply to be looked at by structure */
export function parseJson(text: string): unknown {
  try {
    return parse(
      text,
      (_key, value, { source }) => typeof value === "number" ? exact(value, source!) : value,
    );
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof ExactNumber);
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof ExactNumber && b instanceof ExactNumber) return a.canonical === b.canonical;
  return a === b;
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return value instanceof ExactNumber ? value.source : JSON.stringify(value);
}

function member(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The number itself where a double is exactly what was written. */
function exact(value: number, source: string): number | ExactNumber {
  const canonical = canonicalNumber(source);
  return canonical === canonicalNumber(String(value)) ? value : new ExactNumber(canonical, source);
}

/** One spelling for all that mean the same: the digits without zeros at either end, and the exponent. */
function canonicalNumber(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source);
  if (match === null) return source;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
