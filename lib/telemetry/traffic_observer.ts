/** A client's request or WebSocket as it came in. */
export interface ExchangeStart {
  kind: "http" | "websocket";
  method: string;
  /** In origin-form, byte for byte as the client sent it. */
  target: string;
  /** Flat: name, value, name, value, … */
  headers: readonly string[];
  /** The client's address; empty where it is not known. */
  client: string;
  /** Name of the runner it was routed to. */
  runner: string;
  /** The exchange that this one repeats at somebody's wish. */
  replayOf?: string;
}

/**
 * What a link's fate means to an exchange: `dropped` and `resumed` with the same session, `hibernating` and
 * `woken` across sessions.
 */
export type LinkChange = "dropped" | "resumed" | "hibernating" | "woken";

/** How an exchange ended. */
export interface ExchangeEnd {
  /** What its client was answered; 499 when it left before. */
  status: number;
  durationMs: number;
  /** The tunnel's own error code, when it answered itself or broke off. */
  problem: string | null;
}

/** Small messages of one kind, each of the length that `sizes` has for it. */
export interface MessagesTogether {
  binary: boolean;
  sizes: readonly number[];
  bytes: Uint8Array;
}

/** Follows one exchange. Bytes are valid during the call alone. */
export interface ExchangeObserver {
  /** The request's headers as they go on to the next hop, with what the observer adds for whoever traces it there. */
  propagate?(headers: readonly string[]): readonly string[];
  /** A stream with this id (`9f3ac01b-42`) carries the exchange from now on. */
  opened(stream: string): void;
  requestBody(bytes: Uint8Array): void;
  /** All of the request has come. Not called when it broke off, nor when nobody wanted the rest. */
  requestEnd(): void;
  responded(status: number, headers: readonly string[]): void;
  responseBody(bytes: Uint8Array): void;
  /** A WebSocket message, or part of a large one: `received` from the client, `sent` to it. */
  message(direction: "received" | "sent", part: { binary: boolean; bytes: Uint8Array; final: boolean }): void;
  /** Whole WebSocket messages that came together, one behind the other in `bytes`. */
  messagesTogether(direction: "received" | "sent", those: MessagesTogether): void;
  /** A close frame; `code` is `null` when it had none. */
  closing(direction: "received" | "sent", code: number | null, reason: string): void;
  linkChanged(change: LinkChange, detail: string): void;
  done(end: ExchangeEnd): void;
}

/** Sees client traffic go by, and what becomes of links, for the inspector. Links are named by their session's id. */
export interface TrafficObserver {
  /** @returns who follows the exchange, or `null` when nobody does */
  began(start: ExchangeStart): ExchangeObserver | null;
  /** A pong was measured. */
  rtt?(link: string, rttMs: number): void;
  /** A link came, went, or its heartbeat entered another phase. */
  linkEvent?(event: LinkEvent): void;
}

export interface LinkEvent {
  link: string;
  runner: string;
  kind: "opened" | "resumed" | "dropped" | "ended" | "alive" | "late" | "lost";
  detail: string;
}

/** Tells two observers of everything. */
export function bothObservers(
  first: TrafficObserver | undefined,
  second: TrafficObserver | undefined,
): TrafficObserver | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    began(start) {
      const [one, other] = [first.began(start), second.began(start)];
      return one === null || other === null ? one ?? other : bothFollow(one, other);
    },
    rtt(link, rttMs) {
      first.rtt?.(link, rttMs);
      second.rtt?.(link, rttMs);
    },
    linkEvent(event) {
      first.linkEvent?.(event);
      second.linkEvent?.(event);
    },
  };
}

function bothFollow(first: ExchangeObserver, second: ExchangeObserver): ExchangeObserver {
  const both = [first, second];
  return {
    propagate: (headers) => both.reduce((passed, one) => one.propagate?.(passed) ?? passed, headers),
    opened: (stream) => both.forEach((one) => one.opened(stream)),
    requestBody: (bytes) => both.forEach((one) => one.requestBody(bytes)),
    requestEnd: () => both.forEach((one) => one.requestEnd()),
    responded: (status, headers) => both.forEach((one) => one.responded(status, headers)),
    responseBody: (bytes) => both.forEach((one) => one.responseBody(bytes)),
    message: (direction, part) => both.forEach((one) => one.message(direction, part)),
    messagesTogether: (direction, those) => both.forEach((one) => one.messagesTogether(direction, those)),
    closing: (direction, code, reason) => both.forEach((one) => one.closing(direction, code, reason)),
    linkChanged: (change, detail) => both.forEach((one) => one.linkChanged(change, detail)),
    done: (end) => both.forEach((one) => one.done(end)),
  };
}
