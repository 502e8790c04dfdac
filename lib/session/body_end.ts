import { frameTypes, type SequencedFrame } from "../protocol/mod.ts";

/** A body-end frame; ids and index are filled in by `Stream.push`. */
export function bodyEnd(
  options: { cut?: boolean; stop?: boolean; trailers?: readonly string[] } = {},
): SequencedFrame {
  const { cut = false, stop = false, trailers = [] } = options;
  return { type: frameTypes.bodyEnd, gatewayId: 0, requestId: 0, index: 0, cut, stop, trailers };
}
