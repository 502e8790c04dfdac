import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Socket } from "node:net";
import WebSocket from "ws";
import { Runner, type RunnerHandler, type TunnelSocketHandlers } from "../../lib/runner/mod.ts";
import "../support/overwrite_reads.ts";
import { bounded } from "../support/bounded.ts";
import { type RunningGateway, startGateway, testToken } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";

let gateway: RunningGateway;

Deno.test.beforeAll(async () => {
  gateway = await startGateway();
});

Deno.test.afterAll(async () => await gateway[Symbol.asyncDispose]());

/** A runner in this program that serves WebSockets with `websocket`, connected. */
async function serving(
  websocket: RunnerHandler["websocket"],
  onError: (error: unknown) => void = () => {},
): Promise<Runner> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const runner = Runner.start({
    gatewayUrl: new URL(gateway.wsUrl),
    token: testToken,
    handler: { fetch: () => new Response("plain"), websocket },
    onError,
    onState: (state) => state.state === "connected" && resolve(),
  });
  await promise;
  return runner;
}

async function connect(path = "/", protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(gateway.wsUrl + path, protocols);
  await once(socket, "open");
  return socket;
}

/** The connection under a WebSocket, which is no part of its interface. */
function socketOf(client: WebSocket): Socket {
  return (client as unknown as { _socket: Socket })._socket;
}

const echo: TunnelSocketHandlers = { message: async (socket, data) => await socket.send(data) };

/** That another WebSocket's handler, an {@link echo}, goes on, and over the same link. */
async function isUnharmed(other: WebSocket, runner: Runner): Promise<void> {
  other.send("still here");
  assert.equal((await once(other, "message"))[0].toString(), "still here");
  assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
  other.close();
  await once(other, "close");
}

Deno.test("a handler gets text as a string and binary as bytes, and sends them back as such", async () => {
  await using _runner = await serving(() => echo);
  const socket = await connect();
  for (
    const data of ["", "text \u20ac", Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(1_000_000, 7)]
  ) {
    socket.send(data);
    const [received, binary] = await once(socket, "message");
    assert.equal(binary, typeof data !== "string");
    assert.ok(Buffer.from(data).equals(received));
  }
  socket.close();
  await once(socket, "close");
});

Deno.test("a handler sees the upgrade request and chooses the subprotocol", async () => {
  const asked = Promise.withResolvers<Request>();
  await using _runner = await serving((request) => {
    asked.resolve(request);
    return { ...echo, protocol: "chat.v2" };
  });
  const socket = await connect("/room?id=7", ["chat.v1", "chat.v2"]);
  assert.equal(socket.protocol, "chat.v2");
  const request = await asked.promise;
  assert.equal(new URL(request.url).pathname + new URL(request.url).search, "/room?id=7");
  assert.equal(request.headers.get("sec-websocket-protocol"), "chat.v1,chat.v2");
  socket.close();
  await once(socket, "close");
});

Deno.test("a handler that answers with a response refuses the WebSocket with it", async () => {
  await using _runner = await serving(() =>
    new Response("members only", { status: 403, headers: { "x-why": "7" } })
  );
  const [, response] = await once(new WebSocket(gateway.wsUrl), "unexpected-response");
  assert.equal(response.statusCode, 403);
  assert.equal(response.headers["x-why"], "7");
  const [body] = await once(response, "data");
  assert.equal(body.toString(), "members only");
});

Deno.test("a program without a WebSocket handler refuses with 501", async () => {
  await using _runner = await serving(undefined);
  const [, response] = await once(new WebSocket(gateway.wsUrl), "unexpected-response");
  assert.equal(response.statusCode, 501);
  response.resume();
  await once(response, "end");
});

Deno.test("close codes and reasons pass both ways", async () => {
  const closed = Promise.withResolvers<[number, string]>();
  await using _runner = await serving(() => ({
    message: (socket) => socket.close(4001, "enough"),
    close: (_socket, code, reason) => closed.resolve([code, reason]),
  }));
  const told = await connect();
  told.send("go");
  const [code, reason] = await once(told, "close");
  assert.deepEqual([code, reason.toString()], [4001, "enough"]);
  const telling = await connect();
  telling.close(4002, "bye");
  assert.deepEqual(await closed.promise, [4002, "bye"]);
  assert.equal((await once(telling, "close"))[0], 4002);
});

Deno.test("a client that breaks off is told to the handler as 1006, and aborts the request's signal", async () => {
  const closed = Promise.withResolvers<number>();
  const aborted = Promise.withResolvers<void>();
  await using _runner = await serving((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    return { close: (_socket, code) => closed.resolve(code) };
  });
  (await connect()).terminate();
  assert.equal(await closed.promise, 1006);
  await aborted.promise;
  await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
});

Deno.test("a close handler that throws costs no link, nor any other WebSocket", async () => {
  const closed = Promise.withResolvers<void>();
  const throws = () => {
    closed.resolve();
    throw new Error("a fault");
  };
  await using runner = await serving(({ url }) => url.endsWith("/bad") ? { close: throws } : echo);
  const good = await connect();
  (await connect("/bad")).terminate();
  await closed.promise;
  await isUnharmed(good, runner);
});

for (
  const [what, handlers] of Object.entries<(fault: () => Promise<void>) => TunnelSocketHandlers>({
    "an open": (open) => ({ open }),
    "a message": (message) => ({ message }),
    "a close": (close) => ({ close }),
  })
) {
  Deno.test(`what ${what} handler rejects with is told to the program, and ends nothing but its WebSocket`, async () => {
    const told = Promise.withResolvers<unknown>();
    const fault = new Error("a fault");
    const bad = handlers(async () => {
      await Promise.resolve();
      throw fault;
    });
    await using runner = await serving(({ url }) => url.endsWith("/bad") ? bad : echo, told.resolve);
    const good = await connect();
    const client = await connect("/bad");
    client.send("go");
    client.close();
    assert.equal(await bounded(told.promise, "the fault"), fault);
    await isUnharmed(good, runner);
  });
}

for (
  const [how, end] of Object.entries<(client: WebSocket) => void>({
    // As it is: `close` of the library would begin to read again.
    closes: (client) => socketOf(client).write(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)),
    "breaks off": (client) => client.terminate(),
    "makes the handler fail": (client) => client.send("go"),
  })
) {
  Deno.test(`a handler that waits to send goes on when its client ${how}`, async () => {
    const full = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    await using _runner = await serving(() => ({
      message: () => {
        throw new Error("a fault");
      },
      open: async (socket) => {
        let sent = false;
        while (socket.open) {
          sent = false;
          const sending = socket.send(new Uint8Array(60_000)).then(() => sent = true);
          // One that takes as long as that waits for credit.
          setTimeout(() => sent || full.resolve(), 200);
          await sending;
        }
        over.resolve();
      },
    }));
    const client = await connect();
    client.pause();
    await full.promise;
    end(client);
    await bounded(over.promise, "the handler to stop sending");
    client.terminate();
    await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
  });
}

Deno.test("every send resolves once more may be sent, however many wait", async () => {
  const sent = Promise.withResolvers<void>();
  await using _runner = await serving(() => ({
    open: async (socket) => {
      await Promise.all([socket.send(new Uint8Array(1_000_000)), socket.send("two"), socket.send("three")]);
      sent.resolve();
    },
  }));
  const client = await connect();
  await bounded(sent.promise, "three sends");
  client.close();
  await once(client, "close");
});

Deno.test("a program that has closed its WebSocket is not told that it was closed", async () => {
  let told = 0;
  const closing = Promise.withResolvers<void>();
  const runner = await serving(() => ({
    open: (socket) => {
      socket.close();
      closing.resolve();
    },
    close: () => void told++,
  }));
  const client = new WebSocket(gateway.wsUrl);
  client.on("error", () => {});
  const closed = once(client, "close");
  await closing.promise;
  // Before the client can have answered.
  await runner.close();
  await closed;
  assert.equal(told, 0);
});

Deno.test("an acceptance that no gateway would take makes an HTTP error, and costs no link", async () => {
  await using runner = await serving(() => ({ ...echo, protocol: "x".repeat(70_000) }));
  const [, response] = await once(new WebSocket(gateway.wsUrl), "unexpected-response");
  assert.ok(response.statusCode >= 500, `${response.statusCode}`);
  response.resume();
  await once(response, "end");
  assert.deepEqual(runner.links().map(({ linkCount }) => linkCount), [1]);
});

Deno.test("why a WebSocket handler failed is not shown to its client", async () => {
  const fault = () => {
    throw new Error("the database password is hunter2");
  };
  await using _runner = await serving(({ url }) => url.endsWith("/open") ? { message: fault } : fault());
  const open = await connect("/open");
  open.send("go");
  const [code, reason] = await once(open, "close");
  assert.equal(code, 1011);
  assert.doesNotMatch(reason.toString(), /hunter2/);
  const [, response] = await once(new WebSocket(gateway.wsUrl), "unexpected-response");
  let body = "";
  for await (const piece of response) body += piece;
  assert.doesNotMatch(body, /hunter2/);
});

for (
  const [what, message] of Object.entries<TunnelSocketHandlers["message"]>({
    throws: () => {
      throw new Error("a fault");
    },
    rejects: () => Promise.reject(new Error("a fault")),
  })
) {
  Deno.test(`a message handler that ${what} closes its WebSocket with 1011, and no other`, async () => {
    await using runner = await serving((request) => request.url.endsWith("/bad") ? { message } : echo);
    const good = await connect();
    const bad = await connect("/bad");
    bad.send("go");
    assert.equal((await once(bad, "close"))[0], 1011);
    await isUnharmed(good, runner);
  });
}

Deno.test("a WebSocket handler that throws before it accepts makes an HTTP error, not an open socket", async () => {
  await using _runner = await serving(() => {
    throw new Error("a fault");
  });
  const [, response] = await once(new WebSocket(gateway.wsUrl), "unexpected-response");
  assert.ok(response.statusCode >= 500, `${response.statusCode}`);
  response.resume();
  await once(response, "end");
});

Deno.test("messages are handled one after another, in order", async () => {
  const log: string[] = [];
  const done = Promise.withResolvers<void>();
  await using _runner = await serving(() => ({
    message: async (_socket, data) => {
      log.push(`begin ${data}`);
      // A turn of the event loop in which a second message would begin, were it not held back.
      await new Promise((resolve) => setTimeout(resolve, 0));
      log.push(`end ${data}`);
      if (data === "3") done.resolve();
    },
  }));
  const socket = await connect();
  for (const text of ["1", "2", "3"]) socket.send(text);
  await done.promise;
  assert.deepEqual(log, ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
  socket.close();
  await once(socket, "close");
});

Deno.test("a message is given again to the next program when the first left before it was done with it", async () => {
  const given: string[] = [];
  const stuck = Promise.withResolvers<void>();
  const first = await serving(() => ({
    message: (_socket, data) => {
      given.push(`first: ${data}`);
      if (data === "done with") return;
      stuck.resolve();
      return new Promise(() => {});
    },
  }));
  const socket = await connect();
  socket.send("done with");
  // The acknowledgement is back when the gateway holds nothing for the runner any more.
  await eventually(() => given.length, (count) => count === 1);
  await eventually(() => healthOf(gateway), ({ bufferedBytes }) => bufferedBytes === 0);
  socket.send("half done");
  await stuck.promise;
  await first.close();
  const again = Promise.withResolvers<void>();
  await using _second = await serving(() => ({
    message: (_socket, data) => {
      given.push(`second: ${data}`);
      if (data === "next") again.resolve();
    },
  }));
  socket.send("next");
  await again.promise;
  assert.deepEqual(given, ["first: done with", "first: half done", "second: half done", "second: next"]);
  socket.close();
  await once(socket, "close");
});

Deno.test("an unhandled message holds its sender back rather than filling memory", async () => {
  await using _runner = await serving(() => ({ message: () => new Promise(() => {}) }));
  const socket = await connect();
  const piece = Buffer.alloc(64 * 1024);
  const sent = 64 * 1024 * 1024;
  for (let i = 0; i < sent / piece.length; i++) socket.send(piece);
  // Another client's round trips: time enough for a flood that is not held back to pass.
  for (let i = 0; i < 100; i++) assert.equal(await (await fetch(gateway.url)).text(), "plain");
  assert.ok(
    socket.bufferedAmount > sent / 2,
    `${socket.bufferedAmount} of ${sent} bytes wait with their sender`,
  );
  const { bufferedBytes } = await healthOf(gateway);
  assert.ok(bufferedBytes <= 2 * 1024 * 1024, `the gateway holds ${bufferedBytes} bytes`);
  socket.terminate();
});
