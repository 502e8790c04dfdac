import { frameTypes, type SequencedFrame } from "../protocol/mod.ts";
import type { ExchangeObserver } from "../telemetry/mod.ts";
import type { ClientResponse } from "./exchange_options.ts";
import { LengthError } from "./response_writer.ts";

/** The frames an origin's refusal of an upgrade comes in. */
export type RefusalFrame = Extract<
  SequencedFrame,
  { type: typeof frameTypes.responseStart | typeof frameTypes.bodyChunk | typeof frameTypes.bodyEnd }
>;

/**
 * Writes an origin's refusal to the client: its real status, headers and body. The connection closes after it.
 *
 * @returns whether the refusal is complete; an error when it can never be, and the client must not take it for whole
 */
export function passRefusal(
  frame: RefusalFrame,
  response: ClientResponse,
  observer: ExchangeObserver | null,
): boolean | Error {
  try {
    return pass(frame, response, observer);
  } catch (error) {
    if (error instanceof LengthError || error instanceof RangeError) return error;
    throw error;
  }
}

function pass(frame: RefusalFrame, response: ClientResponse, observer: ExchangeObserver | null): boolean {
  switch (frame.type) {
    case frameTypes.responseStart:
      response.closeAfter();
      response.start(frame.status, frame.reason, frame.headers);
      observer?.responded(frame.status, frame.headers);
      return false;
    case frameTypes.bodyChunk:
      response.chunk(frame.bytes);
      observer?.responseBody(frame.bytes);
      return false;
    case frameTypes.bodyEnd:
      response.end([]);
      return true;
  }
}
