import type { ExchangeStart } from "../../../lib/telemetry/mod.ts";
import { History, type HistoryOptions } from "../../../lib/inspector/history.ts";

/** A request as it comes in, but for what is given. */
export function start(changes: Partial<ExchangeStart> = {}): ExchangeStart {
  return {
    kind: "http",
    method: "GET",
    target: "/",
    headers: ["Host", "app"],
    client: "127.0.0.1",
    runner: "default",
    ...changes,
  };
}

/** How an exchange ends well. */
export const end = { status: 200, durationMs: 1, problem: null };

/** A history in virtual time, milliseconds. */
export function historyAt(options: Partial<HistoryOptions> = {}): { history: History; at(ms: number): void } {
  let nowMs = 0;
  const history = new History({ maxRecords: 10, now: () => nowMs, wallMs: () => 1e12 + nowMs, ...options });
  return { history, at: (ms) => nowMs = ms };
}
