import {
  exposition,
  expositionType,
  type Logger,
  metricFamilies,
  type MetricFamily,
  type ProcessUsage,
} from "../telemetry/mod.ts";
import { AdminApi } from "./admin_api.ts";
import { ApiError } from "./api_error.ts";
import { EventFeed } from "./event_feed.ts";
import { type AccessRules, refusalOf } from "./guard.ts";
import type { History } from "./history.ts";
import type { Inspected } from "./inspected.ts";
import type { PageFile } from "./page_files.ts";

export interface AdminServerOptions {
  hostname: string;
  /** 0 takes any free port. */
  port: number;
  /** What others must show; needed on every address that is not loopback. */
  token: string | null;
  inspected: Inspected;
  history: History;
  /** When the process started, milliseconds since 1970. */
  startedAt: number;
  /** Monotonic, milliseconds. */
  now: () => number;
  /** Milliseconds since 1970. */
  wallMs: () => number;
  usage: () => ProcessUsage;
  logger: Logger;
}

/**
 * What every answer bears. Captured content is shown as data: no script but the page's own files runs, nothing is
 * loaded from elsewhere, nobody may frame the page.
 */
const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** How long requests under way may take to end when the server closes, milliseconds. */
const closeWithinMs = 500;

/** Metrics, JSON API and inspector page of a gateway or runner, on a port of their own. */
export class AdminServer implements AsyncDisposable {
  readonly #options: AdminServerOptions;
  readonly #feed: EventFeed;
  readonly #api: AdminApi;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  /**
   * Listens and serves.
   *
   * @throws {TypeError} when the address is not loopback and there is no token
   * @throws {Deno.errors.AddrInUse} when the port is taken; other errors of `Deno.serve`
   */
  static listen(options: AdminServerOptions): AdminServer {
    if (!isLoopback(options.hostname) && options.token === null) {
      throw new TypeError(`an admin token is needed to listen on ${options.hostname}`);
    }
    return new AdminServer(options);
  }

  private constructor(options: AdminServerOptions) {
    this.#options = options;
    const { inspected, history, startedAt, now, wallMs } = options;
    this.#feed = new EventFeed(history);
    this.#api = new AdminApi({ inspected, history, feed: this.#feed, startedAt, now, wallMs });
    this.#server = Deno.serve({
      hostname: options.hostname,
      port: options.port,
      signal: this.#stopping.signal,
      onListen: () => {},
      onError: (error) => this.#failed(error),
    }, (request, { completed }) => {
      this.#follow(completed);
      return this.#serve(request);
    });
  }

  get address(): { hostname: string; port: number } {
    return this.#server.addr;
  }

  /** Ends all streams of events and, once they are answered, all requests; what takes too long is broken off. */
  async close(): Promise<void> {
    this.#feed.close();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, closeWithinMs));
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
    this.#stopping.abort();
    await this.#server.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Remembers an answer until it is out, or its reader is gone. */
  #follow(completed: Promise<void>): void {
    const settled: Promise<void> = completed.then(() => {}, () => {}).finally(() =>
      this.#underWay.delete(settled)
    );
    this.#underWay.add(settled);
  }

  async #serve(request: Request): Promise<Response> {
    const response = await this.#answer(request);
    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value);
    return response;
  }

  async #answer(request: Request): Promise<Response> {
    const url = URL.parse(request.url);
    if (url === null) {
      const host = request.headers.get("host");
      return problem(400, { code: "bad_host", message: `"${host}" is no name and port that anything has.` });
    }
    const page = await pageAt(request.method, url.pathname);
    const refusal = refusalOf({ headers: request.headers, open: page !== undefined }, this.#rules());
    if (refusal !== null) return problem(refusal.status, refusal, refusal.headers);
    if (page !== undefined) return new Response(page.text, { headers: { "content-type": page.type } });
    try {
      if (url.pathname === "/metrics") return await this.#metrics(request);
      if (url.pathname.startsWith("/api/")) return await this.#api.serve(request, url);
      throw new ApiError(
        404,
        "not_found",
        `Nothing is at ${url.pathname}: the page is at /, metrics at /metrics, the API below /api/.`,
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return problem(error.status, error, error.headers);
    }
  }

  async #metrics(request: Request): Promise<Response> {
    if (request.method !== "GET") {
      throw new ApiError(405, "wrong_method", "/metrics takes GET.", { Allow: "GET" });
    }
    const { inspected, usage } = this.#options;
    const type = expositionType(request.headers.get("accept"));
    const text = await exposition(familiesOf(inspected, usage()), type);
    return new Response(text, { headers: { "content-type": type } });
  }

  #rules(): AccessRules {
    const { hostname, token } = this.#options;
    return { loopback: isLoopback(hostname), token };
  }

  /** Something is wrong in this program: said to whoever asked and in the log, and the rest goes on. */
  #failed(error: unknown): Response {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.logger.error("admin.failed", { reason: message });
    return problem(500, { code: "internal", message });
  }
}

/** The page's file at `path`. They are loaded when somebody looks. */
async function pageAt(method: string, path: string): Promise<PageFile | undefined> {
  if ((method !== "GET" && method !== "HEAD") || path === "/metrics" || path.startsWith("/api/")) {
    return undefined;
  }
  const { pageFiles } = await import("./page_files.ts");
  return pageFiles.get(path);
}

/** Every metric of what is inspected, as it is now. */
export function familiesOf(inspected: Inspected, usage: ProcessUsage): MetricFamily[] {
  const { agent, bufferedBytes, certificateEndsMs, metrics } = inspected;
  const [links, streams] = [inspected.links(), inspected.streams()];
  const state = { agent, links, streams, bufferedBytes, certificateEndsMs };
  return metricFamilies(metrics, state, usage);
}

/** Whether an address to listen on is reached from this machine alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function problem(
  status: number,
  { code, message }: { code: string; message: string },
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error: code, message }, { status, headers });
}
