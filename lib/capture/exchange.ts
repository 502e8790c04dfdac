import { Buffer } from "node:buffer";
import type { CollectReason } from "../session/mod.ts";
import type { StoredBytes } from "./stored_bytes.ts";

/** Which end of the tunnel something came from: the client's, or the origin's. */
export type Origin = "client" | "origin";

/** A part of a body, as one frame carried it. */
export interface BodyPart {
  timeUs: number;
  bytes: StoredBytes;
}

/** A request's or response's body. */
export interface CapturedBody {
  parts: BodyPart[];
  /** Bytes in all, and how many of them the capture left out. */
  length: number;
  omittedBytes: number;
  /** When its end was seen; `null` while it was not. */
  endedAtUs: number | null;
  /** Its sender ended it early, because the other side wanted no more of it. */
  cut: boolean;
  /** Flat: name, value, name, value, … */
  trailers: readonly string[];
}

/** The head of an answer: a response, or the acceptance of a WebSocket (status 101). */
export interface CapturedAnswer {
  timeUs: number;
  status: number;
  reason: string;
  /** Flat, as received, in order. */
  headers: readonly string[];
  body: CapturedBody;
}

/** A WebSocket message. */
export interface CapturedMessage {
  /** When its first and its last part were seen. */
  timeUs: number;
  endedAtUs: number;
  from: Origin;
  binary: boolean;
  parts: StoredBytes[];
  length: number;
  omittedBytes: number;
  /** Its last part was seen. */
  complete: boolean;
}

/**
 * What a client did and got: one stream. Times are microseconds since the capture began, all taken at the
 * capturing side.
 */
export interface CapturedExchange {
  /** As in logs: `9f3ac01b-42`. */
  id: string;
  gatewayId: number;
  requestId: number;
  kind: "http" | "websocket";
  startedAtUs: number;
  /** When the last frame or event of it was seen. */
  endedAtUs: number;
  /** `GET` for a WebSocket. Empty when the capture has no beginning of it. */
  method: string;
  target: string;
  /** Flat: name, value, name, value, … in order. Redacted values are asterisks. */
  headers: readonly string[];
  body: CapturedBody;
  answer: CapturedAnswer | null;
  messages: CapturedMessage[];
  /** A woken client: connected before, to another runner; its first answer is not passed to it. */
  resumed: boolean;
  /** Subprotocol that a woken client was accepted with. */
  subprotocol: string;
  /** WebSocket closes, in the order seen; 1005 stands for none. */
  closes: { timeUs: number; from: Origin; code: number; reason: string }[];
  reset: { timeUs: number; from: Origin; code: number; reason: string } | null;
  /** Links that carried frames of it, in order. */
  links: number[];
  /** Links that were dropped or lost while it was carried by them. */
  linkChanges: number;
  /** How the capturing side collected it; `null` when that is not in the capture. */
  collected: CollectReason | null;
  /** The capture has its first frame. */
  hasBeginning: boolean;
  /** Frames of it are missing: dropped by a slow disk, or not captured. */
  hasGaps: boolean;
}

/** Whether both directions came to their end: a response with its body, or closes of both sides. */
export function isComplete(exchange: CapturedExchange): boolean {
  const { answer, kind, closes, reset, hasBeginning, hasGaps } = exchange;
  if (!hasBeginning || hasGaps || reset !== null || answer === null) return false;
  if (kind === "websocket" && answer.status === 101) return closes.length >= 2;
  return answer.body.endedAtUs !== null && exchange.body.endedAtUs !== null;
}

/** All of a body's or message's bytes, in one piece; what the capture left out is zeros. */
export function bytesOf(parts: readonly (BodyPart | StoredBytes)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => "read" in part ? part.read() : part.bytes.read()));
}

export function emptyBody(): CapturedBody {
  return { parts: [], length: 0, omittedBytes: 0, endedAtUs: null, cut: false, trailers: [] };
}
