import { frameTypes, type SequencedFrame } from "../../lib/protocol/mod.ts";

/** The ids that a stream fills in. */
export const unnumbered = { gatewayId: 0, requestId: 0, index: 0 };

export function wsClose(code: number, reason = ""): SequencedFrame {
  return { type: frameTypes.wsClose, ...unnumbered, code, reason };
}
