import { type CborWriter, ProtocolError } from "../protocol/mod.ts";
import { fieldsOf } from "./event_fields.ts";
import {
  type CaptureDirection,
  type CaptureEvent,
  type CaptureHeader,
  captureMagic,
  recordKinds,
} from "./format.ts";

/** Where and when something was seen. */
export interface Seen {
  timeUs: number;
  link: number;
}

/** Appends a header, the first item of a file. */
export function encodeHeader(header: CaptureHeader, writer: CborWriter): void {
  writer.array(10);
  writer.text(captureMagic);
  writer.uint(header.formatVersion);
  writer.uint(header.protocolVersion);
  writer.uint(header.side === "gateway" ? 0 : 1);
  writer.uint(header.startedAtUs);
  writer.text(header.tool);
  writer.bytes(Uint8Array.fromHex(header.captureId));
  writer.uint(header.part);
  writer.bool(header.raw);
  writer.texts(Object.entries(header.settings).flat());
}

/** Appends a frame; `omittedBytes` more belong to its end and are left out. */
export function encodeFrameRecord(
  seen: Seen & { direction: CaptureDirection },
  frame: { bytes: Uint8Array; omittedBytes: number },
  writer: CborWriter,
): void {
  writer.array(frame.omittedBytes > 0 ? 5 : 4);
  head(seen, recordKinds[seen.direction], writer);
  writer.bytes(frame.bytes);
  if (frame.omittedBytes > 0) writer.uint(frame.omittedBytes);
}

export function encodeEventRecord(seen: Seen, event: CaptureEvent, writer: CborWriter): void {
  const [name, fields] = fieldsOf(event);
  writer.array(5);
  head(seen, recordKinds.event, writer);
  writer.text(name);
  writer.texts(fields);
}

export function encodeGapRecord(
  timeUs: number,
  lost: { messages: number; bytes: number; events: number },
  writer: CborWriter,
): void {
  writer.array(6);
  head({ timeUs, link: 0 }, recordKinds.gap, writer);
  writer.uint(lost.messages);
  writer.uint(lost.bytes);
  writer.uint(lost.events);
}

/** Appends what is left of a message from the first byte on that is no frame. */
export function encodeMalformedRecord(
  seen: Seen & { direction: CaptureDirection },
  rest: { length: number; problem: ProtocolError; bytes: Uint8Array },
  writer: CborWriter,
): void {
  writer.array(7);
  head(seen, recordKinds.malformed, writer);
  writer.uint(recordKinds[seen.direction]);
  writer.uint(rest.length);
  writer.text(rest.problem.message);
  writer.bytes(rest.bytes);
}

function head(seen: Seen, kind: number, writer: CborWriter): void {
  writer.uint(seen.timeUs);
  writer.uint(kind);
  writer.uint(seen.link);
}
