import { Buffer } from "node:buffer";
import type { CollectReason } from "../session/mod.ts";

/** The fastest way from ASCII bytes to a string, of any `Uint8Array`; Node's published types leave it out. */
const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

/** The name as it stands in a record, and the head of its two fields. */
const start = Buffer.from("\x69collected\x82", "latin1");
const textHead = 0x60;
/** A stream's id is shorter than what would need a longer head. */
const maxIdBytes = 19;

const reasons: { reason: CollectReason; item: Uint8Array }[] = (
  ["finished", "reset", "reset-by-peer", "lost"] as const
).map((reason) => ({
  reason,
  item: Buffer.concat([Buffer.from([textHead + reason.length]), Buffer.from(reason)]),
}));

/**
 * The event that a stream was collected, which every stream has one of, read without a detour: that decides how fast a
 * capture of small requests is read.
 *
 * @param at where the event's name begins
 * @returns `null` for any other event, and for one that is not as it should be: the careful way says what is wrong
 */
export function collectedEvent(
  bytes: Uint8Array,
  at: number,
  end: number,
): { stream: string; reason: CollectReason; end: number } | null {
  if (!standsAt(bytes, at, start)) return null;
  const idAt = at + start.length + 1;
  const idEnd = idAt + bytes[idAt - 1] - textHead;
  if (idEnd < idAt || idEnd > idAt + maxIdBytes) return null;
  for (let i = idAt; i < idEnd; i++) if (bytes[i] >= 0x80) return null;
  for (const { reason, item } of reasons) {
    const eventEnd = idEnd + item.length;
    if (bytes[idEnd] !== item[0] || eventEnd > end || !standsAt(bytes, idEnd, item)) continue;
    return { stream: latin1Slice.call(bytes, idAt, idEnd), reason, end: eventEnd };
  }
  return null;
}

function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
