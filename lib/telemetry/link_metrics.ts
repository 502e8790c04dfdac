import type { PongDropReason } from "../session/mod.ts";
import { Histogram } from "./histogram.ts";

/** Round trips, seconds: 0.5 ms to 10 s. */
const pingBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Times from one pong to the next, seconds: around the default interval of 3 s, and up to lost links. */
const gapBounds = [0.1, 0.25, 0.5, 1, 2, 3, 3.5, 4, 5, 7.5, 10, 15, 30, 60];

/** Frame types lie below this. */
const frameTypeSlots = 64;

/** What all links of a process have carried and gone through. */
export class LinkMetrics {
  /** Frames by type number. */
  readonly framesSent: Float64Array = new Float64Array(frameTypeSlots);
  readonly framesReceived: Float64Array = new Float64Array(frameTypeSlots);
  readonly pingDuration: Histogram = new Histogram(pingBounds);
  readonly pongGap: Histogram = new Histogram(gapBounds);
  readonly pongsDropped: Record<PongDropReason, number> = { unknown: 0, duplicate: 0, future: 0 };
  /** Links given up because nothing was heard. */
  pingTimeouts = 0;
  /** Bytes of the links that are gone, with the framing of their WebSockets. */
  closedSentBytes = 0;
  closedReceivedBytes = 0;
}
