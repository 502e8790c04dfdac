import type { CapturedAnswer, CapturedMessage } from "../../capture/mod.ts";

/** How a WebSocket or an answer's body ended. */
export interface Close {
  /** 1005 when there was none in it, 1006 when the connection broke off. */
  code: number;
  reason: string;
}

/** What an origin answered to one exchange that was sent again. */
export interface Answered {
  /** Its head and body; status 101 for an accepted WebSocket. `null` when there was none. */
  answer: CapturedAnswer | null;
  /** What the origin sent on a WebSocket, in order. */
  messages: CapturedMessage[];
  /** The origin's close; `null` when it did not come, or there is no WebSocket. */
  close: Close | null;
  /** Why it went no further, where it did not come to its end. */
  failure: string | null;
  /** It was not sent at all, so that it is not what was recorded, even where there was no answer either. */
  unreachable?: boolean;
  /** From the first byte sent to the last one received, milliseconds. */
  durationMs: number;
}
