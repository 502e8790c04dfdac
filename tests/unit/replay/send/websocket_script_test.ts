import assert from "node:assert/strict";
import fc from "fast-check";
import { longestSilenceMs } from "../../../../lib/replay/send/send_context.ts";
import { clientScript } from "../../../../lib/replay/send/websocket_script.ts";
import { exchangeOf, messageOf } from "./exchanges.ts";

Deno.test("each step of a client knows how many whole messages of the origin it had by then, in whatever order they are listed", () => {
  const message = fc.record({
    from: fc.constantFrom("client" as const, "origin" as const),
    timeUs: fc.nat(50),
    tookUs: fc.nat(20),
    complete: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(message), (list) => {
    const messages = list.map(({ from, timeUs, tookUs, complete }) => ({
      ...messageOf(from, timeUs, "x"),
      endedAtUs: timeUs + tookUs,
      complete,
    }));
    const steps = clientScript(exchangeOf({ kind: "websocket", startedAtUs: 0, messages }));
    const expected = messages.filter(({ from }) => from === "client").map(({ timeUs }) =>
      messages.filter((m) => m.from === "origin" && m.complete && m.endedAtUs <= timeUs).length
    );
    const said = steps.filter(({ act }) => act.kind === "message");
    assert.deepEqual(said.map(({ received }) => received), expected);
  }));
});

Deno.test("a script looks at each message of the origin a few times, however much the client says", () => {
  let looks = 0;
  const counted = messageOf("origin", 2000, "x");
  Object.defineProperty(counted, "endedAtUs", { get: () => ++looks });
  const messages = Array.from({ length: 3000 }, (_, i) => messageOf("client", 2001 + i, "x"));
  const steps = clientScript(exchangeOf({ kind: "websocket", messages: [counted, ...messages] }));
  assert.equal(steps.length, 3001);
  assert.ok(looks <= 3, `${looks} times`);
});

Deno.test("a client whose WebSocket was never accepted leaves one that is: nothing more was recorded to wait for", () => {
  const reset = { timeUs: 3000, from: "origin" as const, code: 4, reason: "connection refused" };
  const refused = clientScript(exchangeOf({ kind: "websocket", answer: null, closes: [], reset }));
  assert.deepEqual(refused.map(({ act }) => act.kind), ["leave"]);
  // An accepted one that its origin broke off is waited for: that it breaks off again is what is compared.
  const { answer } = exchangeOf();
  const accepted = { ...answer!, status: 101 };
  assert.deepEqual(clientScript(exchangeOf({ kind: "websocket", answer: accepted, closes: [], reset })), []);
});

Deno.test("the longest silence is found among half a million messages", () => {
  const messages = Array.from({ length: 500_000 }, (_, i) => messageOf("origin", 2000 + i, ""));
  messages.push(messageOf("origin", 2_000_000, "late"));
  const closes = [{ timeUs: 2_100_000, from: "origin" as const, code: 1000, reason: "" }];
  assert.equal(longestSilenceMs(exchangeOf({ kind: "websocket", messages, closes })), 1498.001);
  const parts = messages.map(({ timeUs, parts: [bytes] }) => ({ timeUs, bytes }));
  const { answer } = exchangeOf();
  const long = { ...answer!, body: { ...answer!.body, parts } };
  assert.equal(longestSilenceMs(exchangeOf({ answer: long })), 1498.001);
});
