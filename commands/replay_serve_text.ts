import {
  type Dealt,
  type Recording,
  type Recordings,
  type RefusalWords,
  wordsOf,
} from "../lib/replay/mod.ts";
import { printable } from "./replay_text.ts";

/** More than this are counted, not listed. */
const maxListed = 20;
/** Different refusals that are told apart. */
const maxRefusals = 1000;

/** Text for the log, which has no query of a URL. */
export function withoutQueries(text: string): string {
  return text.replaceAll(/(\/[^\s?]*)\?\S*/g, "$1");
}

/** What can be served and what cannot, before it begins. */
export function servableLines(
  recordings: Recordings,
  { matching, speed }: { matching: string; speed: number },
): string[] {
  const whole = recordings.all.filter(({ problem }) => problem === null);
  const lacking = recordings.all.filter(({ problem }) => problem !== null);
  const pace = speed === Infinity
    ? "without waiting"
    : speed === 1
    ? "as fast as recorded"
    : `at ${speed} times the speed`;
  const lines = [`answers ${countOf(whole)}, ${pace}, with ${matching} matching`];
  if (lacking.length === 0) return lines;
  lines.push(`CANNOT BE SERVED   ${lacking.length}, which get 501 instead:`);
  lines.push(
    ...listed(
      lacking.map((recording) => `${nameOf(recording)} (${recording.exchange.id}): ${recording.problem}`),
    ),
  );
  return lines;
}

/** Counts what was asked for. */
export class ServeTally {
  readonly #recordings: Recordings;
  #http = 0;
  #websockets = 0;
  readonly #refusals = new Map<string, { words: RefusalWords; count: number }>();
  #otherRefusals = 0;

  constructor(recordings: Recordings) {
    this.#recordings = recordings;
  }

  /** @returns what was asked for, and what was said when it was refused */
  add({ asked, found }: Dealt): { asked: Dealt["asked"]; refused: RefusalWords | null } {
    if (found.kind === "found") {
      if (asked.kind === "http") this.#http++;
      else this.#websockets++;
      return { asked, refused: null };
    }
    const words = wordsOf(asked, found);
    const known = this.#refusals.get(words.message);
    if (known !== undefined) known.count++;
    else if (this.#refusals.size < maxRefusals) this.#refusals.set(words.message, { words, count: 1 });
    else this.#otherRefusals++;
    return { asked, refused: words };
  }

  /** The summary. */
  lines(): string[] {
    const lines = [`served ${plural(this.#http, "request")} and ${plural(this.#websockets, "WebSocket")}`];
    const refusals = [...this.#refusals.values()].sort((a, b) => b.count - a.count);
    if (refusals.length > 0) {
      const total = refusals.reduce((sum, { count }) => sum + count, this.#otherRefusals);
      lines.push(`REFUSED      ${total} with 501:`);
      lines.push(...listed(refusals.map(({ words, count }) => `${count} × ${printable(words.message)}`)));
    }
    const servable = this.#recordings.all.filter(({ problem }) => problem === null);
    const unasked = servable.filter(({ asked }) => asked === 0);
    lines.push(`never asked for: ${unasked.length} of ${servable.length} recorded`);
    return lines;
  }
}

function countOf(recordings: readonly Recording[]): string {
  const websockets = recordings.filter(({ exchange }) => exchange.kind === "websocket").length;
  return `${plural(recordings.length - websockets, "recorded request")} and ${
    plural(websockets, "WebSocket")
  }`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function nameOf({ exchange: { kind, method, target } }: Recording): string {
  return printable(kind === "websocket" ? `WebSocket ${target}` : `${method || "?"} ${target || "?"}`);
}

function listed(lines: string[]): string[] {
  const shown = lines.slice(0, maxListed).map((line) => `  ${line}`);
  return lines.length > maxListed ? [...shown, `  … and ${lines.length - maxListed} more`] : shown;
}
