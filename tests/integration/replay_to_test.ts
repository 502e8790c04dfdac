import assert from "node:assert/strict";
import { join } from "node:path";
import { replay, temporaryDirectory } from "../support/captures.ts";
import { makeCertificates } from "../support/certificates.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import { type RunningGateway, tunnel } from "../support/processes.ts";
import { captureClients, differencesOf, replayJson, startOrigin } from "../support/replays.ts";
import { WsClient } from "../support/ws_client.ts";

async function get(gateway: RunningGateway, path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(`${gateway.url}${path}`, { redirect: "manual", ...init });
  await response.arrayBuffer();
}

const pages = "items order poem picture packed moved stable broken sums hangs-up".split(" ");

async function visit(gateway: RunningGateway): Promise<void> {
  for (const page of pages) await get(gateway, `/${page}`);
}

async function chat(gateway: RunningGateway): Promise<void> {
  const client = await WsClient.open(`${gateway.wsUrl}/chat`);
  assert.equal(await client.nextText(), "welcome");
  for (const text of ["one", "two", "three"]) {
    await client.send(text);
    await client.nextText();
  }
  await client.send(Uint8Array.of(1, 2, 3));
  await client.next();
  await client.send("bye");
  assert.equal((await client.ended()).code, 4001);
}

Deno.test("what clients did, sent again byte for byte to the same origin, is answered the same", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    await visit(gateway);
    await get(gateway, "/mirror?a=%2F&&b", {
      headers: { authorization: "Bearer 1", "x-Thing": "caf\u00e9" },
    });
    await get(gateway, "/mirror", { method: "POST", body: "12345" });
    using raw = await RawHttpClient.connect(gateway.port);
    await raw.send(
      "PUT /mirror HTTP/1.1\r\nHost: shop\r\nx-a: 1\r\nX-A: 2\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n" +
        "3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: end\r\n\r\n",
    );
    assert.equal((await raw.response()).status, 200);
    await chat(gateway);
  }, ["--capture-raw"]);
  await using origin = await startOrigin();
  const { code, exchanges, summary } = await replayJson([
    file,
    "--to",
    origin.url,
    "--unsafe",
    "--speed",
    "10x",
  ]);
  assert.deepEqual(differencesOf(exchanges), []);
  assert.deepEqual(exchanges.filter(({ result }) => result !== "same"), []);
  assert.deepEqual([code, summary.same], [0, pages.length + 4]);
  const ignored = summary.ignoredHeaders.map(({ name }) => name);
  assert.deepEqual(ignored, ["content-encoding", "content-length", "date", "etag", "x-request-id"]);
  assert.ok(summary.comparedHeaders.includes("content-type"));

  // As a HAR it is the same traffic.
  const har = join(directory.path, "run.har");
  assert.equal((await replay([file, "--har", har])).code, 0);
  const again = await replayJson([har, "--to", origin.url, "--unsafe", "--speed", "max"]);
  assert.deepEqual(differencesOf(again.exchanges), []);
  assert.deepEqual([again.code, again.summary.same], [0, pages.length + 4]);
});

Deno.test("an origin that answers otherwise differs in exactly what was changed", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    await visit(gateway);
    await chat(gateway);
  });
  await using origin = await startOrigin("changed");
  const args = [file, "--to", origin.url, "--unsafe", "--speed", "max"];
  const { code, exchanges, summary } = await replayJson(args);
  assert.deepEqual(differencesOf(exchanges), [
    ["/items", "body $.items[2].name", '"pen"', '"pencil"'],
    ["/poem", "body line 2", "are red", "are blue"],
    ["/picture", "body byte 4321", "07".repeat(16), "08" + "07".repeat(15)],
    ["/moved", "header location", "/elsewhere", "/new"],
    ["/broken", "status", "200", "500"],
    ["/sums", "trailer x-sum", "42", "43"],
    ["/hangs-up", "answer", "answered 200", "no answer: the origin closed the connection without an answer"],
    ["/chat", "message 3 $.loud", '"TWO"', '"¡TWO!"'],
    ["/chat", "close", "4001 so long", "4002 so long"],
  ]);
  assert.deepEqual([code, summary.different, summary.failed, summary.same], [1, 7, 1, 3]);

  const more = await replayJson([...args, "--path", "/stable", "--compare-header", "ETag,X-Request-Id"]);
  assert.deepEqual(differencesOf(more.exchanges).map(([, place]) => place), [
    "header etag",
    "header x-request-id",
  ]);

  const { stdout } = await replay(args);
  assert.match(
    stdout,
    /DIFFERS +GET +200 +.* \/items\n +body \$\.items\[2\]\.name\n +- "pen"\n +\+ "pencil"\n/,
  );
  assert.match(stdout, /DIFFERS +GET +200 → 500 +/);
  assert.match(stdout, /\nresult +3 same, 7 differ, 1 failed, 0 skipped\n/);
  assert.match(stdout, /\nnot compared +content-encoding \(0 of 1 differ\)/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /\x1b/);
});

Deno.test("what may change something is skipped and listed, what is redacted is not sent unless it is given", async () => {
  await using directory = await temporaryDirectory();
  const authorization = "Bearer of-a-secret";
  const file = await captureClients(directory.path, async (gateway) => {
    await get(gateway, "/count", { method: "POST" });
    await get(gateway, "/mirror", { headers: { authorization } });
    await get(gateway, "/mirror?key=1234");
    await chat(gateway);
  }, ["--redact", "key"]);
  await using origin = await startOrigin();
  const args = [file, "--to", origin.url, "--speed", "max"];
  const { code, exchanges, summary } = await replayJson(args);
  assert.deepEqual(exchanges.map(({ target, reason }) => [target, reason]), [
    ["/count", "POST may change something: --unsafe sends it"],
    ["/mirror", null],
    ["/mirror?key=****", "the query parameter key is redacted in the capture"],
    ["/chat", "messages on a WebSocket may change something: --unsafe sends them"],
  ]);
  assert.deepEqual(summary.withheldHeaders, [{ name: "authorization", requests: 1 }]);
  assert.deepEqual([code, summary.different, summary.skipped], [1, 1, 3]);
  const given = await replayJson([...args, "--header", `authorization: ${authorization}`]);
  assert.deepEqual([given.code, given.summary.same, given.summary.withheldHeaders], [0, 1, []]);

  const nothing = await replay([...args, "--path", "/nowhere"]);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stdout, /\nNOTHING +was sent: no answer was compared\n/);
});

Deno.test("as many requests are under way as were, and what followed from an answer follows it again", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    for (let i = 0; i < 5; i++) await get(gateway, "/count");
    await Promise.all([1, 2, 3].map(() => get(gateway, "/together")));
    for (let i = 0; i < 5; i++) await get(gateway, "/count", { method: i % 2 === 0 ? "GET" : "PUT" });
  });
  for (const speed of ["1x", "10x", "max"]) {
    // An origin of its own each time: its answers say in which order requests came.
    await using origin = await startOrigin();
    const { code, exchanges } = await replayJson([file, "--to", origin.url, "--unsafe", "--speed", speed]);
    assert.deepEqual(differencesOf(exchanges), [], speed);
    assert.deepEqual([code, exchanges.length], [0, 13], speed);
  }
});

Deno.test("requests leave no sooner than they did, at that speed", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    await get(gateway, "/stable");
    await new Promise((resolve) => setTimeout(resolve, 600));
    await get(gateway, "/stable");
  });
  await using origin = await startOrigin();
  const took = async (speed: string) => {
    const { summary } = await replayJson([file, "--to", origin.url, "--speed", speed]);
    return summary.durationMs;
  };
  assert.ok(await took("1x") >= 600);
  assert.ok(await took("2x") >= 300);
});

Deno.test("of an answer without an end as much is compared as was recorded", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    const abort = new AbortController();
    const response = await fetch(`${gateway.url}/ticks`, { signal: abort.signal });
    let text = "";
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("data: 3")) break;
    }
    abort.abort();
    // The gateway has told the runner when this is answered.
    await get(gateway, "/stable");
  });
  await using origin = await startOrigin();
  const { code, exchanges } = await replayJson([file, "--to", origin.url, "--speed", "max"]);
  assert.deepEqual(differencesOf(exchanges), []);
  assert.deepEqual([code, exchanges.length], [0, 2]);
  const ticks = exchanges.find(({ target }) => target === "/ticks")!;
  assert.deepEqual(ticks.notes, [
    "the client went away before its end: only what came before that was compared",
  ]);
});

Deno.test("a body that the capture kept in part is never called the same, and a request of it is not sent", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    await get(gateway, "/picture");
    await get(gateway, "/mirror", { method: "PUT", body: "x".repeat(5000) });
  }, ["--capture-body", "1KiB"]);
  // Its picture differs behind what was kept.
  await using origin = await startOrigin("changed");
  const { exchanges, summary } = await replayJson([file, "--to", origin.url, "--unsafe", "--speed", "max"]);
  assert.deepEqual(exchanges.map(({ result, notes, reason }) => [result, ...notes, reason]), [
    ["same", "the capture kept 1024 of 5000 bytes: those alone were compared, and its length", null],
    ["skipped", "the capture left out 3976 of 5000 bytes of its request body"],
  ]);
  assert.equal(summary.comparedInPart, 1);
});

Deno.test("an origin that is not there is told once, and one that goes away fails its requests", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    await get(gateway, "/stable");
    // Time for the origin to go away in, ten times as long when it is replayed.
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let i = 0; i < 2; i++) await get(gateway, "/stable");
  });
  const origin = await startOrigin();
  await origin[Symbol.asyncDispose]();
  const gone = await replay([file, "--to", origin.url]);
  assert.deepEqual([gone.code, gone.stdout], [1, ""]);
  assert.match(
    gone.stderr,
    /^error: cannot connect to 127\.0\.0\.1:\d+: Connection refused.*; nothing was sent\n$/,
  );

  await using other = await startOrigin();
  await using process = tunnel(["replay", file, "--to", other.url, "--speed", "0.1x"]);
  await process.line(/same +GET/);
  await other[Symbol.asyncDispose]();
  const { code } = await process.status();
  assert.equal(code, 1);
  assert.equal(process.stdout.match(/FAILED +GET/g)?.length, 2);
  assert.match(process.stdout, /no answer: cannot connect to 127\.0\.0\.1:\d+: Connection refused/);
});

Deno.test("an interrupt ends a replay with a summary of what was compared", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, async (gateway) => {
    for (let i = 0; i < 3; i++) await get(gateway, "/stable");
  });
  await using origin = await startOrigin();
  await using process = tunnel(["replay", file, "--to", origin.url, "--speed", "0.0001x"]);
  await process.line(/same +GET/);
  process.signal("SIGINT");
  const { code } = await process.status();
  assert.equal(code, 130);
  assert.match(process.stdout, /\nresult +1 same, 0 differ, 0 failed, 0 skipped\n/);
  assert.match(process.stdout, /\nINTERRUPTED +0 under way and 2 not begun: they were not compared\n/);
});

Deno.test("an origin may be reached over TLS, below a path, and as another host", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureClients(directory.path, (gateway) => get(gateway, "/stable?a=1"));
  await using certificates = await makeCertificates();
  const { cert, key, caFile } = certificates;
  const asked: string[] = [];
  await using origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    (request) => {
      asked.push(`${request.headers.get("host")} ${new URL(request.url).pathname}`);
      return new Response("stable", { headers: { "content-type": "" } });
    },
  );
  const args = [file, "--to", `wss://127.0.0.1:${origin.addr.port}/below/`, "--header", "Host: other"];
  const { code, exchanges } = await replayJson([...args, "--ca-file", caFile]);
  assert.deepEqual(asked, ["other /below/stable"]);
  assert.deepEqual(differencesOf(exchanges).map(([, place]) => place), ["header content-type"]);
  assert.equal(code, 1);
  const distrusted = await replay(args);
  assert.deepEqual([distrusted.code, distrusted.stdout], [1, ""]);
  assert.match(
    distrusted.stderr,
    /^error: cannot connect to 127\.0\.0\.1:\d+: .*certificate.*nothing was sent\n$/,
  );
});

const mistakes: [args: string[], says: RegExp][] = [
  [["--to", "ftp://a"], /An origin is http:\/\/HOST:PORT/],
  [["--to", "http://u:p@a"], /An origin is http:\/\/HOST:PORT/],
  [["--to", "http://a", "--speed", "fast"], /A speed is a factor such as 1x, 10x or 0\.5x, or max\./],
  [["--to", "http://a", "--header", "a b"], /A header is 'Name: value'/],
  [["--to", "http://a", "--header", "Content-Length: 5"], /Content-Length follows from what is sent/],
  [["--to", "http://a", "--compare-header", "a b"], /A name is that of a header/],
  [["--to", "http://a", "--check"], /--check and --to exclude each other/],
  [["--unsafe"], /--unsafe is for --to/],
  [["--timeout", "1s"], /--timeout is for --to/],
  [["--serve", "--timeout", "1s"], /--timeout is for --to/],
  [["--speed", "10x"], /--speed is for --to and --serve/],
  [["--check", "--ca-file", "ca.pem"], /--ca-file is for --to and --serve/],
  [["--to", "http://a", "--log-level", "debug"], /--log-level is for --serve/],
];

for (const [args, says] of mistakes) {
  Deno.test(`replay ${args.join(" ")} is refused in one line, with what is accepted`, async () => {
    const { code, stdout, stderr } = await replay(["run.tunnelcap", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  });
}
