import { Buffer } from "node:buffer";
import type { ByteStore, CapturedMessage } from "../../capture/mod.ts";
import type { HarValue } from "./har_value.ts";
import { bytesOfBase64, omittedBytes } from "./read_body.ts";

const textOpcode = 1;
const binaryOpcode = 2;

/**
 * WebSocket messages as Chrome writes them: `type` is `send` or `receive`, `time` seconds since 1970, `data` text or
 * base64 by `opcode`. Entries with other opcodes (errors, control frames) are no messages.
 *
 * @param otherwiseUs the time of a message that says none, microseconds since 1970
 */
export function readMessages(list: HarValue, otherwiseUs: number, store: ByteStore): CapturedMessage[] {
  const messages: CapturedMessage[] = [];
  let timeUs = otherwiseUs;
  for (const item of list.items()) {
    const opcode = item.field("opcode").number(textOpcode);
    if (opcode !== textOpcode && opcode !== binaryOpcode) continue;
    const time = item.field("time");
    if (!time.isMissing) timeUs = Math.round(time.number() * 1e6);
    const type = item.field("type").text();
    if (type !== "send" && type !== "receive") throw item.field("type").wrong('"send" or "receive"');
    const binary = opcode === binaryOpcode;
    const data = item.field("data");
    const bytes = binary ? bytesOfBase64(data) : Buffer.from(data.text(""), "utf8");
    const omitted = item.field("_omittedBytes").number(0);
    messages.push({
      timeUs,
      endedAtUs: timeUs + item.field("_us").number(0),
      from: type === "send" ? "client" : "origin",
      binary,
      parts: [store.keep(bytes, 0), ...(omitted > 0 ? [omittedBytes(omitted)] : [])],
      length: bytes.length + omitted,
      omittedBytes: omitted,
      complete: !item.field("_unfinished").flag(),
    });
  }
  return messages;
}
