import { resetCodes, resetProblem } from "../protocol/mod.ts";
import type { StreamAnswer } from "../session/mod.ts";
import { ApiError } from "./api_error.ts";
import type { ExchangeDetail, LinkJson, StatusJson } from "./api_shapes.ts";
import { routeOf } from "./api_routes.ts";
import type { EventFeed } from "./event_feed.ts";
import { exchangeSummary } from "./exchange_json.ts";
import type { ExchangeRecord } from "./exchange_record.ts";
import type { History } from "./history.ts";
import type { Inspected } from "./inspected.ts";
import { matches, requestFilter } from "./request_filter.ts";

/** How long a replayed request may take, milliseconds. */
const replayWithinMs = 60_000;

/** Round trips in the small curve of a link. */
const curveSamples = 60;

/** Ids of requests as they are given out. */
const requestId = /^[1-9][0-9]{0,14}$/;

export interface AdminApiOptions {
  inspected: Inspected;
  history: History;
  feed: EventFeed;
  /** When the process started, milliseconds since 1970. */
  startedAt: number;
  now: () => number;
  wallMs: () => number;
}

/** The JSON API of the admin port, described in `schemas/admin-api.openapi.json`. */
export class AdminApi {
  readonly #options: AdminApiOptions;

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  /**
   * Answers a request below `/api/`.
   *
   * @throws {ApiError} when there is nothing to answer with
   */
  async serve(request: Request, url: URL): Promise<Response> {
    const { route, id } = routeOf(request.method, url.pathname);
    switch (route) {
      case "GET /api/status":
        return json(this.#status());
      case "GET /api/links":
        return json({ links: this.#links() });
      case "DELETE /api/links/{id}":
        return this.#dropLink(id);
      case "GET /api/links/{id}/rtt":
        return json(this.#rtt(id));
      case "GET /api/link-events":
        return json({ events: this.#options.history.linkEvents() });
      case "GET /api/streams":
        return json({ streams: this.#options.inspected.streams() });
      case "GET /api/streams/{id}":
        return json(this.#stream(id));
      case "GET /api/requests":
        return json(this.#requests(url.searchParams));
      case "GET /api/requests/{id}":
        return json(await detailOf(this.#record(id)));
      case "POST /api/requests/{id}/replay":
        return json(await this.#replay(this.#record(id)));
      case "GET /api/events":
        return eventStream(this.#options.feed.subscribe());
      case "POST /api/drain":
        this.#options.inspected.drain();
        return json({ draining: true }, 202);
      default:
        throw new TypeError(`${route satisfies never} is not served`);
    }
  }

  #status(): StatusJson {
    const { inspected, history, startedAt, wallMs } = this.#options;
    const streams = inspected.streams();
    return {
      side: inspected.side,
      agent: inspected.agent,
      url: inspected.url,
      startedAt,
      now: wallMs(),
      draining: inspected.draining,
      links: inspected.links().filter((link) => link.state !== "hibernating").length,
      streams: streams.length,
      hibernating: streams.filter((stream) => stream.state === "hibernating").length,
      bufferedBytes: inspected.bufferedBytes,
      history: { max: history.maxRecords, unrecorded: history.unrecorded },
    };
  }

  #links(): LinkJson[] {
    const { inspected, history } = this.#options;
    return inspected.links().map((link) => ({
      ...link,
      percentiles: history.rtts.percentiles(link.id),
      recentRttMs: history.rtts.recent(link.id, curveSamples),
    }));
  }

  #dropLink(id: string): Response {
    if (!this.#options.inspected.dropLink(id)) {
      throw new ApiError(
        404,
        "no_such_link",
        `No link carries the session "${id}" now: GET /api/links lists them.`,
      );
    }
    return json({ dropped: id }, 202);
  }

  #rtt(id: string) {
    const { inspected, history, wallMs } = this.#options;
    if (!history.rtts.has(id) && !inspected.links().some((link) => link.id === id)) {
      throw new ApiError(
        404,
        "no_such_link",
        `No link of the session "${id}" is known: GET /api/links lists them.`,
      );
    }
    return { link: id, bins: history.rtts.chart(id, wallMs()) };
  }

  #stream(id: string) {
    const stream = this.#options.inspected.streams().find((stream) => stream.id === id);
    if (stream !== undefined) return stream;
    throw new ApiError(404, "no_such_stream", `No stream "${id}" is in flight: GET /api/streams lists them.`);
  }

  #requests(parameters: URLSearchParams) {
    const { history } = this.#options;
    const filter = requestFilter(parameters);
    const requests = [];
    for (const record of history.newest()) {
      if (requests.length === filter.limit) break;
      const summary = exchangeSummary(record);
      if (matches(summary, filter)) requests.push(summary);
    }
    return { requests, unrecorded: history.unrecorded };
  }

  #record(id: string): ExchangeRecord {
    const record = requestId.test(id) ? this.#options.history.get(Number(id)) : undefined;
    if (record !== undefined) return record;
    throw new ApiError(
      404,
      "no_such_request",
      `No request "${id}" is recorded (any more): GET /api/requests lists them.`,
    );
  }

  /** Sends a request once more, records it as one of its own, and answers with that. */
  async #replay(record: ExchangeRecord) {
    const { start, requestBytes } = record;
    if (start.kind === "websocket") {
      throw new ApiError(
        409,
        "not_replayable",
        "A WebSocket cannot be replayed here: tunnel replay --to does that.",
      );
    }
    if (!record.requestComplete) {
      throw new ApiError(
        409,
        "not_replayable",
        record.end === null
          ? "The request is still under way: its body is not complete."
          : "The request ended before its body was complete: what came of it cannot be sent as the whole.",
      );
    }
    if (!requestBytes.whole) {
      throw new ApiError(
        409,
        "not_replayable",
        `Of the request's body ${requestBytes.keptBytes} of ${requestBytes.totalBytes} bytes are kept: it cannot be sent again.`,
      );
    }
    const { inspected, history, now } = this.#options;
    const startedAtMs = now();
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(`no answer within ${replayWithinMs} ms`), replayWithinMs);
    const answering = inspected.resend({
      method: start.method,
      target: start.target,
      headers: [...start.headers],
      body: requestBytes.totalBytes === 0 ? null : requestBytes.bytes(),
      runner: start.runner,
      client: start.client,
    }, {
      maxBodyBytes: 64 * 1024,
      // Not ended when whoever asked leaves: it is recorded, and can be looked at later.
      signal: timeout.signal,
    });
    if (answering === null) {
      clearTimeout(timer);
      throw new ApiError(503, "no_runner", `No runner named "${start.runner}" is connected.`);
    }
    const copy = history.record({ ...start, replayOf: String(record.id) });
    copy.requestBody(requestBytes.bytes());
    copy.requestEnd();
    const answer = await answering;
    clearTimeout(timer);
    noteAnswer(copy, answer, now() - startedAtMs);
    return await detailOf(copy);
  }
}

/** Loaded when it is first asked for: what unpacks bodies would take its time from each start. */
async function detailOf(record: ExchangeRecord): Promise<ExchangeDetail> {
  const { exchangeDetail } = await import("./exchange_detail.ts");
  return exchangeDetail(record);
}

function noteAnswer(record: ExchangeRecord, answer: StreamAnswer, durationMs: number): void {
  if (answer.kind === "answer") {
    record.responded(answer.status, answer.headers);
    record.responseBody(answer.body);
    record.responseBytes.skip(answer.bodyBytes - answer.body.length);
    record.done({ status: answer.status, durationMs, problem: null });
    return;
  }
  const status = answer.code === resetCodes.originTimeout ? 504 : 502;
  record.done({ status, durationMs, problem: resetProblem(answer.code) });
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value) + "\n", {
    status,
    headers: { "content-type": "application/json; charset=utf-8" },
  });
}

function eventStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}
