import type { ProbeResultFrame } from "../protocol/mod.ts";

/** The legs of a probe's way, from the prober outwards. */
export const hops = ["proberGateway", "gatewayRunner", "runnerOrigin"] as const;
export type Hop = typeof hops[number];

/** How a hop is named to people. */
export const hopNames: Record<Hop, string> = {
  proberGateway: "probe ↔ gateway",
  gatewayRunner: "gateway ↔ runner",
  runnerOrigin: "runner ↔ origin",
};

/** How a sentence names a hop. */
export const hopPhrases: Record<Hop, string> = {
  proberGateway: "between prober and gateway",
  gatewayRunner: "between gateway and runner",
  runnerOrigin: "between runner and origin",
};

/** One probe's round trip and its parts. The parts add up to the whole. */
export interface ProbeSample {
  sequence: number;
  rttMs: number;
  proberGatewayMs: number;
  gatewayRunnerMs: number;
  /** `null` when the origin was not asked. */
  runnerOriginMs: number | null;
  /** HTTP status of the origin's answer; 0 when it was not asked. */
  originStatus: number;
}

/**
 * Takes a round trip apart. Each machine says by its own monotonic clock how long it held the probe; a hop is what
 * its near end waited less what its far end held. No two clocks are ever compared, so no skew can falsify it.
 * What the runner itself spends stays with the hop to it: it is below 0.1 ms.
 *
 * Durations a peer exaggerates are cut to what its neighbour saw: no part is negative, and the sum stays right.
 */
export function takeApart(
  result: ProbeResultFrame,
  options: { sequence: number; rttMs: number; origin: boolean },
): ProbeSample {
  const { sequence, origin } = options;
  // Whole microseconds throughout, so that the parts of what is printed add up as well.
  const rttUs = Math.round(options.rttMs * 1000);
  const gatewayHeldUs = Math.min(rttUs, result.gatewayHeldUs);
  const originUs = origin ? Math.min(gatewayHeldUs, result.originUs) : 0;
  return {
    sequence,
    rttMs: rttUs / 1000,
    proberGatewayMs: (rttUs - gatewayHeldUs) / 1000,
    gatewayRunnerMs: (gatewayHeldUs - originUs) / 1000,
    runnerOriginMs: origin ? originUs / 1000 : null,
    originStatus: result.originStatus,
  };
}

/** The part of a sample that one hop took, milliseconds; `null` when the probe did not go there. */
export function hopMs(sample: ProbeSample, hop: Hop): number | null {
  switch (hop) {
    case "proberGateway":
      return sample.proberGatewayMs;
    case "gatewayRunner":
      return sample.gatewayRunnerMs;
    case "runnerOrigin":
      return sample.runnerOriginMs;
    default:
      throw new TypeError(`not a hop: ${hop satisfies never}`);
  }
}
