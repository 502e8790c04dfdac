import { afterTurn } from "./turn.ts";

/** Who writes at the end of a turn what was gathered in it. */
export interface TurnWriter {
  /** May ask for the end of the next turn. Throws nothing. */
  endTurn(): void;
}

/** Two lists take turns and keep their length: to make one or to cut it costs as much as the write of a small message. */
let writers: (TurnWriter | null)[] = [];
let writersBefore: (TurnWriter | null)[] = [];
let count = 0;

/** Has `writer` called once this turn of the event loop has done its work. One microtask does for all of a turn. */
export function atTurnEnd(writer: TurnWriter): void {
  writers[count++] = writer;
  if (count === 1) afterTurn(endTurn);
}

function endTurn(): void {
  const ending = writers;
  const endingCount = count;
  writers = writersBefore;
  writersBefore = ending;
  count = 0;
  for (let i = 0; i < endingCount; i++) {
    const writer = ending[i]!;
    ending[i] = null;
    writer.endTurn();
  }
}
