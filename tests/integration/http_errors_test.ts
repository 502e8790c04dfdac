import assert from "node:assert/strict";
import { field, rawRequest, type RawResponse, textOf } from "../support/raw_http.ts";
import { startGateway, startNodeOrigin, startRunner } from "../support/processes.ts";
import { startStack } from "../support/stack.ts";

const get = "GET / HTTP/1.1\r\nHost: app\r\n\r\n";

/** Asserts the shape that all errors of the gateway's own share. */
function assertProblem(response: RawResponse, status: number, code: string, says: RegExp): void {
  assert.equal(response.status, status);
  assert.equal(field(response, "x-tunnel-error"), code);
  assert.match(field(response, "content-type") ?? "", /^application\/json/);
  assert.equal(field(response, "cache-control"), "no-store");
  const body = JSON.parse(textOf(response));
  assert.equal(body.error, code);
  assert.match(body.message, says);
  assert.match(body.message, /[.]$/, "a whole sentence");
}

/** A port that nothing listens on. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("without a runner a request gets 503 no_runner, with the command that starts one", async () => {
  await using gateway = await startGateway();
  const response = await rawRequest(gateway.port, get);
  assertProblem(response, 503, "no_runner", /"default".*tunnel runner --gateway-url .* --name default/);
});

Deno.test("a name that no runner can have is not suggested for one", async () => {
  await using gateway = await startGateway();
  const response = await rawRequest(
    gateway.port,
    "GET / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: not a name\r\n\r\n",
  );
  assertProblem(response, 503, "no_runner", /"not a name" .*: check the name, which no runner can have\.$/);
});

Deno.test("a name that no runner bears gets 503 no_runner, with the name", async () => {
  await using stack = await startStack();
  const response = await rawRequest(
    stack.gateway.port,
    "GET / HTTP/1.1\r\nHost: app\r\nX-Tunnel-Runner: nobody\r\n\r\n",
  );
  assertProblem(response, 503, "no_runner", /"nobody"/);
});

Deno.test("an origin that refuses connections gets 502 origin_unreachable, with its address", async () => {
  await using gateway = await startGateway();
  const port = closedPort();
  await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${port}`);
  const response = await rawRequest(gateway.port, get);
  assertProblem(response, 502, "origin_unreachable", new RegExp(`127\\.0\\.0\\.1:${port}`));
});

Deno.test("an origin that appears later is reached without restarting anything", async () => {
  await using gateway = await startGateway();
  const port = closedPort();
  await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${port}`);
  assert.equal((await rawRequest(gateway.port, get)).status, 502);
  await using _origin = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    () => new Response("up"),
  );
  assert.equal(textOf(await rawRequest(gateway.port, get)), "up");
});

Deno.test("an origin that does not answer in time gets 504 origin_timeout, and its request is aborted", async () => {
  await using stack = await startStack({ runnerArgs: ["--origin-timeout", "200ms"] });
  const response = await rawRequest(stack.gateway.port, "GET /hold?id=late HTTP/1.1\r\nHost: app\r\n\r\n");
  assertProblem(response, 504, "origin_timeout", /within 0\.2 s/);
  assert.equal(await (await fetch(`${stack.origin.url}/gone?id=late`)).text(), "gone");
});

Deno.test("an answer that begins in time may take as long as it likes", async () => {
  await using stack = await startStack({ runnerArgs: ["--origin-timeout", "200ms"] });
  const response = await fetch(`${stack.gateway.url}/events`);
  let events = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    events += text;
    // The origin writes one each 100 ms: the tenth comes long after the timeout.
    if (events.includes("data: 10 ")) break;
  }
  assert.match(events, /data: 1 .*data: 10 /s);
});

Deno.test("an origin that closes without an answer gets 502 origin_failed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closing = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1024));
      conn.close();
    }
  })();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${listener.addr.port}`);
  const response = await rawRequest(gateway.port, get);
  assertProblem(response, 502, "origin_failed", /^The origin gave no proper answer: .*without an answer/);
  listener.close();
  await closing;
});

/** What an origin writes before it closes, and what is said of that. */
const beginnings: Record<string, [wrote: string, said: RegExp]> = {
  "an alert of TLS": ["\x15\x03\x01\x00\x02\x02\x46", /closed .* after 7 bytes that are not the whole head/],
  "half a head": ["HTTP/1.1 200 OK\r\nContent-", /closed .* after 25 bytes that are not the whole head/],
  "an interim response": ["HTTP/1.1 103 Early Hints\r\n\r\n", /closed .* without a final one/],
};

for (const [what, [wrote, said]] of Object.entries(beginnings)) {
  Deno.test(`an origin that closes behind ${what} gets 502 origin_failed, which says so`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const talking = (async () => {
      for await (const conn of listener) {
        await conn.read(new Uint8Array(1024));
        await conn.write(new TextEncoder().encode(wrote));
        conn.close();
      }
    })();
    await using gateway = await startGateway();
    await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${listener.addr.port}`);
    const response = await rawRequest(gateway.port, get);
    assertProblem(response, 502, "origin_failed", said);
    assert.doesNotMatch(textOf(response), /without an answer/);
    listener.close();
    await talking;
  });
}

Deno.test("an origin that does not speak HTTP gets 502 origin_failed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const talking = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode("220 mail.example ESMTP ready\r\n\r\n"));
      conn.close();
    }
  })();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, `http://127.0.0.1:${listener.addr.port}`);
  assertProblem(
    await rawRequest(gateway.port, get),
    502,
    "origin_failed",
    /^The origin gave no proper answer: /,
  );
  listener.close();
  await talking;
});

Deno.test("a runner that dies for good in the middle of a request leaves 502 or 504 link_lost", async () => {
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway(["--resume-window", "300ms"]);
  const runner = await startRunner(gateway.wsUrl, origin.url);
  const answer = rawRequest(
    gateway.port,
    "POST /hold?id=lost HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi",
  );
  await (await fetch(`${origin.url}/held?id=lost`)).body?.cancel();
  await runner[Symbol.asyncDispose]();
  // Nobody came back within the window (504); a request that cannot be repeated is not sent to another runner.
  assertProblem(await answer, 504, "link_lost", /did not come back/);
});

Deno.test("a POST whose runner was restarted gets 502 link_lost: it is not sent twice", async () => {
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  const runner = await startRunner(gateway.wsUrl, origin.url);
  const answer = rawRequest(
    gateway.port,
    "POST /hold?id=restart HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi",
  );
  await (await fetch(`${origin.url}/held?id=restart`)).body?.cancel();
  await runner[Symbol.asyncDispose]();
  await using _next = await startRunner(gateway.wsUrl, origin.url);
  assertProblem(await answer, 502, "link_lost", /link/);
});
