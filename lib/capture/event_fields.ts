import type { CollectReason, HeartbeatPhase } from "../session/mod.ts";
import type { CaptureEvent } from "./format.ts";

const phases = new Set<string>(["connecting", "alive", "late", "lost"] satisfies HeartbeatPhase[]);
const collectReasons = new Set<string>(
  ["finished", "reset", "reset-by-peer", "lost"] satisfies CollectReason[],
);

/** An event as it stands in a record: its name and its fields, in the order that {@link eventOf} reads. */
export function fieldsOf(event: CaptureEvent): [name: string, fields: readonly string[]] {
  switch (event.name) {
    case "opened":
      return [event.name, event.again ? [event.peer, "again"] : [event.peer]];
    case "resumed":
      return [event.name, [event.session, String(event.streams)]];
    case "dropped":
    case "lost":
    case "refused":
      return [event.name, [event.reason]];
    case "phase":
      return [event.name, [event.from, event.to, event.reason]];
    case "collected":
      return [event.name, [event.stream, event.reason]];
    case "unknown":
      return [event.event, event.fields];
  }
}

/** The event of a record; one whose name or fields are not known is `unknown`, not an error. */
export function eventOf(name: string, fields: readonly string[]): CaptureEvent {
  const [first = "", second = "", third = ""] = fields;
  switch (name) {
    case "opened":
      return { name, peer: first, again: second === "again" };
    case "resumed":
      if (/^\d{1,10}$/.test(second)) return { name, session: first, streams: Number(second) };
      break;
    case "dropped":
    case "lost":
    case "refused":
      return { name, reason: first };
    case "phase":
      if (phases.has(first) && phases.has(second)) {
        return { name, from: first as HeartbeatPhase, to: second as HeartbeatPhase, reason: third };
      }
      break;
    case "collected":
      if (collectReasons.has(second)) return { name, stream: first, reason: second as CollectReason };
      break;
  }
  return { name: "unknown", event: name, fields };
}
