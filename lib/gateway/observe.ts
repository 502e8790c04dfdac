import type { RequestHead } from "../http1/mod.ts";
import type { Stream, StreamHandler } from "../session/mod.ts";
import { formatStreamId } from "../protocol/mod.ts";
import {
  type ExchangeObserver,
  type ExchangeStart,
  type LinkChange,
  pathOf,
  type StreamStatus,
} from "../telemetry/mod.ts";
import type { IngressContext } from "./context.ts";
import type { ClientInfo } from "./forwarded.ts";

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

/** Address of the client behind a stream; empty when it has left. */
export function clientOf({ handler }: Stream): string {
  return handler !== null && "client" in handler
    ? (handler as StreamHandler & { client: string }).client
    : "";
}

/** A client that waits for a runner: no stream carries it now. */
export interface WaitingStatus {
  kind: "http" | "websocket";
  /** Of the stream that carried it last. */
  requestId: number;
  head: RequestHead;
  client: string;
  runner: string;
  startedAtMs: number;
  heldFrames: number;
  heldBytes: number;
}

/** A client that waits. @param held what is known of it alone */
export function waitingStatus(
  kind: WaitingStatus["kind"],
  { head, client, runner }: { head: RequestHead; client: ClientInfo; runner: { name: string } },
  held: Pick<WaitingStatus, "requestId" | "startedAtMs" | "heldFrames" | "heldBytes">,
): WaitingStatus {
  return { kind, head, client: client.address, runner: runner.name, ...held };
}

/** The same, as streams are told of. @param of `nowMs`: on the clock of `startedAtMs` */
export function hibernatingStatus(
  waiting: WaitingStatus,
  of: { gatewayId: number; nowMs: number },
): StreamStatus {
  const { kind, requestId, head, client, runner, startedAtMs, heldFrames, heldBytes } = waiting;
  return {
    id: formatStreamId(of.gatewayId, requestId),
    kind,
    runner,
    link: "",
    state: "hibernating",
    method: head.method,
    path: pathOf(head.target),
    client,
    ageMs: of.nowMs - startedAtMs,
    unacknowledgedFrames: heldFrames,
    bufferedBytes: heldBytes,
    sendCredit: 0,
    undeliveredFrames: 0,
    undeliveredBytes: 0,
  };
}
