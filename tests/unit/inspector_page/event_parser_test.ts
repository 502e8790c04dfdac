import assert from "node:assert/strict";
import fc from "fast-check";
import { EventParser } from "../../../lib/inspector/page/model/event_parser.js";

const text =
  "retry: 1000\n\nevent: hello\ndata: {}\n\n:\n\nevent: requests\r\ndata: [1,\r\ndata: 2]\r\n\r\ndata:no space\n\nid: 7\n\n";

const events = [
  { event: "hello", data: "{}" },
  { event: "requests", data: "[1,\n2]" },
  { event: "message", data: "no space" },
];

Deno.test("events are the same however their stream is cut", () => {
  const cuts = fc.array(fc.nat(text.length), { maxLength: 12 });
  fc.assert(fc.property(cuts, (at) => {
    const parser = new EventParser();
    const ends = [...at.sort((a, b) => a - b), text.length];
    let from = 0;
    const parsed = ends.flatMap((end) => {
      const part = parser.push(text.slice(from, end));
      from = end;
      return part;
    });
    assert.deepEqual(parsed, events);
  }));
});

Deno.test("an event without its empty line is not told yet", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("event: rtt\ndata: []\n"), []);
  assert.deepEqual(parser.push("\n"), [{ event: "rtt", data: "[]" }]);
});
