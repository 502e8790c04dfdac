import { formatStreamId } from "../protocol/mod.ts";
import type { Logger, TunnelMetrics } from "../telemetry/mod.ts";
import type { Hibernation } from "./hibernation.ts";
import { HttpExchange } from "./http_exchange.ts";
import type { Registry } from "./registry.ts";
import { WsExchange } from "./ws_exchange.ts";

/** How much may be taken in between two looks at the sum of what is held, bytes. */
export const lookEveryBytes = 1024 * 1024;

export interface BufferLimitOptions {
  gatewayId: number;
  /** Bytes held for runners, over all streams. */
  maxBytes: number;
  registry: Registry;
  hibernation: Hibernation;
  logger: Logger;
  metrics: TunnelMetrics;
}

/** Keeps what a gateway holds for its runners within a bound, at the cost of the streams that hold most. */
export class BufferLimit {
  readonly #options: BufferLimitOptions;
  #sinceLook = 0;

  constructor(options: BufferLimitOptions) {
    this.#options = options;
  }

  /** Payload bytes held for runners: unacknowledged, unsent, or of streams without a runner. */
  get bufferedBytes(): number {
    const { registry, hibernation } = this.#options;
    let bytes = hibernation.heldBytes;
    for (const session of registry.all()) bytes += session.session.bufferedBytes;
    return bytes;
  }

  /** So many bytes were taken from a client. */
  took(bytes: number): void {
    this.#sinceLook += bytes;
    if (this.#sinceLook < lookEveryBytes) return;
    this.#sinceLook = 0;
    this.#shedOverload();
  }

  /** Ends the streams that hold most until the rest is within the bound; all others go on. */
  #shedOverload(): void {
    const { gatewayId, maxBytes, logger, metrics } = this.#options;
    let total = this.bufferedBytes;
    if (total <= maxBytes) return;
    const holders = this.#holders().sort((a, b) => b.bytes - a.bytes);
    for (const { bytes, holder } of holders) {
      if (total <= maxBytes) return;
      total -= bytes;
      metrics.shed++;
      const stream = formatStreamId(gatewayId, holder.waitingStatus().requestId);
      const reason = "pending limit reached";
      holder.shed(reason);
      logger.warn("stream.shed", { stream, runner: holder.runnerName, bytes, reason });
    }
  }

  #holders(): { bytes: number; holder: HttpExchange | WsExchange }[] {
    const { registry, hibernation } = this.#options;
    const holders: { bytes: number; holder: HttpExchange | WsExchange }[] = [];
    for (const session of registry.all()) {
      for (const { send, handler } of session.session.streams()) {
        if (isExchange(handler)) holders.push({ bytes: send.bufferedBytes, holder: handler });
      }
    }
    for (const sleeper of hibernation.all()) {
      if (isExchange(sleeper)) holders.push({ bytes: sleeper.heldBytes, holder: sleeper });
    }
    return holders;
  }
}

/** Whether it is a client's exchange, of which all that the gateway holds for runners is. */
export function isExchange(holder: unknown): holder is HttpExchange | WsExchange {
  return holder instanceof HttpExchange || holder instanceof WsExchange;
}
