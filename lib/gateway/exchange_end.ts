import type { RequestHead } from "../http1/mod.ts";
import type { ExchangeObserver } from "../telemetry/mod.ts";
import { isUpgradeRequest } from "../websocket/mod.ts";
import type { IngressContext, RequestSummary } from "./context.ts";
import type { ExchangeOptions } from "./exchange_options.ts";
import type { ClientInfo } from "./forwarded.ts";
import { observe } from "./observe.ts";
import type { Problem } from "./problem.ts";

/** How an exchange ended, as far as it does not follow from what it began with. */
export interface ExchangeEnding extends Pick<RequestSummary, "kind" | "status" | "requestId" | "problem"> {
  startedAtMs: number;
  observer: ExchangeObserver | null;
}

/** An exchange is over: tells who follows it, and the gateway for its log and metrics. */
export function tellExchangeEnd({ context, head, runner }: ExchangeOptions, ending: ExchangeEnding): void {
  const { kind, status, requestId, problem, startedAtMs, observer } = ending;
  // Named one by one: copying what is left costs a call out of compiled code for each request.
  const summary: RequestSummary = {
    kind,
    status,
    requestId,
    problem,
    method: head.method,
    target: head.target,
    runner: runner.name,
    durationMs: context.clock.turnMs() - startedAtMs,
  };
  observer?.done(summary);
  context.requestDone(summary);
}

/** A well-formed request that no runner was asked for, because the gateway answers it with an error. */
export interface OwnAnswer {
  context: IngressContext;
  client: ClientInfo;
  head: RequestHead;
  hasBody: boolean;
  /** Of the runner that it was for. */
  name: string;
}

/** The gateway answers a request itself: tells who follows client traffic, and the gateway for its log and metrics. */
export function tellOwnAnswer(
  { status, code: problem }: Problem,
  { context, client, head, hasBody, name }: OwnAnswer,
): void {
  const { method, target } = head;
  const kind: "websocket" | "http" = isUpgradeRequest(head) ? "websocket" : "http";
  const observer = observe(kind, { context, head, client, runner: { name } });
  if (!hasBody) observer?.requestEnd();
  const summary = { kind, method, target, runner: name, status, durationMs: 0, requestId: 0, problem };
  observer?.done(summary);
  context.requestDone(summary);
}
