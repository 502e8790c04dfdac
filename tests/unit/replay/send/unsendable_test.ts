import assert from "node:assert/strict";
import { emptyBody } from "../../../../lib/capture/mod.ts";
import { RedactedValues } from "../../../../lib/replay/send/redacted.ts";
import { unsendable } from "../../../../lib/replay/send/unsendable.ts";
import { answerOf, bodyOf, exchangeOf, messageOf, stored } from "./exchanges.ts";

type Fields = Parameters<typeof exchangeOf>[0];

function reason(
  fields: Fields,
  options: { unsafe?: boolean; redacted?: string[] | null } = {},
): string | null {
  const { unsafe = false, redacted = ["key"] } = options;
  return unsendable(exchangeOf(fields), { unsafe, redacted: new RedactedValues(redacted) });
}

Deno.test("GET, HEAD and OPTIONS are sent, every other method with --unsafe alone", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) assert.equal(reason({ method }), null);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PURGE"]) {
    assert.equal(reason({ method }), `${method} may change something: --unsafe sends it`);
    assert.equal(reason({ method }, { unsafe: true }), null);
  }
});

Deno.test("a WebSocket is sent when its client said nothing, else with --unsafe alone", () => {
  const answer = answerOf(bodyOf(), { status: 101 });
  const closes = [{ timeUs: 3000, from: "origin" as const, code: 1000, reason: "" }];
  const heard: Fields = { kind: "websocket", answer, closes, messages: [messageOf("origin", 2500, "a")] };
  assert.equal(reason(heard), null);
  const said = { ...heard, messages: [messageOf("client", 2500, "a")] };
  assert.match(reason(said)!, /messages on a WebSocket may change something/);
  assert.equal(reason(said, { unsafe: true }), null);
});

const unknown: [what: string, fields: Fields, says: RegExp][] = [
  ["without its beginning", { hasBeginning: false, hasGaps: true }, /began before the capture/],
  ["with a gap", { hasGaps: true }, /frames of it are missing/],
  ["of a woken client", { kind: "websocket", resumed: true }, /the rest of a WebSocket/],
  ["without a method", { method: "" }, /cannot be sent as HTTP/],
  [
    "whose body was left out",
    { body: bodyOf(stored("12345", 2)) },
    /left out 2 of 5 bytes of its request body/,
  ],
  [
    "whose body did not end",
    { body: { ...bodyOf(stored("1")), endedAtUs: null } },
    /body did not come to its end/,
  ],
  ["whose body was cut", { body: { ...bodyOf(stored("1")), cut: true } }, /body did not come to its end/],
  [
    "with a message that was left out",
    { kind: "websocket", messages: [messageOf("client", 2000, "123", 1)] },
    /left out 1 of 3 bytes of a message/,
  ],
  ["with a redacted parameter", { target: "/a?b=1&key=***" }, /the query parameter key is redacted/],
  ["with a redacted parameter in disguise", { target: "/a?%6bEy=***" }, /query parameter %6bEy is redacted/],
  ["with a token in its target", { target: `/${"*".repeat(43)}` }, /its target is redacted/],
  ["with a token in its body", { body: bodyOf(stored(`a=${"*".repeat(43)}`)) }, /may have stood/],
  [
    "that nobody waited for",
    { answer: null, reset: { timeUs: 2000, from: "client", code: 0, reason: "" } },
    /no answer was recorded: the client went away/,
  ],
  [
    "that the capture ends before",
    { answer: null, collected: null },
    /no answer was recorded: the capture ends/,
  ],
];

for (const [what, fields, says] of unknown) {
  Deno.test(`an exchange ${what} is not sent, whatever is allowed`, () => {
    assert.match(reason(fields, { unsafe: true })!, says);
  });
}

Deno.test("asterisks of a raw capture, and other rows of them, are sent", () => {
  const body = bodyOf(stored(`a=${"*".repeat(43)}`));
  assert.equal(reason({ body, target: "/a?key=***" }, { redacted: null }), null);
  assert.equal(reason({ body: bodyOf(stored(`\n${"*".repeat(80)}\n${"*".repeat(8)}`)) }), null);
  assert.equal(reason({ target: "/a?other=***" }), null);
});

Deno.test("what the origin broke off is sent: perhaps it does so again", () => {
  const reset = { timeUs: 2000, from: "origin" as const, code: 3, reason: "closed" };
  assert.equal(reason({ answer: null, body: { ...emptyBody(), endedAtUs: 1000 }, reset }), null);
});
