import type { ByteStore, CapturedExchange } from "../../capture/mod.ts";
import type { OriginPool } from "../../net/mod.ts";

/** Where and how exchanges are sent again. */
export interface SendContext {
  pool: OriginPool;
  /** Path that is put before every request's target; may be empty. */
  prefix: string;
  /** Where the bodies and messages of answers go. */
  store: ByteStore;
  /** Silence of the origin that is waited for beyond what was recorded, milliseconds. */
  timeoutMs: number;
  /** 1 as recorded, `Infinity` as fast as it goes. */
  speed: number;
  signal: AbortSignal;
}

/** The target a request goes to: the path prefix and the recorded target, byte for byte. */
export function targetOf({ target }: CapturedExchange, prefix: string): string {
  return target === "*" ? target : prefix + target;
}

/** The longest time in which nothing came from the origin in the recording, milliseconds. */
export function longestSilenceMs(exchange: CapturedExchange): number {
  const { answer, messages, startedAtUs, closes } = exchange;
  // One list after another: there may be a million of them, more than a call takes arguments.
  const heads = answer === null ? [] : [answer];
  let longest = 0;
  let lastUs = startedAtUs;
  for (const events of [heads, answer?.body.parts ?? [], messages, closes]) {
    for (const { timeUs } of events) {
      longest = Math.max(longest, timeUs - lastUs);
      lastUs = timeUs;
    }
  }
  return longest / 1000;
}
