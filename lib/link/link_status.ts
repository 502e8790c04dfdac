import type { LinkStatus } from "../telemetry/mod.ts";

/** What can be said of a link at a time. */
export type CarriedStatus = Pick<
  LinkStatus,
  "sinceMs" | "rtt" | "clockOffset" | "sentBytes" | "receivedBytes"
>;

/** What `Link.status` says, of a link that has been gone for so long. */
export function noLinkStatus(sinceMs: number): CarriedStatus {
  const rtt = { samples: 0, lastMs: 0, smoothedMs: 0, variationMs: 0, minMs: 0, maxMs: 0 };
  return { sinceMs, rtt, clockOffset: null, sentBytes: 0, receivedBytes: 0 };
}
