import {
  type BodyChunkFrame,
  type BodyEndFrame,
  frameTypes,
  type ResponseFrame,
  type ResponseStartFrame,
  type WsMessageFrame,
  type WsMessagesFrame,
} from "./frames.ts";

/** What a whole response says, in the frames that a larger one comes in. */
export function partsOfResponse(
  { type: _, bytes, ...head }: ResponseFrame,
): (ResponseStartFrame | BodyChunkFrame | BodyEndFrame)[] {
  const { gatewayId, requestId, index } = head;
  const of = { gatewayId, requestId, index };
  return [
    { type: frameTypes.responseStart, ...head },
    ...bytes.length > 0 ? [{ type: frameTypes.bodyChunk, ...of, bytes }] : [],
    { type: frameTypes.bodyEnd, ...of, cut: false, stop: false, trailers: [] },
  ];
}

/** The messages of a frame that has several, as frames that have one each would bring them. Their bytes are views. */
export function* messagesOf(
  { binary, sizes, bytes }: Pick<WsMessagesFrame, "binary" | "sizes" | "bytes">,
): Generator<Pick<WsMessageFrame, "binary" | "bytes" | "final">> {
  let from = 0;
  for (const size of sizes) {
    yield { binary, bytes: bytes.subarray(from, from + size), final: true };
    from += size;
  }
}
