import type { CapturedExchange } from "../../capture/mod.ts";

/** Which streams and which time of a capture are shown. */
export interface Selection {
  /** Stream ids, as in logs; `null` for all. */
  streams: ReadonlySet<string> | null;
  /** Matches a request's path; `null` for all. */
  path: RegExp | null;
  /** Microseconds since the capture began. */
  sinceUs: number;
  untilUs: number;
}

export const everything: Selection = { streams: null, path: null, sinceUs: 0, untilUs: Infinity };

/** Whether only some streams are asked for, so that what belongs to none is left out. */
export function isNarrow(selection: Selection): boolean {
  return selection.streams !== null || selection.path !== null;
}

export function selectsStream(selection: Selection, stream: { id: string; target: string }): boolean {
  if (selection.streams !== null && !selection.streams.has(stream.id)) return false;
  return selection.path === null || selection.path.test(pathOf(stream.target));
}

/** Whether any of the time from `startUs` to `endUs` is asked for. */
export function selectsTime(selection: Selection, startUs: number, endUs = startUs): boolean {
  return endUs >= selection.sinceUs && startUs <= selection.untilUs;
}

/** Whether an exchange is asked for: its stream, and any of the time it lasted. */
export function selectsExchange(selection: Selection, exchange: CapturedExchange): boolean {
  return selectsStream(selection, exchange) &&
    selectsTime(selection, exchange.startedAtUs, exchange.endedAtUs);
}

/** A request's target without its query. */
export function pathOf(target: string): string {
  return target.split("?", 1)[0];
}

/** A pattern in which `*` stands for anything but a slash, `**` for anything, `?` for one character. */
export function globPattern(glob: string): RegExp {
  const pattern = glob.replace(/\*\*|[*?]|[\\^$.|+()[\]{}]/g, (found) => {
    if (found === "**") return ".*";
    if (found === "*") return "[^/]*";
    return found === "?" ? "[^/]" : `\\${found}`;
  });
  return new RegExp(`^${pattern}$`, "s");
}
