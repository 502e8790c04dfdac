import { diffArrays } from "diff";

/** Lines that two texts differ in. */
export interface TextDifference {
  /** Number of the first of them in the recorded text, from 1. */
  line: number;
  /** The lines, without the last line's end; `null` where there are none. */
  recorded: string | null;
  replayed: string | null;
}

/** Lines that may be added and taken away before only the first difference is looked for. */
const maxEdits = 1000;

/** Where two texts differ, line by line. Of texts that have little in common only the first difference. */
export function textDifferences(recorded: string, replayed: string): TextDifference[] {
  const [before, after] = [linesOf(recorded), linesOf(replayed)];
  const changes = diffArrays(before, after, { maxEditLength: maxEdits });
  if (changes === undefined) return [firstDifference(before, after)];
  const found: TextDifference[] = [];
  let line = 1;
  let open: { line: number; removed: string[]; added: string[] } | null = null;
  const close = () => {
    if (open !== null) found.push(difference(open.line, open.removed, open.added));
    open = null;
  };
  for (const { added, removed, value } of changes) {
    if (!added && !removed) close();
    else {
      open ??= { line, removed: [], added: [] };
      (added ? open.added : open.removed).push(...value);
    }
    if (!added) line += value.length;
  }
  close();
  return found;
}

function firstDifference(before: string[], after: string[]): TextDifference {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  return difference(at + 1, before.slice(at, at + 1), after.slice(at, at + 1));
}

function difference(line: number, removed: string[], added: string[]): TextDifference {
  const [recorded, replayed] = [removed.join(""), added.join("")];
  const [a, b] = [recorded.replace(/\n$/, ""), replayed.replace(/\n$/, "")];
  // A line end that is there on one side alone is the difference itself.
  const isEnd = removed.length > 0 && added.length > 0 && a === b;
  const show = isEnd ? [recorded, replayed] : [a, b];
  return {
    line,
    recorded: removed.length === 0 ? null : show[0],
    replayed: added.length === 0 ? null : show[1],
  };
}

/** Each with its line end. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}
