/** What the gateway lets probers do. A prober says what it wants; it gets that or a refusal, and is held to it. */

/** Most probes a second on one connection, and over all connections of a gateway. */
export const maxProbesPerSecond = 1_000;
export const maxTotalProbesPerSecond = 5_000;

/** Largest payload of a probe, bytes. */
export const maxProbeBytes = 16 * 1024;

/** Most payload bytes a second that one connection may ask for. */
export const maxProbeBytesPerSecond = 4 * 1024 * 1024;

/** Most probe connections at once. */
export const maxProbeConnections = 64;

/**
 * A stall between prober and gateway ends in a burst of what should have come before: this many seconds' worth
 * is taken at once.
 */
const burstSeconds = 10;

/** A burst never counts less than this, so that a slow schedule may slip. */
const smallestBurst = 10;

/** What a prober asks for in the query of its request. */
export interface ProbeRequest {
  runnerName: string;
  /** Id of one session of that name, hexadecimal; `null` leaves the choice to the gateway. */
  sessionId: string | null;
  intervalUs: number;
  payloadBytes: number;
}

/**
 * Reads a prober's request from its target: `/.tunnel/probe?runner=NAME&interval-us=1000000&size=64[&session=ID]`.
 *
 * @returns what is wrong with it, as a sentence, when it is not one this gateway grants
 */
export function parseProbeRequest(target: string): ProbeRequest | string {
  const query = new URLSearchParams(target.split("?", 2)[1] ?? "");
  const intervalUs = wholeNumber(query.get("interval-us"));
  const payloadBytes = wholeNumber(query.get("size"));
  if (intervalUs === null || intervalUs === 0) return "interval-us must be a whole number above 0.";
  if (payloadBytes === null) return "size must be a whole number of bytes.";
  const perSecond = 1e6 / intervalUs;
  if (perSecond > maxProbesPerSecond) {
    return `Probes may come ${maxProbesPerSecond} times a second at most: use an interval of ` +
      `${1000 / maxProbesPerSecond} ms or more.`;
  }
  if (payloadBytes > maxProbeBytes) return `A probe may carry ${maxProbeBytes} bytes at most.`;
  if (payloadBytes * perSecond > maxProbeBytesPerSecond) {
    return `Probes may carry ${maxProbeBytesPerSecond} bytes a second at most: make them smaller or fewer.`;
  }
  return {
    runnerName: query.get("runner") ?? "default",
    sessionId: query.get("session"),
    intervalUs,
    payloadBytes,
  };
}

/** Counts one connection's probes against what was granted: a token bucket. Pure: time comes in. */
export class ProbeAllowance {
  readonly perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** @param nowMs on any monotonic clock, the one of {@link take} */
  constructor(intervalUs: number, nowMs: number) {
    this.perSecond = 1e6 / intervalUs;
    this.#burst = Math.max(smallestBurst, this.perSecond * burstSeconds);
    this.#tokens = this.#burst;
    this.#atMs = nowMs;
  }

  /** Whether one probe more may come now. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) / 1000 * this.perSecond);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
