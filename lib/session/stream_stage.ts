import { frameName, frameTypes, ProtocolError, type SequencedFrame } from "../protocol/mod.ts";

/**
 * How far one direction of a stream has come; `done` once its last frame was sent or has arrived. `in-message`: between the parts
 * of a WebSocket message, where no other can stand.
 */
export type StreamStage = "start" | "body" | "messages" | "in-message" | "done";

/** One direction of a stream. */
export interface Course {
  /** Frames from the end that opened the stream make a request, frames towards it a response. */
  readonly direction: "request" | "response";
  /** What the stream was opened for. */
  readonly kind: "http" | "websocket";
}

/** There are four, shared by all streams. */
export const courses: Record<Course["kind"], Record<Course["direction"], Course>> = {
  http: {
    request: { direction: "request", kind: "http" },
    response: { direction: "response", kind: "http" },
  },
  websocket: {
    request: { direction: "request", kind: "websocket" },
    response: { direction: "response", kind: "websocket" },
  },
};

/**
 * The stage after `frame`.
 *
 * @throws {ProtocolError} when the frame has no place at this stage: a body before its head, a message after
 * its close, a response where a request is due, an accepted WebSocket where HTTP was asked for
 */
export function nextStage(stage: StreamStage, course: Course, frame: SequencedFrame): StreamStage {
  const { direction, kind } = course;
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
    case frameTypes.response:
      if (stage === "start" && direction === "response" && kind === "http") return "done";
      break;
    case frameTypes.wsAccept:
      if (stage === "start" && direction === "response" && kind === "websocket") return "messages";
      break;
    case frameTypes.bodyChunk:
      if (stage === "body") return "body";
      break;
    case frameTypes.bodyEnd:
      if (stage === "body") return "done";
      break;
    case frameTypes.wsMessage:
      if (stage === "messages" || stage === "in-message") return frame.final ? "messages" : "in-message";
      break;
    case frameTypes.wsMessages:
      if (stage === "messages") return "messages";
      break;
    case frameTypes.wsClose:
      if (stage === "messages" || stage === "in-message") return "done";
      break;
    default:
      frame satisfies never;
  }
  throw new ProtocolError(
    `${frameName((frame as SequencedFrame).type)} has no place at stage "${stage}" of a ${kind} ${direction}`,
  );
}
