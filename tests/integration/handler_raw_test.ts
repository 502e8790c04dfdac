import assert from "node:assert/strict";
import { type RawHandler, type RawRequest, Runner } from "../../lib/runner/mod.ts";
import "../support/overwrite_reads.ts";
import { api, Scrape, withAdmin } from "../support/admin.ts";
import { bounded } from "../support/bounded.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { type RunningGateway, startGateway, testToken } from "../support/processes.ts";
import { field, RawHttpClient, textOf } from "../support/raw_http.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

let gateway: RunningGateway;

Deno.test.beforeAll(async () => {
  gateway = await startGateway();
});

Deno.test.afterAll(async () => await gateway[Symbol.asyncDispose]());

/** A runner in this program that serves with `handler`, connected. */
async function serving(handler: Partial<RawHandler>): Promise<Runner> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const refuse = () => ({ status: 501, reason: "", headers: [], body: null });
  const runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: testToken,
    rawHandler: { http: refuse, websocket: refuse, ...handler },
    onState: (state) => state.state === "connected" && resolve(),
  });
  await promise;
  return runner;
}

const upgradeRequest = "GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

const bodyOf = (text: string) => new Blob([text]).stream();

Deno.test("a raw handler sees target and fields as the client wrote them", async () => {
  let asked: RawRequest | null = null;
  await using _runner = await serving({
    http: (request) => {
      asked = request;
      return { status: 200, reason: "OK", headers: ["content-length", "0"], body: null };
    },
  });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET /a/../b//%7e?x=%zz HTTP/1.1\r\nhOSt: app\r\nX-B: 1\r\nx-a: 2\r\nX-B: \xe4\r\n\r\n");
  await client.response();
  const { method, target, headers, body } = asked!;
  assert.deepEqual([method, target, body], ["GET", "/a/../b//%7e?x=%zz", null]);
  // The client sends UTF-8, and fields are bytes.
  assert.deepEqual(headers.slice(0, 8), ["hOSt", "app", "X-B", "1", "x-a", "2", "X-B", "\xc3\xa4"]);
});

Deno.test("a raw handler's body that fails because its client has left harms nobody", async () => {
  const unhandled: unknown[] = [];
  const keep = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", keep);
  const failed = Promise.withResolvers<void>();
  await using _runner = await serving({
    http: ({ signal }) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          signal.addEventListener("abort", () => {
            controller.error(signal.reason);
            failed.resolve();
          });
          controller.enqueue(new TextEncoder().encode("begun"));
        },
      });
      return { status: 200, reason: "OK", headers: [], body };
    },
  });
  {
    using client = await RawHttpClient.connect(gateway.port);
    await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    await client.until("begun");
  }
  await bounded(failed.promise, "the body's failure");
  // Rejections are told a turn later.
  await new Promise((resolve) => setTimeout(resolve, 0));
  removeEventListener("unhandledrejection", keep);
  assert.deepEqual(unhandled, []);
});

Deno.test("what a raw handler answers goes out as it is: reason, spelling and order of fields, trailers", async () => {
  await using _runner = await serving({
    http: () => ({
      status: 299,
      reason: "Quite \xe4 lot",
      headers: ["X-Zed", "1", "ETag", '"a"', "X-Zed", "2", "set-COOKIE", "a=1"],
      body: bodyOf("body"),
      trailers: () => ["X-Sum", "42"],
    }),
  });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\nTE: trailers\r\n\r\n");
  const response = await client.response();
  assert.deepEqual([response.status, response.reason, textOf(response)], [299, "Quite \xe4 lot", "body"]);
  assert.deepEqual(response.headers.slice(0, 8), [
    ...["X-Zed", "1", "ETag", '"a"', "X-Zed", "2", "set-COOKIE", "a=1"],
  ]);
  assert.deepEqual(response.trailers, ["X-Sum", "42"]);
});

Deno.test("a raw handler answers HEAD and 304 with the length of what it does not send", async () => {
  await using _runner = await serving({
    http: ({ method }) => ({
      status: method === "HEAD" ? 200 : 304,
      reason: "",
      headers: ["Content-Length", "1234"],
      body: null,
    }),
  });
  using client = await RawHttpClient.connect(gateway.port);
  for (const method of ["HEAD", "GET"]) {
    await client.send(`${method} / HTTP/1.1\r\nHost: app\r\n\r\n`);
    const response = await client.response(method);
    assert.deepEqual(response.headers.slice(0, 2), ["Content-Length", "1234"]);
  }
});

Deno.test("a body that no client may be sent is cancelled, and holds up no further request", async () => {
  for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 304]] as const) {
    const cancelled = Promise.withResolvers<void>();
    // It never ends: whoever waits for that waits for ever.
    const body = () => new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
    await using _runner = await serving({
      http: ({ target }) => ({ status, reason: "", headers: ["X-Path", target], body: body() }),
    });
    using client = await RawHttpClient.connect(gateway.port);
    for (const path of ["/first", "/second"]) {
      await client.send(`${method} ${path} HTTP/1.1\r\nHost: app\r\n\r\n`);
      assert.equal(field(await client.response(method), "x-path"), path);
    }
    await bounded(cancelled.promise, "the body to be cancelled");
  }
});

Deno.test("a body that fails breaks the response off, so that it does not look whole", async () => {
  await using _runner = await serving({
    http: () => ({
      status: 200,
      reason: "OK",
      headers: [],
      body: new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("begin")),
        pull: () => Promise.reject(new Error("the source is gone")),
      }),
    }),
  });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  const response = await client.response();
  assert.equal(response.complete, false);
});

Deno.test("a raw answer that no gateway would take makes a plain 500, its body is cancelled, and no link is lost", async () => {
  const wrong = [
    { status: 42, headers: [] },
    { status: 200.5, headers: [] },
    { status: 200, headers: ["X-Odd"] },
  ];
  for (const head of wrong) {
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
    await using runner = await serving({ http: () => ({ reason: "", ...head, body }) });
    using client = await RawHttpClient.connect(gateway.port);
    await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal((await client.response()).status, 500);
    await bounded(cancelled.promise, "the body to be cancelled");
    assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
  }
});

Deno.test("trailers that no gateway would take break the response off, and cost no link", async () => {
  await using runner = await serving({
    http: () => ({
      ...{ status: 200, reason: "", headers: [], body: bodyOf("body") },
      trailers: () => ["X-Long", "x".repeat(70_000)],
    }),
  });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal((await client.response()).complete, false);
  assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
});

Deno.test("a raw handler accepts a WebSocket with its own fields, and may close as an origin may", async () => {
  for (const [code, seen] of [[1011, 1011], [1001, 1001], [1005, 1005], [1006, 1006], [4000, 4000]]) {
    await using _runner = await serving({
      websocket: () => ({
        headers: ["X-Room", "7", "Sec-WebSocket-Protocol", "v2"],
        handlers: { message: (socket) => socket.close(code) },
      }),
    });
    const client = await WsClient.open(`${gateway.wsUrl}/room`, { protocols: ["v1", "v2"] });
    assert.deepEqual([client.headers["x-room"], client.socket.protocol], ["7", "v2"]);
    await client.send("bye");
    assert.equal((await client.ended()).code, seen);
  }
});

Deno.test("a close code that no frame may carry is refused where it is asked for", async () => {
  const thrown = Promise.withResolvers<unknown>();
  await using _runner = await serving({
    websocket: () => ({
      headers: [],
      handlers: {
        open: (socket) => {
          try {
            socket.close(1015);
          } catch (error) {
            thrown.resolve(error);
          }
          socket.close();
        },
      },
    }),
  });
  const client = await WsClient.open(gateway.wsUrl);
  assert.equal((await client.ended()).code, 1000);
  assert.ok(await thrown.promise instanceof RangeError);
});

Deno.test("a raw handler refuses a WebSocket with a response of its own", async () => {
  await using _runner = await serving({
    websocket: () => ({ status: 403, reason: "No", headers: ["X-Why", "7"], body: bodyOf("members only") }),
  });
  const error = await WsClient.open(gateway.wsUrl).then(() => null, (error) => error);
  assert.ok(error instanceof UpgradeRefusedError);
  assert.deepEqual([error.status, error.headers["x-why"], error.body], [403, "7", "members only"]);
});

Deno.test("a refusal's body that no client may be sent is cancelled, and the connection ends", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
  await using _runner = await serving({ websocket: () => ({ status: 204, reason: "", headers: [], body }) });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send(upgradeRequest);
  assert.equal((await client.response()).status, 204);
  assert.equal((await client.rest()).length, 0);
  await bounded(cancelled.promise, "the body to be cancelled");
});

Deno.test("a body of anything but bytes is cancelled, and breaks the response off", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<unknown>({
    start: (controller) => controller.enqueue("text"),
    cancel: () => cancelled.resolve(),
  });
  await using _runner = await serving({
    http: () => ({ status: 200, reason: "", headers: [], body: body as ReadableStream<Uint8Array> }),
  });
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal((await client.response()).complete, false);
  await bounded(cancelled.promise, "the body to be cancelled");
});

Deno.test("the body of a refusal that cannot be sent, or that comes too late, is cancelled", async () => {
  for (const [status, late] of [[42, false], [403, true]] as const) {
    const asked = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
    await using _runner = await serving({
      websocket: async ({ signal }) => {
        asked.resolve();
        if (late) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { status, reason: "", headers: [], body };
      },
    });
    using client = await RawHttpClient.connect(gateway.port);
    await client.send(upgradeRequest);
    await asked.promise;
    if (late) client[Symbol.dispose]();
    await bounded(cancelled.promise, "the body to be cancelled");
  }
});

Deno.test("what onState throws goes to onError, and the runner goes on", async () => {
  const errors: unknown[] = [];
  const told = Promise.withResolvers<void>();
  const thrown = new Error("the program's own");
  const refuse = () => ({ status: 501, reason: "", headers: [], body: null });
  await using runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: testToken,
    rawHandler: { http: refuse, websocket: refuse },
    onState: () => {
      throw thrown;
    },
    onError: (error) => {
      errors.push(error);
      told.resolve();
    },
  });
  await told.promise;
  using client = await RawHttpClient.connect(gateway.port);
  await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  assert.equal((await client.response()).status, 501);
  assert.deepEqual(errors, [thrown]);
  assert.equal(runner.links().length, 1);
});

Deno.test("a client that has counted all of its response and leaves before its end is told of has not broken off", async () => {
  await using admitted = await startGateway(withAdmin);
  const connected = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("hello")),
    async pull(controller) {
      await left.promise;
      controller.close();
      ended.resolve();
    },
  }, { highWaterMark: 0 });
  await using _runner = Runner.start({
    gatewayUrl: new URL(admitted.wsUrl),
    token: testToken,
    rawHandler: {
      http: () => ({ status: 200, reason: "OK", headers: ["content-length", "5"], body }),
      websocket: () => ({ status: 501, reason: "", headers: [], body: null }),
    },
    onState: ({ state }) => state === "connected" && connected.resolve(),
  });
  await connected.promise;
  {
    using client = await RawHttpClient.connect(admitted.port);
    await client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
    assert.equal(textOf(await client.response()), "hello");
  }
  interface Requests {
    requests: { state: string; problem: string | null }[];
  }
  const { body: { requests: [request] } } = await eventually(
    () => api<Requests>(admitted.process, "requests"),
    ({ body }) => body.requests[0]?.state === "done",
  );
  assert.equal(request.problem, null);
  left.resolve();
  await ended.promise;
  await eventually(() => healthOf(admitted), ({ streams }) => streams === 0);
  const scrape = await Scrape.of(admitted.process);
  assert.equal(scrape.value("tunnel_streams_collected_total", { reason: "finished" }), 1);
});
