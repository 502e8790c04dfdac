import assert from "node:assert/strict";
import { turnEnd } from "../../../lib/net/turn.ts";
import { atTurnEnd } from "../../../lib/net/turn_writers.ts";

Deno.test("who asked is called at the end of the turn, in order and once", async () => {
  const called: string[] = [];
  const writer = (name: string) => ({ endTurn: () => void called.push(name) });
  for (const name of ["a", "b", "c"]) atTurnEnd(writer(name));
  assert.deepEqual(called, []);
  await turnEnd;
  await turnEnd;
  assert.deepEqual(called, ["a", "b", "c"]);
  atTurnEnd(writer("d"));
  await turnEnd;
  await turnEnd;
  assert.deepEqual(called, ["a", "b", "c", "d"]);
});

Deno.test("who asks while it is called is called once more, and neither loses its turn nor takes another's", async () => {
  const called: string[] = [];
  const again = {
    left: 3,
    endTurn() {
      called.push(`again ${this.left}`);
      if (this.left-- > 0) atTurnEnd(this);
    },
  };
  atTurnEnd(again);
  atTurnEnd({ endTurn: () => void called.push("other") });
  for (let hops = 0; hops < 10; hops++) await turnEnd;
  assert.deepEqual(called, ["again 3", "other", "again 2", "again 1", "again 0"]);
});
