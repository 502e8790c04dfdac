import { ApiError } from "./api_error.ts";

/** Every route of the JSON API; `{id}` stands for one part of a path. `schemas/admin-api.openapi.json` has the same. */
export const apiRoutes = [
  "GET /api/status",
  "GET /api/links",
  "DELETE /api/links/{id}",
  "GET /api/links/{id}/rtt",
  "GET /api/link-events",
  "GET /api/streams",
  "GET /api/streams/{id}",
  "GET /api/requests",
  "GET /api/requests/{id}",
  "POST /api/requests/{id}/replay",
  "GET /api/events",
  "POST /api/drain",
] as const;

export type ApiRoute = (typeof apiRoutes)[number];

const table = apiRoutes.map((route) => {
  const [method, path] = route.split(" ");
  return { route, method, parts: path.split("/") };
});

/**
 * Finds the route of a request below `/api/`.
 *
 * @returns with the part that stands where the route has `{id}`; empty when it has none
 * @throws {ApiError} 404 when nothing is there, 405 when it takes other methods, 400 when it is not properly escaped
 */
export function routeOf(method: string, path: string): { route: ApiRoute; id: string } {
  const parts = path.split("/");
  const there = table.filter((entry) => matches(entry.parts, parts));
  const entry = there.find((entry) => entry.method === method);
  if (entry !== undefined) {
    return { route: entry.route, id: unescape(parts[entry.parts.indexOf("{id}")] ?? "") };
  }
  if (there.length === 0) {
    const paths = new Set(table.map(({ parts }) => parts.join("/")));
    throw new ApiError(404, "not_found", `Nothing is at ${path}: the API has ${[...paths].join(", ")}.`);
  }
  const allowed = there.map((entry) => entry.method).join(", ");
  throw new ApiError(405, "wrong_method", `${path} takes ${allowed}, not ${method}.`, { Allow: allowed });
}

function matches(template: readonly string[], parts: readonly string[]): boolean {
  return template.length === parts.length &&
    template.every((part, at) => part === "{id}" ? parts[at] !== "" : part === parts[at]);
}

function unescape(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    if (cause instanceof URIError) throw new ApiError(400, "bad_path", `${part} is not properly escaped.`);
    throw cause;
  }
}
