import {
  decodeFrames,
  formatMessageId,
  type Frame,
  frameName,
  frameTypes,
  frameWords,
} from "../protocol/mod.ts";
import { type LogFields, type Logger, pathOf } from "../telemetry/mod.ts";
import type { LinkObserver } from "./link.ts";

/** Logs every frame of a link in readable words, at debug. */
export class FrameLog implements LinkObserver {
  readonly #logger: Logger;
  readonly #fields: () => LogFields;

  /** @param fields what else each line bears: the link's session and runner, as far as they are known */
  constructor(logger: Logger, fields: () => LogFields) {
    this.#logger = logger;
    this.#fields = fields;
  }

  sent(message: Uint8Array): void {
    for (const frame of decodeFrames(message)) this.#log("frame.sent", frame);
  }

  received(message: Uint8Array): void {
    for (const frame of decodeFrames(message)) this.#log("frame.received", frame);
  }

  #log(event: string, frame: Frame): void {
    const id = "requestId" in frame ? formatMessageId(frame) : undefined;
    const says = frameWords(withoutQuery(frame));
    this.#logger.debug(event, { ...this.#fields(), id, frame: frameName(frame.type), says });
  }
}

/** A query may hold secrets, and a log must not. */
function withoutQuery(frame: Frame): Frame {
  if (frame.type !== frameTypes.requestStart && frame.type !== frameTypes.wsOpen) return frame;
  return { ...frame, target: pathOf(frame.target) };
}

/** Who sees a link's messages: the capture, the log, both or nobody. */
export function observeBoth(
  first: LinkObserver | undefined,
  second: LinkObserver | undefined,
): LinkObserver | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    sent(message) {
      first.sent(message);
      second.sent(message);
    },
    received(message) {
      first.received(message);
      second.received(message);
    },
  };
}

/** A {@link FrameLog} when the log is that talkative. */
export function frameLog(logger: Logger, fields: () => LogFields): FrameLog | undefined {
  return logger.enabled("debug") ? new FrameLog(logger, fields) : undefined;
}
