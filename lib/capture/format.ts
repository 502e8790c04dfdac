import type { CollectReason, HeartbeatPhase } from "../session/mod.ts";

/**
 * The capture format (`.tunnelcap`): a CBOR sequence (RFC 8742) of one header and then records, each a CBOR
 * array of definite length. `schemas/capture.cddl` says the same in CDDL. Because it is a sequence, the parts
 * of a rotated capture can be joined with `cat`: a header in the middle begins the next part.
 */

/** First item of a header. */
export const captureMagic = "tunnelcap";

/** Version of the format that is written, and the only one that is read. */
export const captureFormatVersion = 1;

/** Bytes of the id that all parts of one capture share. */
export const captureIdBytes = 16;

/**
 * Largest record, bytes: a frame fits into one link message (256 KiB), and a record adds less than the rest.
 * A reader takes a larger one for damage instead of making room for it.
 */
export const maxRecordBytes = 320 * 1024;

/** Second item of a record. */
export const recordKinds = { sent: 0, received: 1, event: 2, gap: 3, malformed: 4 } as const;

/** Which end of the link captured. */
export type CaptureSide = "gateway" | "runner";

/** As seen from the capturing side. */
export type CaptureDirection = "sent" | "received";

export interface CaptureHeader {
  formatVersion: number;
  /** Highest version of the wire protocol that the capturing side spoke. */
  protocolVersion: number;
  side: CaptureSide;
  /** Wall clock when the capture began, microseconds since 1970: where `timeUs` is 0, in every part. */
  startedAtUs: number;
  /** Program and version: `tunnel/0.1.0`. */
  tool: string;
  /** The same in all parts of one capture, hexadecimal. */
  captureId: string;
  /** 1 for a capture's first file, one more for each after a rotation. */
  part: number;
  /** Redaction was off: the file holds what was sent, secrets included. */
  raw: boolean;
  /** What the session ran with, by name: `pingIntervalMs`, `pingTimeoutMs`, `captureBodyBytes`, … */
  settings: Record<string, string>;
}

/** What happened to a link or to a stream, besides frames. */
export type CaptureEvent =
  /** The WebSocket of a link is up; also at the head of a part, for each link open then (`again`). */
  | { name: "opened"; peer: string; again: boolean }
  /** A session's streams go on over this link. */
  | { name: "resumed"; session: string; streams: number }
  /** The connection closed or broke off. */
  | { name: "dropped"; reason: string }
  /** Nothing was heard for the ping timeout: this end gave the link up. */
  | { name: "lost"; reason: string }
  /** This end gave the link up because the peer broke the protocol, or was told that it had itself. */
  | { name: "refused"; reason: string }
  /** The heartbeat moved on. */
  | { name: "phase"; from: HeartbeatPhase; to: HeartbeatPhase; reason: string }
  /** A stream is gone for good at this end. `stream` is its id as in logs: `9f3ac01b-42`. */
  | { name: "collected"; stream: string; reason: CollectReason }
  /** An event of a later version. */
  | { name: "unknown"; event: string; fields: readonly string[] };

interface RecordBase {
  /** Position in the file, counted from 0, which is the header. */
  number: number;
  /** Where the record begins in the file, bytes. */
  offset: number;
  /** Monotonic time since the capture began, microseconds. */
  timeUs: number;
  /** Counts up from 1 over the capturing process's links; 0 when no link is meant. */
  link: number;
}

/**
 * One frame as sent, but for redacted values, which are overwritten in place, and for payload left out because of
 * `--capture-body`. `bytes` is a view that is valid until the reader's next record: copy what is to be kept.
 */
export interface FrameRecord extends RecordBase {
  kind: "frame";
  direction: CaptureDirection;
  /** The frame's CBOR item; its last {@link omittedBytes} are missing. */
  bytes: Uint8Array;
  /** Bytes left out at the end of `bytes`; 0 when the frame is whole. */
  omittedBytes: number;
}

export interface EventRecord extends RecordBase {
  kind: "event";
  event: CaptureEvent;
}

/** The disk did not keep up: from `timeUs` until the next record this much was not written. */
export interface GapRecord extends RecordBase {
  kind: "gap";
  /** Link messages, their bytes, and events. */
  messages: number;
  bytes: number;
  events: number;
}

/** Bytes on the link that are no frame of the protocol, from there to the end of their message. */
export interface MalformedRecord extends RecordBase {
  kind: "malformed";
  direction: CaptureDirection;
  length: number;
  /** What is wrong with them. */
  reason: string;
  /** The bytes themselves; empty unless the capture is raw, for nobody knows what they hold. */
  bytes: Uint8Array;
}

export interface HeaderRecord extends RecordBase {
  kind: "header";
  header: CaptureHeader;
}

export type CaptureRecord = HeaderRecord | FrameRecord | EventRecord | GapRecord | MalformedRecord;

/**
 * The file is no capture, or is damaged from `offset` on. Everything before that offset has been read.
 * `truncated` when it merely ends too early, as after a crash of the writer.
 */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  readonly offset: number;
  readonly recordNumber: number;
  readonly truncated: boolean;

  constructor(
    problem: string,
    at: { offset: number; recordNumber: number; truncated?: boolean; cause?: unknown },
  ) {
    super(`${problem} (record ${at.recordNumber} at offset ${at.offset})`, { cause: at.cause });
    this.offset = at.offset;
    this.recordNumber = at.recordNumber;
    this.truncated = at.truncated ?? false;
  }
}
