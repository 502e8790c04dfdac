import { frameName, frameTypes, ProtocolError, type SequencedFrame } from "../protocol/mod.ts";

/** How far one direction of a stream has come; `done` once its last frame was sent or has arrived. */
export type StreamStage = "start" | "body" | "messages" | "done";

/** Who opened the stream: frames from the opener make a request, frames towards it a response. */
export type Direction = "request" | "response";

/**
 * The stage after `frame`.
 *
 * @throws {ProtocolError} when the frame has no place at this stage: a body before its head, a message after
 * its close, a response where a request is due
 */
export function nextStage(stage: StreamStage, direction: Direction, frame: SequencedFrame): StreamStage {
  switch (frame.type) {
    case frameTypes.requestStart:
      if (stage === "start" && direction === "request") return frame.hasBody ? "body" : "done";
      break;
    case frameTypes.wsOpen:
      if (stage === "start" && direction === "request") return "messages";
      break;
    case frameTypes.responseStart:
      if (stage === "start" && direction === "response") return "body";
      break;
    case frameTypes.wsAccept:
      if (stage === "start" && direction === "response") return "messages";
      break;
    case frameTypes.bodyChunk:
      if (stage === "body") return "body";
      break;
    case frameTypes.bodyEnd:
      if (stage === "body") return "done";
      break;
    case frameTypes.wsMessage:
      if (stage === "messages") return "messages";
      break;
    case frameTypes.wsClose:
      if (stage === "messages") return "done";
      break;
    default:
      frame satisfies never;
  }
  throw new ProtocolError(
    `${frameName((frame as SequencedFrame).type)} has no place at stage "${stage}" of a ${direction}`,
  );
}
