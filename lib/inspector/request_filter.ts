import { ApiError } from "./api_error.ts";
import type { ExchangeSummary } from "./api_shapes.ts";

/** Which recorded exchanges are wanted. */
export interface RequestFilter {
  limit: number;
  /** Only those with a lower id: the next page. */
  before: number;
  method: string | null;
  kind: string | null;
  runner: string | null;
  /** `200`, or a class such as `4xx`. */
  status: string | null;
  /** Part of the target, in whatever case. */
  text: string;
}

const defaultLimit = 100;
const maxLimit = 1_000;
const accepted = ["limit", "before", "method", "kind", "runner", "status", "q"];

/**
 * Reads a query such as `?q=/api&status=5xx&limit=50`; what it does not name is not asked for.
 *
 * @throws {ApiError} 400 when a value is not what its parameter takes
 */
export function requestFilter(parameters: URLSearchParams): RequestFilter {
  for (const name of parameters.keys()) {
    if (!accepted.includes(name)) {
      throw badParameter(`There is no parameter "${name}": accepted are ${accepted.join(", ")}.`);
    }
  }
  const kind = parameters.get("kind");
  if (kind !== null && kind !== "http" && kind !== "websocket") {
    throw badParameter(`"kind" is http or websocket, not "${kind}".`);
  }
  const status = parameters.get("status");
  if (status !== null && !/^[0-9]{1,3}$|^[1-5]xx$/.test(status)) {
    throw badParameter(`"status" is a code such as 404, or a class such as 4xx, not "${status}".`);
  }
  return {
    limit: Math.min(wholeNumber(parameters, "limit") ?? defaultLimit, maxLimit),
    before: wholeNumber(parameters, "before") ?? Infinity,
    method: parameters.get("method")?.toUpperCase() ?? null,
    kind,
    runner: parameters.get("runner"),
    status,
    text: parameters.get("q")?.toLowerCase() ?? "",
  };
}

function wholeNumber(parameters: URLSearchParams, name: string): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  if (!/^[1-9][0-9]{0,14}$/.test(text)) {
    throw badParameter(`"${name}" is a whole number from 1 on, not "${text}".`);
  }
  return Number(text);
}

function badParameter(message: string): ApiError {
  return new ApiError(400, "bad_parameter", message);
}

export function matches(summary: ExchangeSummary, filter: RequestFilter): boolean {
  const { id, method, kind, runner, status, target } = summary;
  return id < filter.before &&
    (filter.method === null || method === filter.method) &&
    (filter.kind === null || kind === filter.kind) &&
    (filter.runner === null || runner === filter.runner) &&
    (filter.status === null || hasStatus(status, filter.status)) &&
    target.toLowerCase().includes(filter.text);
}

function hasStatus(status: number, wanted: string): boolean {
  return /^[1-5]xx$/.test(wanted)
    ? Math.floor(status / 100) === Number(wanted[0])
    : String(status) === wanted;
}
