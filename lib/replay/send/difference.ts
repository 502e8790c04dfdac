/** What of an answer a difference is in. */
export type DifferencePart = "answer" | "status" | "header" | "body" | "trailer" | "message" | "close";

/** Something that an origin answered otherwise than was recorded. */
export interface Difference {
  part: DifferencePart;
  /** Which of the origin's messages, counted from 1; only where `part` is `message`. */
  message?: number;
  /**
   * Where in it: a header's name; `$.items[2].name` in JSON; `line 3` in text; `byte 4096` in other bytes; `length`;
   * empty where the whole is meant.
   */
  at: string;
  /** What was recorded and what came now, shortened round the first difference; `null` where there was nothing. */
  recorded: string | null;
  replayed: string | null;
}

/** Differences of one exchange that are kept; further ones are counted. */
const maxKept = 100;
/** Characters kept of each side of a difference. */
const maxChars = 400;
/** Equal characters that are left in front of the first different one when a value is shortened. */
const leadChars = 40;

/** The differences of one exchange, as many as somebody will read. */
export class Differences {
  readonly list: Difference[] = [];
  /** All of them, those that are not kept included. */
  count = 0;

  add(difference: Difference): void {
    this.count++;
    if (this.list.length >= maxKept) return;
    const { recorded, replayed } = difference;
    this.list.push({ ...difference, ...shortened(recorded, replayed) });
  }
}

/** Both texts cut to what shows their difference. */
export function shortened(
  recorded: string | null,
  replayed: string | null,
): { recorded: string | null; replayed: string | null } {
  const isLong = (text: string | null) => text !== null && text.length > maxChars;
  if (!isLong(recorded) && !isLong(replayed)) return { recorded, replayed };
  const from = Math.max(0, commonPrefix(recorded ?? "", replayed ?? "") - leadChars);
  const cut = (text: string | null) => {
    if (text === null) return null;
    const end = from + maxChars;
    return (from > 0 ? "…" : "") + text.slice(from, end) + (text.length > end ? "…" : "");
  };
  return { recorded: cut(recorded), replayed: cut(replayed) };
}

function commonPrefix(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
