import {
  CborReader,
  formatStreamId,
  FrameReader,
  payloadBytes,
  ProtocolError,
  type StreamFrame,
} from "../protocol/mod.ts";
import type { BodyBudget } from "./body_budget.ts";
import { frameTypeOf } from "./captured_frame.ts";
import type { Redaction } from "./redaction.ts";

/** What is done to frames before they are written. */
export interface CapturePolicy {
  budget: BodyBudget;
  /** `null` in a raw capture. */
  redaction: Redaction | null;
}

/** Takes a message's frames, in order. Byte strings are views into the message. */
export interface FrameSink {
  frame(frame: { bytes: Uint8Array; omittedBytes: number }): void;
  /** From here on the message holds no frames; `bytes` is empty unless the capture is raw. */
  malformed(rest: { length: number; problem: ProtocolError; bytes: Uint8Array }): void;
}

const nothing = new Uint8Array(0);

/**
 * Cuts a link message into frames and applies the policy to each.
 *
 * @param message is overwritten where it is redacted
 */
export function splitMessage(message: Uint8Array, policy: CapturePolicy, sink: FrameSink): void {
  const items = new CborReader(message);
  while (!items.atEnd) {
    const start = items.offset;
    try {
      items.skip();
      const bytes = message.subarray(start, items.offset);
      // Decoded whole: redaction may only trust the shape of a frame that is known to be valid.
      const frame = new FrameReader(bytes).next();
      if (frame === null) sink.frame(unknownFrame(bytes, policy));
      else sink.frame(knownFrame(bytes, frame as StreamFrame, policy));
    } catch (problem) {
      if (!(problem instanceof ProtocolError)) throw problem;
      const rest = message.subarray(start);
      sink.malformed({ length: rest.length, problem, bytes: policy.redaction === null ? rest : nothing });
      return;
    }
  }
}

function knownFrame(bytes: Uint8Array, frame: StreamFrame, policy: CapturePolicy) {
  policy.redaction?.redact(bytes, frame.type);
  const payload = payloadBytes(frame);
  if (payload === 0) return { bytes, omittedBytes: 0 };
  const kept = policy.budget.take(formatStreamId(frame.gatewayId, frame.requestId), payload);
  const omittedBytes = payload - kept;
  // A payload is its frame's last item: leaving its end out leaves out the end of the frame.
  return { bytes: bytes.subarray(0, bytes.length - omittedBytes), omittedBytes };
}

/** A frame of a later version: nobody here knows what in it is secret, so its type alone is kept. */
function unknownFrame(bytes: Uint8Array, policy: CapturePolicy) {
  if (policy.redaction === null) return { bytes, omittedBytes: 0 };
  const headBytes = frameTypeOf(bytes) < 24 ? 2 : 3;
  const kept = frameTypeOf(bytes) === -1 ? 1 : Math.min(headBytes, bytes.length);
  return { bytes: bytes.subarray(0, kept), omittedBytes: bytes.length - kept };
}
