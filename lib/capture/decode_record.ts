import { type CborReader, maxProtocolVersion, ProtocolError } from "../protocol/mod.ts";
import { eventOf } from "./event_fields.ts";
import {
  captureFormatVersion,
  type CaptureHeader,
  captureIdBytes,
  captureMagic,
  type CaptureRecord,
  maxRecordBytes,
  recordKinds,
} from "./format.ts";

/** Items of a header, which no record has as many of. */
const headerItems = 10;
const maxTextBytes = 64 * 1024;
const maxTexts = 256;
const maxUint = Number.MAX_SAFE_INTEGER;

/**
 * One record of any kind.
 *
 * @throws {ProtocolError} when the bytes are no record
 */
export function readRecord(reader: CborReader, at: { number: number; offset: number }): CaptureRecord {
  const items = reader.array("a record", headerItems);
  if (items === headerItems) {
    return { kind: "header", ...at, timeUs: 0, link: 0, header: readHeader(reader) };
  }
  const timeUs = reader.uint("a record's time", maxUint);
  const kind = reader.uint("a record's kind", maxUint);
  const base = { ...at, timeUs, link: reader.uint("a record's link", maxUint) };
  if ((kind === recordKinds.sent || kind === recordKinds.received) && (items === 4 || items === 5)) {
    const bytes = reader.bytes("a frame", maxRecordBytes);
    const omittedBytes = items === 5 ? reader.uint("a frame's omitted bytes", maxRecordBytes) : 0;
    return { kind: "frame", ...base, direction: kind === 0 ? "sent" : "received", bytes, omittedBytes };
  }
  if (kind === recordKinds.event && items === 5) {
    const name = reader.text("an event's name", maxTextBytes);
    const event = eventOf(name, reader.texts("an event's fields", maxTexts, maxTextBytes));
    return { kind: "event", ...base, event };
  }
  if (kind === recordKinds.gap && items === 6) {
    return {
      kind: "gap",
      ...base,
      messages: reader.uint("a gap's messages", maxUint),
      bytes: reader.uint("a gap's bytes", maxUint),
      events: reader.uint("a gap's events", maxUint),
    };
  }
  if (kind === recordKinds.malformed && items === 7) {
    return {
      kind: "malformed",
      ...base,
      direction: reader.uint("a direction", 1) === 0 ? "sent" : "received",
      length: reader.uint("a length", maxUint),
      reason: reader.text("a reason", maxTextBytes),
      bytes: reader.bytes("malformed bytes", maxRecordBytes),
    };
  }
  throw new ProtocolError(`a record of kind ${kind} with ${items} items is not known`);
}

function readHeader(reader: CborReader): CaptureHeader {
  const magic = reader.text("the magic", maxTextBytes);
  if (magic !== captureMagic) throw new ProtocolError(`a header must begin with "${captureMagic}"`);
  const formatVersion = reader.uint("the format version", maxUint);
  if (formatVersion !== captureFormatVersion) {
    throw new ProtocolError(
      `format version ${formatVersion} is not known here, only ${captureFormatVersion} is`,
    );
  }
  const protocolVersion = reader.uint("the protocol version", maxUint);
  if (protocolVersion > maxProtocolVersion) {
    throw new ProtocolError(
      `protocol version ${protocolVersion} is not known here, at most ${maxProtocolVersion} is`,
    );
  }
  const side = reader.uint("the side", 1) === 0 ? "gateway" : "runner";
  const startedAtUs = reader.uint("the start time", maxUint);
  const tool = reader.text("the tool", maxTextBytes);
  const id = reader.bytes("the capture id", captureIdBytes);
  if (id.length !== captureIdBytes) throw new ProtocolError(`the capture id must be ${captureIdBytes} bytes`);
  const captureId = id.toHex();
  const part = reader.uint("the part", maxUint);
  const raw = reader.bool("the raw flag");
  const texts = reader.texts("the settings", maxTexts, maxTextBytes);
  const settings: Record<string, string> = {};
  for (let i = 0; i + 1 < texts.length; i += 2) settings[texts[i]] = texts[i + 1];
  return {
    formatVersion,
    protocolVersion,
    side,
    startedAtUs,
    tool,
    captureId,
    part,
    raw,
    settings,
  };
}
