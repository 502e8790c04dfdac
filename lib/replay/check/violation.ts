/** A way in which recorded frames break the protocol, or differ from what its state machines decide. */
export type Rule =
  /** Frames are missing before this one. */
  | "gap"
  /** This frame had arrived before. */
  | "duplicate"
  /** The index is further off than the window of unacknowledged frames allows. */
  | "index-jump"
  /** More payload than credit was given for, or more frames than half the index space. */
  | "credit"
  /** An acknowledgement names a frame that was never sent, or that never arrived. */
  | "ack-of-unsent"
  /** The frame has no place at this stage of its stream. */
  | "stage"
  /** A frame on a stream or link that is over. */
  | "use-after-close"
  | "unknown-stream"
  | "pong-without-ping"
  | "handshake"
  /** The state machines decide otherwise: credit, what is sent again, where a stream stands, heartbeat. */
  | "decision"
  /** Bytes that are no frame. */
  | "malformed";

/** What is wrong, as the checks of a stream or a link find it. */
export interface Problem {
  rule: Rule;
  message: string;
}

/** A problem and where it is. */
export interface Violation extends Problem {
  record: number;
  /** Of the record in the file, bytes. */
  offset: number;
  /** Since the capture began. */
  timeUs: number;
  link: number;
  /** Id as in logs; `null` when the link itself is meant. */
  stream: string | null;
}
