import { stripHopByHop } from "../../http1/mod.ts";
import type { Differences } from "./difference.ts";

/**
 * Header fields of answers that are compared unless told otherwise: those that decide what a client does with an answer.
 * Dates, ids, validators and lengths are different each time, or follow from the body.
 */
export const comparedByDefault: readonly string[] = [
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "allow",
  "cache-control",
  "content-disposition",
  "content-language",
  "content-range",
  "content-type",
  "location",
  "sec-websocket-protocol",
  "vary",
  "www-authenticate",
];

/** Follows from the key of a handshake, which is another each time. */
const acceptHeader = "sec-websocket-accept";

/** Header fields of answers that were there: those that were compared, and those that were not. */
export class SeenHeaders {
  readonly #names = new Map<string, { answers: number; differing: number }>();
  readonly compared = new Set<string>();

  /** One that was not compared. */
  add(name: string, differs: boolean): void {
    const seen = this.#names.get(name) ?? { answers: 0, differing: 0 };
    seen.answers++;
    if (differs) seen.differing++;
    this.#names.set(name, seen);
  }

  /** Those that were not compared, by name: in how many answers each was, and in how many of them it differed. */
  ignored(): { name: string; answers: number; differing: number }[] {
    return [...this.#names].map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }
}

export interface HeaderContext {
  part: "header" | "trailer";
  /** Lower-case names that are compared; `null` for all. */
  compared: ReadonlySet<string> | null;
  /** Whether a recorded value was overwritten when it was captured. */
  isRedacted: (name: string, value: string) => boolean;
  differences: Differences;
  seen: SeenHeaders;
  note: (text: string) => void;
}

/** Compares header or trailer fields: each name's values in their order. Fields of one connection alone are left out. */
export function compareHeaders(
  recorded: readonly string[],
  replayed: readonly string[],
  context: HeaderContext,
): void {
  const [before, after] = [valuesByName(recorded), valuesByName(replayed)];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [a, b] = [before.get(name) ?? [], after.get(name) ?? []];
    const differs = a.length !== b.length || a.some((value, i) => value !== b[i]);
    if (name === acceptHeader) continue;
    const isRedacted = a.some((value) => context.isRedacted(name, value));
    if (context.compared !== null && !context.compared.has(name)) {
      context.seen.add(name, differs && !isRedacted);
      continue;
    }
    if (context.compared !== null) context.seen.compared.add(name);
    if (isRedacted) {
      context.note(`the capture has ${name} redacted: it was not compared`);
    } else if (differs) {
      const text = (values: string[]) => values.length === 0 ? null : values.join("\n");
      context.differences.add({ part: context.part, at: name, recorded: text(a), replayed: text(b) });
    }
  }
}

function valuesByName(headers: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const fields = stripHopByHop([...headers]);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i].toLowerCase();
    const list = values.get(name);
    if (list === undefined) values.set(name, [fields[i + 1]]);
    else list.push(fields[i + 1]);
  }
  return values;
}
