/** Clients that stop in the midst of what they upload. */
import assert from "node:assert/strict";
import { field, RawHttpClient, textOf } from "../support/raw_http.ts";
import { eventually, healthOf, sharedStack } from "../support/stack.ts";

const stack = sharedStack({ gatewayArgs: ["--body-timeout", "2s"] });

/** A client that has sent the head and the beginning of a body of 20 bytes. */
async function uploading(path: string): Promise<RawHttpClient> {
  const client = await RawHttpClient.connect(stack.gateway.port);
  await client.send(`POST ${path} HTTP/1.1\r\nHost: app\r\nContent-Length: 20\r\n\r\n0123456789`);
  return client;
}

Deno.test("a client that stops in its upload gets 408, the origin's request is aborted, and nothing is left", async () => {
  using client = await uploading("/hold?id=stalled");
  const response = await client.response("POST");
  assert.equal(response.status, 408);
  assert.equal(field(response, "connection"), "close");
  assert.match(textOf(response), /No more of the request's body came for 2 s\./);
  const gone = await fetch(`${stack.origin.url}/gone?id=stalled`, { signal: AbortSignal.timeout(15_000) });
  assert.equal(await gone.text(), "gone");
  await eventually(() => healthOf(stack.gateway), ({ streams }) => streams === 0);
});

Deno.test("a client whose response has begun may take its time, and one that has sent all waits for its own", async () => {
  using answered = await uploading("/mirror");
  await answered.until("0123456789");
  using waiting = await RawHttpClient.connect(stack.gateway.port);
  await waiting.send("POST /slow?ms=5000 HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\nx");
  // Two others in turn, each longer than the timeout.
  for (let i = 0; i < 2; i++) {
    using stalled = await uploading("/echo");
    assert.equal((await stalled.response("POST")).status, 408);
  }
  await answered.send("abcdefghij");
  await answered.until("abcdefghij");
  assert.equal(textOf(await waiting.response("POST")), "slow");
});
