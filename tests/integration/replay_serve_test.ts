import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type ChildProcess,
  startDenoOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
  testToken,
  tunnel,
} from "../support/processes.ts";
import { captureFiles, replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";
import { field, RawHttpClient, type RawResponse, textOf } from "../support/raw_http.ts";
import { UpgradeRefusedError, WsClient } from "../support/ws_client.ts";

/** `tunnel replay FILE --serve` as the runner of a gateway, connected. */
async function serving(gatewayUrl: string, file: string, args: string[] = []): Promise<ChildProcess> {
  const process = tunnel([
    "replay",
    file,
    "--serve",
    "--gateway-url",
    gatewayUrl,
    "--token",
    testToken,
    ...args,
  ]);
  try {
    await process.line(/is connected to .* and answers from /);
    return process;
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Sends requests one after another over one connection. */
async function ask(port: number, requests: string[]): Promise<RawResponse[]> {
  using client = await RawHttpClient.connect(port);
  const responses: RawResponse[] = [];
  for (const request of requests) {
    const [head, body = ""] = request.split("\n\n");
    const length = body === "" ? "" : `Content-Length: ${new TextEncoder().encode(body).length}\r\n`;
    const [line, ...fields] = head.split("\n");
    await client.send(
      `${line} HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\n${
        fields.map((f) => `${f}\r\n`).join("")
      }${length}\r\n${body}`,
    );
    responses.push(await client.response(line.split(" ")[0]));
  }
  return responses;
}

const requests = [
  "POST /echo?x=1&y=%zz\nContent-Type: text/plain\n\nquestion",
  "GET /a/../b//%7e",
  "HEAD /bytes?n=1234",
  "GET /bytes?n=200000",
  "GET /bytes?n=200000&chunked",
  "GET /cookies",
  "GET /trailers",
  "GET /status?code=204",
  "GET /status?code=304",
  "GET /status?code=599",
];

Deno.test("a real client gets through a real gateway what the origin had answered, byte for byte, from a capture and from its HAR", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.tunnelcap");
  const har = join(directory.path, "run.har");
  await using gateway = await startGateway();
  let recorded: RawResponse[];
  {
    await using origin = await startNodeOrigin();
    await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file, "--capture-raw"]);
    recorded = await ask(gateway.port, requests);
    await stopAndWait(runner);
  }
  assert.ok(recorded.every(({ complete }) => complete));
  assert.equal((await replay([file, "--har", har])).code, 0);
  for (const source of [file, har]) {
    await using process = await serving(gateway.wsUrl, source, ["--speed", "max", "--match", "strict"]);
    assert.deepEqual(await ask(gateway.port, requests), recorded, source);
    await stopAndWait(process);
    assert.match(
      process.stdout,
      /\nanswers 10 recorded requests and 0 WebSockets, without waiting, with strict matching\n/,
    );
    assert.match(
      process.stdout,
      /\nserved 10 requests and 0 WebSockets\nnever asked for: 0 of 10 recorded\n$/,
    );
  }
});

Deno.test("what was not recorded gets 501 with the nearest named, and the summary tells of it; SIGINT ends with 130", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.tunnelcap");
  await using gateway = await startGateway();
  {
    await using origin = await startNodeOrigin();
    await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file]);
    await ask(gateway.port, ["GET /bytes?n=1", "GET /bytes?n=2", "GET /name"]);
    await stopAndWait(runner);
  }
  await using process = await serving(gateway.wsUrl, file, [
    "--match",
    "strict",
    "--speed",
    "max",
    "--name",
    "default",
  ]);
  const [first, again, other] = await ask(gateway.port, [
    "GET /bytes?n=2",
    "GET /bytes?n=2",
    "GET /bytes?n=3",
  ]);
  assert.deepEqual([first.status, first.body.length], [200, 2]);
  assert.deepEqual([again.status, field(again, "x-tunnel-error")], [501, "used_up"]);
  assert.equal(JSON.parse(textOf(again)).error, "used_up");
  assert.deepEqual([other.status, field(other, "x-tunnel-nearest")], [501, "GET /bytes?n=1"]);
  const { error, message, nearest } = JSON.parse(textOf(other));
  assert.deepEqual([error, message], [
    "not_recorded",
    "GET /bytes?n=3 was not recorded. The nearest that was is GET /bytes?n=1.",
  ]);
  assert.deepEqual([nearest.method, nearest.target, nearest.status], ["GET", "/bytes?n=1", 200]);
  process.signal("SIGINT");
  assert.equal((await process.status()).code, 130);
  assert.match(process.stdout, /\nserved 1 request and 0 WebSockets\nREFUSED +2 with 501:\n/);
  assert.match(
    process.stdout,
    /\n {2}1 × GET \/bytes\?n=3 was not recorded\. The nearest that was is GET \/bytes\?n=1\.\n/,
  );
  assert.match(process.stdout, /\nnever asked for: 2 of 3 recorded\n$/);
  // What is logged has no queries.
  const logged =
    / warn +replay\.refused .* target=\/bytes .* reason="GET \/bytes was not recorded\. .* GET \/bytes"\n/;
  assert.match(process.stderr, logged);
  assert.doesNotMatch(process.stderr, /\?n=/);
});

Deno.test("an answer that is not whole is told of at the start and gets 501 that says why, never a short success", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.tunnelcap");
  await using gateway = await startGateway();
  {
    await using origin = await startNodeOrigin();
    await using runner = await startRunner(gateway.wsUrl, origin.url, [
      "--capture",
      file,
      "--capture-body",
      "100B",
    ]);
    await ask(gateway.port, ["GET /bytes?n=100", "GET /bytes?n=101"]);
    await stopAndWait(runner);
  }
  await using process = await serving(gateway.wsUrl, file);
  assert.match(
    process.stdout,
    /\nCANNOT BE SERVED +1, which get 501 instead:\n {2}GET \/bytes\?n=101 \([0-9a-f]{8}-\d+\): 1 bytes of its body were left out by the capture\n/,
  );
  const [whole, cut] = await ask(gateway.port, ["GET /bytes?n=100", "GET /bytes?n=101"]);
  assert.deepEqual([whole.status, whole.body.length], [200, 100]);
  assert.deepEqual([cut.status, field(cut, "x-tunnel-error")], [501, "not_whole"]);
  assert.match(
    textOf(cut),
    /was recorded, but cannot be answered: 1 bytes of its body were left out by the capture/,
  );
});

Deno.test("a WebSocket is accepted and spoken to as it was: subprotocol, messages in turn with the client's, close", async () => {
  await using directory = await temporaryDirectory();
  await using gateway = await startGateway(["--capture", directory.path]);
  const talk = async (path: string, say: string[]) => {
    const client = await WsClient.open(gateway.wsUrl + path, { protocols: ["chat.v1", "chat.v2"] });
    const heard: string[] = [];
    for (const text of say) {
      await client.send(text);
      heard.push(await client.nextText());
    }
    if (path.startsWith("/close")) return [client.socket.protocol, ...heard, (await client.ended()).code];
    return [client.socket.protocol, ...heard, (await client.close(4002)).code];
  };
  const conversations: [string, string[]][] = [["/echo", ["one", "zwei ü", ""]], [
    "/close?code=4001&reason=x",
    [],
  ]];
  const recorded: unknown[] = [];
  {
    await using origin = await startDenoOrigin("tests/support/ws_origin.ts");
    await using runner = await startRunner(gateway.wsUrl, origin.url);
    for (const [path, say] of conversations) recorded.push(await talk(path, say));
    await stopAndWait(runner);
  }
  await stopAndWait(gateway.process);
  const [file] = captureFiles(directory.path);
  await using second = await startGateway();
  await using process = await serving(second.wsUrl, file, ["--speed", "10x"]);
  const client = await WsClient.open(`${second.wsUrl}/echo`, { protocols: ["chat.v1", "chat.v2"] });
  assert.equal(client.socket.protocol, (recorded[0] as unknown[])[0]);
  await client.send("anything");
  assert.equal(await client.nextText(), "one");
  assert.equal(client.waiting, 0, "the second answer waits for the second message");
  await client.send("anything");
  await client.send("anything");
  assert.deepEqual([await client.nextText(), await client.nextText()], ["zwei ü", ""]);
  await client.close(4003);
  const closing = await WsClient.open(`${second.wsUrl}/close?code=4001&reason=x`, {
    protocols: ["chat.v1", "chat.v2"],
  });
  assert.deepEqual(await closing.ended(), { code: 4001, reason: "x" });
  const refused = await WsClient.open(`${second.wsUrl}/other`).then(() => null, (error) => error);
  assert.ok(refused instanceof UpgradeRefusedError);
  assert.equal(refused.status, 501);
  assert.equal(refused.headers["x-tunnel-nearest"], "GET /echo");
  await stopAndWait(process);
  assert.match(process.stdout, /\nserved 0 requests and 2 WebSockets\n/);
});

Deno.test("an answer takes as long as it took, and a drain lets it finish", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.har");
  const entry = {
    startedDateTime: "2026-07-30T10:22:33.123Z",
    request: { method: "GET", url: "http://app.test/slow" },
    response: { status: 200, statusText: "OK", content: { text: "slow" } },
    timings: { send: 0, wait: 400, receive: 300 },
  };
  await Deno.writeTextFile(
    file,
    JSON.stringify({ log: { creator: { name: "hand", version: "1" }, entries: [entry] } }),
  );
  await using gateway = await startGateway();
  await using process = await serving(gateway.wsUrl, file);
  assert.match(
    process.stdout,
    /run\.har: an HTTP Archive by hand 1, 1 requests, from 2026-07-30T10:22:33\.123Z on\n/,
  );
  using client = await RawHttpClient.connect(gateway.port);
  const startedAt = performance.now();
  await client.send("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n");
  await client.until("\r\n\r\n");
  const headMs = performance.now() - startedAt;
  process.signal("SIGTERM");
  const response = await client.response();
  const bodyMs = performance.now() - startedAt;
  assert.deepEqual([textOf(response), response.complete], ["slow", true]);
  // No earlier than it took; how much later is the machine's affair.
  assert.ok(headMs >= 399, `the head came after ${headMs} ms`);
  assert.ok(bodyMs >= 699, `the body came after ${bodyMs} ms`);
  assert.equal((await process.status()).code, 0);
});

Deno.test("what --serve cannot do is said in one line", async () => {
  await using directory = await temporaryDirectory();
  const har = join(directory.path, "a.har");
  const connected = ["--gateway-url", "ws://127.0.0.1:1", "--token", "t"];
  const wrong: [string, string[], number, RegExp][] = [
    ["{}", connected, 1, /^error: .*a\.har: log is missing: it must be an object\n$/],
    ["{}", [], 2, /^error: --gateway-url is missing: /],
    ["{}", connected.slice(0, 2), 2, /^error: --token is missing: /],
    [
      "{}",
      [...connected, "--speed", "fast"],
      2,
      /^error: .*'fast' is invalid\. A speed is a factor such as 1x, 10x/,
    ],
    [
      "{}",
      [...connected, "--match", "some"],
      2,
      /^error: .*'some' is invalid\. Allowed choices are loose, strict\.\n$/,
    ],
    [
      "{}",
      [...connected, "--check"],
      2,
      /^error: --check and --serve exclude each other: give one of them\n$/,
    ],
  ];
  for (const [content, args, code, line] of wrong) {
    await Deno.writeTextFile(har, content);
    const result = await replay([har, "--serve", ...args]);
    assert.deepEqual([result.code, result.stdout], [code, ""], args.join(" "));
    assert.match(result.stderr, line);
  }
  const alone = await replay([har, "--gateway-url", "ws://127.0.0.1:1"]);
  assert.deepEqual([alone.code, alone.stdout], [2, ""]);
  assert.match(alone.stderr, /^error: --gateway-url is for --serve, which makes this a runner\n$/);
  await using gateway = await startGateway();
  await Deno.writeTextFile(har, '{"log":{"entries":[]}}');
  const refused = await replay([har, "--serve", "--gateway-url", gateway.wsUrl, "--token", "wrong"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /error: .*401/);
});
