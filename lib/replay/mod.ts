/**
 * What is done with a capture: a timeline of it, a check against the protocol's state machines, an HTTP Archive written
 * from it or read in its place, an origin's part played from it, its requests sent again and the answers compared.
 */
export { checkCapture, type CheckResult } from "./check/check_capture.ts";
export type { CheckCounts } from "./check/capture_check.ts";
export type { Rule, Violation } from "./check/violation.ts";
export { HarExport, type HarExportCounts } from "./har/har_export.ts";
export { HarError } from "./har/har_error.ts";
export { type Har, readHar, type ReadHarOptions } from "./har/read_har.ts";
export { comparedByDefault } from "./send/compare_headers.ts";
export type { Difference, DifferencePart } from "./send/difference.ts";
export { ExchangeShelf } from "./send/exchange_shelf.ts";
export type { Answer, Outcome, SendSummary } from "./send/outcome.ts";
export { RedactedValues } from "./send/redacted.ts";
export { type HeaderOverride, ownFields } from "./send/request_fields.ts";
export { sendAgain, type SendAgainOptions, type SendProgress } from "./send/send_again.ts";
export { type SendableOptions, unsendable } from "./send/unsendable.ts";
export { Pace } from "./serve/pace.ts";
export { type Matching, type Recording, Recordings } from "./serve/recordings.ts";
export { type RefusalWords, wordsOf } from "./serve/refusal.ts";
export { type Dealt, StandIn } from "./serve/stand_in.ts";
export type { LinkRow } from "./timeline/link_rows.ts";
export { rttPlot } from "./timeline/rtt_plot.ts";
export type { RttBin } from "./timeline/rtt_series.ts";
export { everything, globPattern, pathOf, type Selection, selectsExchange } from "./timeline/selection.ts";
export type { StreamRow } from "./timeline/stream_rows.ts";
export type { StreamTotals, Summary } from "./timeline/summary.ts";
export { Timeline, type TimelineEntry, type TimelineOptions } from "./timeline/timeline.ts";
