/** What a program may not start a runner with. */
import assert from "node:assert/strict";
import { Runner } from "../../../lib/runner/mod.ts";

const handler = { fetch: () => new Response("hello") };

Deno.test("a runner is not started under a name that no runner can have, or for a gateway at what is no WebSocket's URL", () => {
  const gatewayUrl = new URL("ws://127.0.0.1:9");
  assert.throws(() => Runner.start({ gatewayUrl, token: "t", handler, name: "A b" }), {
    name: "TypeError",
    message: /^"A b" is no runner's name: 1 to 63 characters, /,
  });
  assert.throws(() => Runner.start({ gatewayUrl: new URL("http://127.0.0.1:9"), token: "t", handler }), {
    name: "TypeError",
    message: "the gateway's URL begins with http:; accepted are ws: and wss:",
  });
});

Deno.test("a runner that is told to drain without a time has ten seconds, and is over at once when there is nothing to finish", async () => {
  const runner = Runner.start({ gatewayUrl: new URL("ws://127.0.0.1:9"), token: "t", handler });
  await runner.drain();
  await runner.finished;
});
