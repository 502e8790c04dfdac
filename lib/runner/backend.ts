import type { RequestStartFrame, WsOpenFrame } from "../protocol/mod.ts";
import type { Stream, StreamHandler } from "../session/mod.ts";

/** What serves a runner's streams: an origin it forwards to, or a handler in the same program. */
export interface Backend {
  http(stream: Stream, start: RequestStartFrame): StreamHandler;
  websocket(stream: Stream, open: WsOpenFrame): StreamHandler;
  /**
   * Goes to whatever answers requests and back, without any effect there.
   *
   * @returns the HTTP status of the answer
   * @throws {Error} when none came
   */
  probe(signal: AbortSignal): Promise<number>;
  /** Lets go of everything it holds: connections, timers. */
  close(): void;
}
