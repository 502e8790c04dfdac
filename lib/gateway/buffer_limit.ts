import { formatStreamId, resetCodes } from "../protocol/mod.ts";
import { frameCostBytes } from "../session/mod.ts";
import type { Logger, TunnelMetrics } from "../telemetry/mod.ts";
import type { Hibernation } from "./hibernation.ts";
import { HttpExchange } from "./http_exchange.ts";
import type { Registry } from "./registry.ts";
import { WsExchange } from "./ws_exchange.ts";

/** How much may be taken in between two looks at the sum of what is held, bytes. */
export const lookEveryBytes = 1024 * 1024;

/**
 * Streams that hold less go last, bytes: a request without a body, a close that is not acknowledged yet. One of them is ended
 * in vain, but there may be so many that they alone pass the bound.
 */
const littleBytes = 16 * frameCostBytes;

export interface BufferLimitOptions {
  gatewayId: number;
  /** Bytes held for runners, over all streams. */
  maxBytes: number;
  registry: Registry;
  hibernation: Hibernation;
  logger: Logger;
  metrics: TunnelMetrics;
}

/** Something that holds bytes for a runner. */
interface Holder {
  bytes: number;
  requestId: number;
  runner: string;
  /** A client waits for it. If not, its response is through, and the runner has not acknowledged the request. */
  isWanted: boolean;
  shed(reason: string): void;
}

/** Keeps what a gateway holds for its runners within a bound, at the cost of the streams that hold most. */
export class BufferLimit {
  readonly #options: BufferLimitOptions;
  #sinceLook = 0;

  constructor(options: BufferLimitOptions) {
    this.#options = options;
  }

  /** What is held for runners, bytes: unacknowledged, unsent, or of streams without a runner. */
  get bufferedBytes(): number {
    const { registry, hibernation } = this.#options;
    let bytes = hibernation.heldBytes;
    for (const session of registry.all()) bytes += session.session.bufferedBytes;
    return bytes;
  }

  /** A frame was taken from a client whose payload takes so many bytes. */
  took(bytes: number): void {
    this.#sinceLook += frameCostBytes + bytes;
    if (this.#sinceLook < lookEveryBytes) return;
    this.#sinceLook = 0;
    this.#shedOverload();
  }

  /** Ends the streams that hold most until the rest is within the bound; all others go on. */
  #shedOverload(): void {
    const { gatewayId, maxBytes, logger, metrics } = this.#options;
    let excess = this.bufferedBytes - maxBytes;
    if (excess <= 0) return;
    const holders = this.#holders().sort(inOrderOfShedding);
    const isEnough = holders.reduce((sum, { bytes }) => sum + bytes, 0) >= excess;
    for (const holder of holders) {
      if (excess <= 0 || (holdsLittle(holder) && !isEnough)) return;
      const { bytes, requestId, runner, shed } = holder;
      excess -= bytes;
      metrics.shed++;
      const reason = "pending limit reached";
      shed(reason);
      logger.warn("stream.shed", { stream: formatStreamId(gatewayId, requestId), runner, bytes, reason });
    }
  }

  /** All that hold anything: to end the others would harm them, and help nobody. */
  #holders(): Holder[] {
    const { registry, hibernation } = this.#options;
    const holders: Holder[] = [];
    for (const { name: runner, session } of registry.all()) {
      for (const stream of session.streams()) {
        const { send: { bufferedBytes: bytes }, handler, requestId } = stream;
        if (bytes === 0) continue;
        if (isExchange(handler)) {
          const shed = (reason: string) => handler.shed(reason);
          holders.push({ bytes, requestId, runner, isWanted: true, shed });
        } else if (handler === null) {
          const shed = (reason: string) => stream.reset(resetCodes.limit, reason);
          holders.push({ bytes, requestId, runner, isWanted: false, shed });
        }
      }
    }
    for (const sleeper of hibernation.all()) {
      const { heldBytes: bytes, runnerName: runner } = sleeper;
      if (bytes === 0 || !isExchange(sleeper)) continue;
      const { requestId } = sleeper.waitingStatus();
      const shed = (reason: string) => sleeper.shed(reason);
      holders.push({ bytes, requestId, runner, isWanted: true, shed });
    }
    return holders;
  }
}

function holdsLittle({ bytes }: Holder): boolean {
  return bytes < littleBytes;
}

/** What holds little goes last, whoever waits for it; then what no client waits for goes first; then what holds most. */
function inOrderOfShedding(a: Holder, b: Holder): number {
  return Number(holdsLittle(a)) - Number(holdsLittle(b)) || Number(a.isWanted) - Number(b.isWanted) ||
    b.bytes - a.bytes;
}

/** Whether it is a client's exchange, of which all that the gateway holds for runners is. */
export function isExchange(holder: unknown): holder is HttpExchange | WsExchange {
  return holder instanceof HttpExchange || holder instanceof WsExchange;
}
