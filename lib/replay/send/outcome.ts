import type { Difference } from "./difference.ts";

/** What became of one exchange. */
export interface Outcome {
  /** As in logs and timelines. */
  id: string;
  kind: "http" | "websocket";
  method: string;
  target: string;
  /** When it began, microseconds since the capture did. */
  startedAtUs: number;
  /** `failed`: the origin did not answer, or not to the end. `interrupted`: told to stop in the middle of it. */
  result: "same" | "different" | "failed" | "skipped" | "interrupted";
  /** Why it was skipped or failed. */
  reason: string | null;
  recorded: Answer | null;
  replayed: Answer | null;
  differences: Difference[];
  /** All of them, those that are not listed included. */
  differenceCount: number;
  /** What of it was not compared, and why. */
  notes: string[];
  /** Recorded header fields that were not sent, because the capture has their values redacted. */
  withheld: string[];
}

/** An answer in short. */
export interface Answer {
  /** `null` when there was none. */
  status: number | null;
  /** From the request's beginning to the answer's end, milliseconds. */
  durationMs: number;
}

/** What it all comes to. */
export interface SendSummary {
  same: number;
  different: number;
  failed: number;
  skipped: number;
  interrupted: number;
  /** Not begun when it was told to stop. */
  notReached: number;
  /** How long it took, and the time the recording took for the same, milliseconds. */
  durationMs: number;
  recordedMs: number;
  /** The longest that one left behind its time, waiting for answers to those before it, milliseconds; 0 at full speed. */
  mostBehindMs: number;
  /** Exchanges of which only a part could be compared. */
  comparedInPart: number;
  /** Header fields of answers that were there and compared. */
  comparedHeaders: string[];
  /** Header fields of answers that were there and not compared, in how many answers, and in how many they differed. */
  ignoredHeaders: { name: string; answers: number; differing: number }[];
  /** Header fields of requests that were not sent, because the capture has them redacted; in how many requests. */
  withheldHeaders: { name: string; requests: number }[];
}
