import type { ExchangeObserver } from "../telemetry/mod.ts";
import type { RequestSummary } from "./context.ts";
import type { ExchangeOptions } from "./exchange_options.ts";

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
