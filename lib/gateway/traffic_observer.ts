import type { RawHeaders, RequestHead } from "../http1/mod.ts";
import type { StreamHandler } from "../session/mod.ts";
import type { IngressContext, RequestSummary } from "./context.ts";
import type { ClientInfo } from "./forwarded.ts";

/** A client's request or WebSocket as it came in. */
export interface ExchangeStart {
  kind: "http" | "websocket";
  method: string;
  /** In origin-form, byte for byte as the client sent it. */
  target: string;
  headers: RawHeaders;
  /** The client's address. */
  client: string;
  /** Name of the runner it was routed to. */
  runner: string;
}

/**
 * What a link's fate means to an exchange: `dropped` and `resumed` with the same session, `hibernating` and
 * `woken` across sessions.
 */
export type LinkChange = "dropped" | "resumed" | "hibernating" | "woken";

/** Follows one exchange. Bytes are valid during the call alone. */
export interface ExchangeObserver {
  /** A stream with this id carries the exchange from now on. */
  opened(requestId: number): void;
  requestBody(bytes: Uint8Array): void;
  responded(status: number, headers: RawHeaders): void;
  responseBody(bytes: Uint8Array): void;
  /** A WebSocket message, or part of a large one: `received` from the client, `sent` to it. */
  message(direction: "received" | "sent", part: { binary: boolean; bytes: Uint8Array; final: boolean }): void;
  /** A close frame; `code` is `null` when it had none. */
  closing(direction: "received" | "sent", code: number | null, reason: string): void;
  linkChanged(change: LinkChange, detail: string): void;
  done(summary: RequestSummary): void;
}

/** Sees client traffic go by, for the inspector. */
export interface TrafficObserver {
  /** @returns who follows the exchange, or `null` when nobody does */
  began(start: ExchangeStart): ExchangeObserver | null;
}

/** Begins to follow an exchange, if anybody wants to. */
export function observe(
  kind: ExchangeStart["kind"],
  exchange: { context: IngressContext; head: RequestHead; client: ClientInfo; runner: { name: string } },
): ExchangeObserver | null {
  const { observer } = exchange.context;
  if (observer === null) return null;
  const { method, target, headers } = exchange.head;
  const { client, runner } = exchange;
  return observer.began({ kind, method, target, headers, client: client.address, runner: runner.name });
}

/** Tells every exchange that a session carries what became of its link. */
export function tellLinkChange(
  streams: Iterable<{ handler: StreamHandler | null }>,
  change: LinkChange,
  detail: string,
): void {
  for (const { handler } of streams) {
    if (handler !== null && "linkChanged" in handler) {
      (handler as StreamHandler & Pick<ExchangeObserver, "linkChanged">).linkChanged(change, detail);
    }
  }
}
