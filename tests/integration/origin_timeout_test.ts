import assert from "node:assert/strict";
import { startGateway, startRunner } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

/** A server that accepts connections and never reads from them, nor writes. */
function deafServer(): { url: string } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  void (async () => {
    for await (const conn of listener) accepted.push(conn);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of accepted) conn.close();
    },
  };
}

Deno.test("an origin that does not answer a WebSocket's handshake in time gets its client 504 origin_timeout", async () => {
  using origin = deafServer();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, origin.url, ["--origin-timeout", "300ms"]);
  await assert.rejects(WsClient.open(gateway.wsUrl), (error) => {
    assert.ok(error instanceof UpgradeRefusedError);
    assert.equal(error.status, 504);
    assert.equal(error.headers["x-tunnel-error"], "origin_timeout");
    assert.match(JSON.parse(error.body).message, /did not answer the WebSocket handshake within 0\.3 s/);
    return true;
  });
  await eventually(() => healthOf(gateway), ({ streams }) => streams === 0);
});

Deno.test("an origin that takes no more of an upload for that long gets its client 504 origin_timeout", async () => {
  using origin = deafServer();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, origin.url, ["--origin-timeout", "300ms"]);
  const response = await fetch(gateway.url, { method: "POST", body: new Uint8Array(64 * 1024 * 1024) });
  assert.equal(response.status, 504);
  assert.equal(response.headers.get("x-tunnel-error"), "origin_timeout");
  assert.match((await response.json()).message, /took no more of the request within 0\.3 s/);
  await eventually(
    () => healthOf(gateway),
    ({ streams, bufferedBytes }) => streams === 0 && bufferedBytes === 0,
  );
});

Deno.test("a client that leaves in the middle of an upload nobody reads is gone after that time, too", async () => {
  using origin = deafServer();
  await using gateway = await startGateway();
  await using _runner = await startRunner(gateway.wsUrl, origin.url, ["--origin-timeout", "300ms"]);
  const leaving = new AbortController();
  const upload = fetch(gateway.url, {
    method: "POST",
    body: new Uint8Array(64 * 1024 * 1024),
    signal: leaving.signal,
  });
  await eventually(() => healthOf(gateway), ({ bufferedBytes }) => bufferedBytes > 0);
  leaving.abort();
  await assert.rejects(upload);
  await eventually(
    () => healthOf(gateway),
    ({ streams, bufferedBytes }) => streams === 0 && bufferedBytes === 0,
  );
});

Deno.test("a runner that stood still while its origin answered in time passes the answer on", async () => {
  const timeoutMs = 300;
  const asked: ((conn: Deno.Conn) => void)[] = [];
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const conn of listener) asked.shift()!(conn);
  })();
  await using gateway = await startGateway();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  // Other timers that are overdue, and sockets that take a turn longer to be read: the answer is not the first thing that is seen.
  const more = ["--ping-interval", "200ms", "--ping-timeout", "20s", "--native-sockets", "off"];
  await using runner = await startRunner(gateway.wsUrl, url, ["--origin-timeout", `${timeoutMs}ms`, ...more]);
  // What is seen first is not the same each time.
  for (let round = 0; round < 4; round++) {
    const connected = new Promise<Deno.Conn>((resolve) => asked.push(resolve));
    const answer = fetch(gateway.url);
    using conn = await connected;
    // It has been asked: the runner waits for the answer from now on.
    await conn.read(new Uint8Array(4096));
    runner.signal("SIGSTOP");
    const head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\n";
    await conn.write(new TextEncoder().encode(`${head}in time`));
    // So long that every timer of the runner is far overdue.
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1_200));
    runner.signal("SIGCONT");
    const response = await answer;
    assert.deepEqual([response.status, await response.text()], [200, "in time"]);
  }
});
