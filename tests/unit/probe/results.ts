import { frameTypes, type ProbeResultFrame } from "../../../lib/protocol/mod.ts";

/** A result as a gateway sends it, whose every part a test may set. */
export function resultOf(probeId: number, parts: Partial<ProbeResultFrame> = {}): ProbeResultFrame {
  return {
    type: frameTypes.probeResult,
    probeId,
    gatewayHeldUs: 0,
    gatewayRepliedAtUs: 0,
    runnerHeldUs: 0,
    originUs: 0,
    originStatus: 0,
    runnerRepliedAtUs: 0,
    problem: "",
    payload: new Uint8Array(0),
    ...parts,
  };
}
