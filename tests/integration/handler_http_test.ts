import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Runner, type RunnerHandler } from "../../lib/runner/mod.ts";
import { Logger } from "../../lib/telemetry/mod.ts";
import "../support/overwrite_reads.ts";
import { field, RawHttpClient, rawRequest, textOf } from "../support/raw_http.ts";
import { bounded } from "../support/bounded.ts";
import { type RunningGateway, startGateway, testToken } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";

let gateway: RunningGateway;

Deno.test.beforeAll(async () => {
  gateway = await startGateway();
});

Deno.test.afterAll(async () => await gateway[Symbol.asyncDispose]());

/** A runner in this program that serves with `fetch`, connected. */
async function serving(
  fetch: RunnerHandler["fetch"],
  onError: (error: unknown) => void = () => {},
): Promise<Runner> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: testToken,
    handler: { fetch },
    onError,
    onState: (state) => state.state === "connected" && resolve(),
  });
  await promise;
  return runner;
}

Deno.test("a handler gets the request with an absolute URL, its headers and its body", async () => {
  await using _runner = await serving(async (request) =>
    Response.json({
      method: request.method,
      url: request.url,
      cookie: request.headers.get("cookie"),
      forwarded: request.headers.get("x-forwarded-for"),
      body: await request.text(),
    })
  );
  const response = await rawRequest(
    gateway.port,
    "PATCH /a%2Fb?x=1&x=2 HTTP/1.1\r\nHost: app.example\r\nCookie: a=1\r\nContent-Length: 5\r\n\r\nhello",
  );
  assert.deepEqual(JSON.parse(textOf(response)), {
    method: "PATCH",
    url: "http://app.example/a%2Fb?x=1&x=2",
    cookie: "a=1",
    forwarded: "127.0.0.1",
    body: "hello",
  });
});

Deno.test("a handler's status, headers and repeated set-cookie reach the client", async () => {
  await using _runner = await serving(() => {
    const headers = new Headers({ "x-one": "1" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response("made", { status: 201, headers });
  });
  const response = await fetch(gateway.url);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-one"), "1");
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await response.text(), "made");
});

Deno.test("a handler may answer with what it fetched elsewhere: fields of that connection stay behind", async () => {
  const elsewhere = createServer((_request, response) => {
    response.writeHead(200, { "x-one": "1", connection: "x-hop, close", "x-hop": "mine" });
    response.write("in two ");
    response.end("chunks");
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const { port } = elsewhere.address() as AddressInfo;
  await using _runner = await serving(() => fetch(`http://127.0.0.1:${port}/`));
  using client = await RawHttpClient.connect(gateway.port);
  for (let i = 0; i < 2; i++) {
    await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    const response = await client.response();
    assert.equal(textOf(response), "in two chunks");
    assert.equal(field(response, "x-one"), "1");
    assert.equal(field(response, "x-hop"), undefined);
    assert.equal(field(response, "connection"), undefined);
  }
  await new Promise((resolve) => elsewhere.close(resolve));
});

Deno.test("an answer without a date is given one on its way, and one that has it keeps its own", async () => {
  const own = "Thu, 01 Jan 1970 00:00:00 GMT";
  await using _runner = await serving(({ url }) =>
    new Response("made", { headers: url.endsWith("/dated") ? { date: own } : {} })
  );
  const get = (path: string) => rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\nHost: app.example\r\n\r\n`);
  const before = Math.floor(Date.now() / 1000) * 1000;
  const given = Date.parse(field(await get("/undated"), "date")!);
  assert.ok(given >= before && given <= Date.now(), new Date(given).toISOString());
  assert.equal(field(await get("/dated"), "date"), own);
});

for (const [what, status] of [["204", 204], ["304", 304]] as const) {
  Deno.test(`a handler's ${what} has no body`, async () => {
    await using _runner = await serving(() => new Response(null, { status }));
    using client = await RawHttpClient.connect(gateway.port);
    for (let i = 0; i < 2; i++) {
      await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
      assert.equal((await client.response()).status, status);
    }
  });
}

Deno.test("a handler's streamed body reaches the client piece by piece", async () => {
  const { readable, writable } = new TransformStream<string, string>();
  await using _runner = await serving(() => new Response(readable.pipeThrough(new TextEncoderStream())));
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  const writer = writable.getWriter();
  for (const piece of ["first", "second", "third"]) {
    await writer.write(piece);
    await client.until(piece);
  }
  await writer.close();
  assert.equal(textOf(await client.response()), "firstsecondthird");
});

for (
  const [what, handler] of Object.entries<RunnerHandler["fetch"]>({
    throws: () => {
      throw new Error("the database password is hunter2");
    },
    rejects: () => Promise.reject(new Error("the database password is hunter2")),
  })
) {
  Deno.test(`a handler that ${what} makes a plain 500 that does not show why, and serves on; the program is told`, async () => {
    let failing = true;
    const told: unknown[] = [];
    await using _runner = await serving(
      (request) => failing ? handler(request) : new Response("well again"),
      (error) => told.push(error),
    );
    const response = await rawRequest(gateway.port, "GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(response.status, 500);
    assert.equal(field(response, "x-tunnel-error"), "handler_failed");
    assert.doesNotMatch(textOf(response), /hunter2/);
    failing = false;
    assert.equal(await (await fetch(gateway.url)).text(), "well again");
    assert.match(told.join(), /^Error: the database password is hunter2$/);
  });
}

Deno.test("what a handler throws goes to the logger when nobody else wants to know", async () => {
  const lines: string[] = [];
  const up = Promise.withResolvers<void>();
  await using _runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: testToken,
    handler: { fetch: () => Promise.reject(new Error("a fault")) },
    logger: new Logger({ level: "error", format: "json", now: Date.now, write: (line) => lines.push(line) }),
    onState: (state) => state.state === "connected" && up.resolve(),
  });
  await up.promise;
  assert.equal((await rawRequest(gateway.port, "GET / HTTP/1.1\r\nHost: app\r\n\r\n")).status, 500);
  assert.equal(lines.length, 1);
  const { event, reason } = JSON.parse(lines[0]);
  assert.equal(event, "handler.failed");
  assert.match(reason, /^Error: a fault\n +at /);
});

Deno.test("a handler that is told of its client's leaving, and rejects with that, has no fault to tell of", async () => {
  const told: unknown[] = [];
  const running: Promise<unknown>[] = [];
  await using _runner = await serving((request) => {
    const left = new Promise<never>((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
    });
    const answer = request.url.endsWith("/fault")
      ? left.catch(() => Promise.reject(new Error("a fault")))
      : left;
    running.push(answer.catch(() => {}));
    return answer;
  }, (error) => told.push(error));
  for (const [i, path] of ["/", "/fault"].entries()) {
    using client = await RawHttpClient.connect(gateway.port);
    await client.send(`GET ${path} HTTP/1.1\r\nHost: app\r\n\r\n`);
    await eventually(() => running.length, (count) => count === i + 1);
  }
  await Promise.all(running);
  await eventually(() => told.length, (count) => count > 0);
  assert.deepEqual(told.map(String), ["Error: a fault"]);
});

for (
  const [what, answer] of Object.entries<() => Response>({
    "is an error's": () => Response.error(),
    "has a field that is too long": () => new Response("", { headers: { "x-long": "x".repeat(70_000) } }),
    "has fields that are too long together": () =>
      new Response("", {
        headers: Array.from({ length: 10 }, (_, i): [string, string] => [`x-${i}`, "x".repeat(60_000)]),
      }),
    "has too many fields": () =>
      new Response("", { headers: Array.from({ length: 2000 }, (_, i): [string, string] => [`x-${i}`, ""]) }),
  })
) {
  Deno.test(`a handler's response that ${what} makes a plain 500, and costs no link`, async () => {
    await using runner = await serving(({ url }) => url.endsWith("/bad") ? answer() : new Response("well"));
    const response = await rawRequest(gateway.port, "GET /bad HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(response.status, 500);
    assert.equal(field(response, "x-tunnel-error"), "handler_failed");
    assert.equal(await (await fetch(gateway.url)).text(), "well");
    assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
  });
}

Deno.test("a failure with a message of any length costs no link", async () => {
  await using runner = await serving(({ url }) =>
    new Response(
      url.endsWith("/bad")
        ? new ReadableStream({ pull: (controller) => controller.error(new Error("x".repeat(100_000))) })
        : "well",
    )
  );
  const response = await rawRequest(gateway.port, "GET /bad HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal(response.complete, false);
  assert.equal(await (await fetch(gateway.url)).text(), "well");
  assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
});

for (
  const [what, sent, expected] of [
    ["gets what had come of a body that is complete", 10, "10 bytes"],
    ["is told that the rest will not come", 5, "AbortError"],
  ] as const
) {
  Deno.test(`a handler that reads on behind its response ${what}`, async () => {
    const answered = Promise.withResolvers<void>();
    const read = Promise.withResolvers<string>();
    await using _runner = await serving((request) => {
      const later = async () => {
        await answered.promise;
        return `${(await request.bytes()).length} bytes`;
      };
      later().then(read.resolve, (error) => read.resolve(error.name));
      return new Response("ok");
    });
    using client = await RawHttpClient.connect(gateway.port);
    // In one piece, so that it is there before the handler's answer is.
    await client.send(`POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\n${"x".repeat(sent)}`);
    assert.equal((await client.response()).status, 200);
    answered.resolve();
    assert.equal(await bounded(read.promise, "the rest of the body"), expected);
  });
}

Deno.test("a handler's body that fails in the middle ends the client's response as an error", async () => {
  const arrived = Promise.withResolvers<void>();
  await using _runner = await serving(() =>
    new Response(ReadableStream.from((async function* () {
      yield new TextEncoder().encode("the beginning");
      await arrived.promise;
      throw new Error("no more");
    })()))
  );
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  await client.until("the beginning");
  arrived.resolve();
  const response = await client.response();
  assert.equal(response.status, 200);
  assert.equal(response.complete, false);
});

Deno.test("request.signal aborts when the client goes away before the answer", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const asked = Promise.withResolvers<void>();
  await using _runner = await serving((request) => {
    asked.resolve();
    request.signal.addEventListener("abort", () => aborted.resolve(request.signal.reason));
    return new Promise(() => {});
  });
  const client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  await asked.promise;
  client[Symbol.dispose]();
  const reason = await aborted.promise;
  assert.ok(reason instanceof DOMException);
  assert.equal(reason.name, "AbortError");
});

Deno.test("a client that goes away cancels the body it was being sent, also while that waits for more", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using _runner = await serving(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("only this")),
        cancel: () => cancelled.resolve(),
      }),
    )
  );
  const client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  await client.until("only this");
  client[Symbol.dispose]();
  await cancelled.promise;
  await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
});

Deno.test("a body that the handler does not read holds up neither the answer nor the client", async () => {
  await using _runner = await serving(() => new Response("not read", { status: 413 }));
  const response = await fetch(`${gateway.url}/upload`, { method: "POST", body: new Uint8Array(100_000) });
  assert.equal(response.status, 413);
  assert.equal(await response.text(), "not read");
  await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
});

Deno.test("an upload that breaks off makes the handler's reading fail rather than end", async () => {
  const read = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  await using _runner = await serving(async (request) => {
    begun.resolve();
    await request.text().then(() => read.resolve("a short body that looked whole"), read.resolve);
    return new Response();
  });
  const client = await RawHttpClient.connect(gateway.port);
  await client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000\r\n\r\nthe beginning");
  await begun.promise;
  client[Symbol.dispose]();
  assert.ok(await read.promise instanceof Error);
});

Deno.test("a handler's endless body is pulled no faster than its client reads", async () => {
  const piece = new Uint8Array(64 * 1024);
  let pulled = 0;
  await using _runner = await serving((request) =>
    new URL(request.url).pathname === "/endless"
      ? new Response(
        new ReadableStream({
          pull(controller) {
            pulled += piece.length;
            controller.enqueue(piece);
          },
        }),
      )
      : new Response("ok")
  );
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET /endless HTTP/1.1\r\nHost: app\r\n\r\n");
  await client.until("\r\n\r\n");
  // Many turns for others, in which an unbounded sender would have filled memory.
  for (let i = 0; i < 200; i++) assert.equal(await (await fetch(gateway.url)).text(), "ok");
  const pulledThen = pulled;
  for (let i = 0; i < 200; i++) assert.equal(await (await fetch(gateway.url)).text(), "ok");
  assert.equal(pulled, pulledThen, "it stands still");
  assert.ok(pulled < 64 * 1024 * 1024, `${pulled} bytes: what sockets and windows hold, and no more`);
});

Deno.test("a wrong token rejects `finished` with what the gateway said", async () => {
  const runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: "wrong",
    handler: { fetch: () => new Response() },
  });
  await assert.rejects(runner.finished, { name: "LinkRefusedError", status: 401, final: true });
});
