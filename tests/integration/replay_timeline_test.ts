import assert from "node:assert/strict";
import { join } from "node:path";
import { startGateway, startRawWsOrigin, startRunner, tunnel } from "../support/processes.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { timelineJson } from "../support/replay_schemas.ts";
import { WsClient } from "../support/ws_client.ts";
import { replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";

interface Row {
  id: string;
  kind: string;
  method: string;
  target: string;
  status: number | null;
  requestBytes: number;
  responseBytes: number;
  messagesFromClient: number;
  messagesFromOrigin: number;
  close: { code: number } | null;
  linkChanges: number;
  collected: string | null;
}

/** A WebSocket that outlives a link, and a request that the origin refuses, as the runner captured them. */
async function captured(directory: string): Promise<string> {
  const file = join(directory, "runner.tunnelcap");
  await using origin = await startRawWsOrigin();
  await using gateway = await startGateway();
  await using proxy = await FaultProxy.start(gateway.port);
  await using runner = await startRunner(proxy.wsUrl, origin.url, ["--capture", file]);
  const client = await WsClient.open(`${gateway.wsUrl}/echo?secret=1`);
  await client.send("one");
  assert.equal(await client.nextText(), "one");
  proxy.cut();
  await proxy.accepted(2);
  await client.send("three");
  assert.equal(await client.nextText(), "three");
  await client.close(4001, "done");
  const response = await fetch(`${gateway.url}/api/items`, { method: "POST", body: "12345" });
  await response.arrayBuffer();
  await stopAndWait(runner);
  return file;
}

Deno.test("a timeline has a row a stream, a summary and a plot; frames, streams, paths and times can be picked", async () => {
  await using directory = await temporaryDirectory();
  const file = await captured(directory.path);

  const document = await timelineJson(file);
  const rows: Row[] = document.streams;
  assert.deepEqual(rows.map((row) => row.target), ["/echo?secret=1", "/api/items"]);
  const [socket, request] = rows;
  assert.deepEqual(
    [socket.kind, socket.status, socket.messagesFromClient, socket.messagesFromOrigin, socket.close?.code],
    ["websocket", 101, 2, 2, 4001],
  );
  assert.deepEqual([socket.requestBytes, socket.responseBytes, socket.linkChanges], [8, 8, 1]);
  assert.deepEqual([request.method, request.requestBytes, request.linkChanges], ["POST", 5, 0]);
  assert.equal(socket.collected, "finished");
  assert.deepEqual([document.summary.links.count, document.summary.links.resumed], [2, 1]);
  assert.ok(document.summary.rtt.count >= 1);
  assert.equal(document.damage, null);

  const text = await replay([file]);
  assert.equal(text.code, 0);
  assert.match(text.stdout, /captured by the runner \(tunnel\/[^)]+, protocol 1\), part 1/);
  assert.match(text.stdout, new RegExp(`101 .*2/2 +4001 +1→2 ×1 +${socket.id} +/echo\\n`));
  assert.match(text.stdout, /link 2 .*carried on 1 streams/);
  assert.match(text.stdout, /ms └─+\n/);

  const frames = await replay([file, "--frames", "--stream", request.id]);
  assert.match(
    frames.stdout,
    new RegExp(`← request-start +${request.id}:0 POST /api/items, \\d+ headers, body follows`),
  );
  assert.match(frames.stdout, new RegExp(`← body-chunk +${request.id}:1 5 bytes`));
  assert.doesNotMatch(frames.stdout, /ping|hello|ws-/);

  const picked = await timelineJson(file, ["--path", "/api/*"]);
  assert.deepEqual(picked.streams.map((row: Row) => row.id), [request.id]);
  const none = await timelineJson(file, ["--since", "1h"]);
  assert.deepEqual(none.streams, []);
  const before = await timelineJson(file, ["--until", "2000-01-01T00:00:00Z"]);
  assert.deepEqual(before.streams, []);
});

Deno.test("a capture that is cut off is shown up to there, named, and exits 1", async () => {
  await using directory = await temporaryDirectory();
  const file = await captured(directory.path);
  const bytes = Deno.readFileSync(file);
  Deno.writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  const { code, stdout } = await replay([file]);
  assert.equal(code, 1);
  assert.match(stdout, /\/api\/items\n/);
  assert.match(stdout, /DAMAGED +the file ends in the middle of a record \(record \d+ at offset \d+\)/);
});

Deno.test("what cannot be read, and what is no capture, is said in one line", async () => {
  const missing = await replay(["no-such-file.tunnelcap"]);
  assert.deepEqual([missing.code, missing.stdout], [2, ""]);
  assert.match(
    missing.stderr,
    /^error: cannot read the capture no-such-file\.tunnelcap: there is no such file\n$/,
  );
  const other = await replay(["deno.json", "--check"]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^error: deno\.json: this is not a capture: .*offset 0\)\n$/);
  const bad = await replay(["deno.json", "--since", "yesterday"]);
  assert.equal(bad.code, 2);
});

Deno.test("an interrupt ends a long reading with what was read so far", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "long.tunnelcap");
  const bytes = Deno.readFileSync(await captured(directory.path));
  const output = Deno.openSync(file, { create: true, write: true });
  // Captures may be joined: the same one many times makes a long one.
  for (let i = 0; i < 20_000; i++) output.writeSync(bytes);
  output.close();
  await using process = tunnel(["replay", file, "--frames"]);
  await process.line(/request-start/);
  process.signal("SIGINT");
  const { code } = await process.status();
  assert.equal(code, 130);
  assert.match(process.stdout, /INTERRUPTED +at offset \d+/);
  assert.match(process.stdout, /streams +\d+/);
});
