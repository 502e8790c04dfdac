import { pathOf } from "../timeline/selection.ts";

/** A parameter of a query as it stands there, not decoded: a name, and what follows `=`, if there is one. */
type Parameter = readonly [name: string, value: string | null];

/** A request's target, taken apart for comparison. */
export interface SplitTarget {
  path: string;
  /** With its question mark; `""` when there is none. */
  query: string;
  parameters: readonly Parameter[];
  /** Parameters in one order for all orders. */
  sorted: string;
}

export function splitTarget(target: string): SplitTarget {
  const path = pathOf(target);
  const query = target.slice(path.length);
  const pieces = query.length <= 1 ? [] : query.slice(1).split("&");
  return { path, query, parameters: pieces.map(parameter), sorted: pieces.toSorted().join("&") };
}

/** Whether a value was overwritten when it was captured: nobody knows what it was. */
function isRedacted(value: string | null): boolean {
  return value !== null && /^\*+$/.test(value);
}

export function hasRedacted({ parameters }: SplitTarget): boolean {
  return parameters.some(([, value]) => isRedacted(value));
}

/**
 * Whether a request's query is what was recorded, where a redacted value stands for any.
 *
 * @param anyOrder parameters may stand in another order
 */
export function isSameQuery(recorded: SplitTarget, asked: SplitTarget, anyOrder: boolean): boolean {
  if (recorded.query === asked.query) return true;
  if (recorded.parameters.length !== asked.parameters.length) return false;
  const order = (parameters: readonly Parameter[]) => anyOrder ? parameters.toSorted(byName) : parameters;
  const others = order(asked.parameters);
  return order(recorded.parameters).every(([name, value], i) =>
    name === others[i][0] && (isRedacted(value) || value === others[i][1])
  );
}

/** How many parameters of `asked` were recorded, name and value. */
export function sharedParameters(recorded: SplitTarget, asked: SplitTarget): number {
  return asked.parameters.filter(([name, value]) =>
    recorded.parameters.some((other) => other[0] === name && (isRedacted(other[1]) || other[1] === value))
  ).length;
}

function parameter(piece: string): Parameter {
  const at = piece.indexOf("=");
  return at === -1 ? [piece, null] : [piece.slice(0, at), piece.slice(at + 1)];
}

function byName(a: Parameter, b: Parameter): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return (a[1] ?? "") < (b[1] ?? "") ? -1 : 1;
}
