import assert from "node:assert/strict";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";
import { RawHttpClient } from "../support/raw_http.ts";
import {
  type RunningGateway,
  type RunningOrigin,
  startDenoOrigin,
  startGateway,
  startRunner,
  tunnel,
} from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

interface Exchange {
  startedAtUs: number;
  method: string;
  target: string;
  result: string;
  reason: string | null;
  differences: {
    part: string;
    message?: number;
    at: string;
    recorded: string | null;
    replayed: string | null;
  }[];
  notes: string[];
  withheld: string[];
}

interface Summary {
  same: number;
  different: number;
  failed: number;
  skipped: number;
  durationMs: number;
  comparedInPart: number;
  comparedHeaders: string[];
  ignoredHeaders: { name: string }[];
  withheldHeaders: { name: string; requests: number }[];
}

function startShop(...args: string[]): Promise<RunningOrigin> {
  return startDenoOrigin("tests/support/changed_origin.ts", args);
}

/** Runs clients against a tunnel to the shop, whose runner captures. @returns the capture's path */
async function capture(
  directory: string,
  clients: (gateway: RunningGateway) => Promise<void>,
  args: string[] = [],
): Promise<string> {
  const file = join(directory, "run.tunnelcap");
  await using shop = await startShop();
  await using gateway = await startGateway();
  await using runner = await startRunner(gateway.wsUrl, shop.url, ["--capture", file, ...args]);
  await clients(gateway);
  await stopAndWait(runner);
  return file;
}

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

const validate = new Ajv2020({ formats: { uri: /^https?:/, "date-time": /^\d{4}-.*Z$/ } }).compile(
  JSON.parse(Deno.readTextFileSync(new URL("../../schemas/replay-to.schema.json", import.meta.url))),
);

/** `tunnel replay … --json`, its document held to the schema. */
async function replayJson(args: string[]) {
  const { code, stdout, stderr } = await replay([...args, "--json"]);
  assert.equal(stderr, "");
  const document = JSON.parse(stdout);
  const isValid = validate(document);
  assert.ok(isValid, JSON.stringify(validate.errors));
  const { exchanges, summary }: { exchanges: Exchange[]; summary: Summary } = JSON.parse(stdout);
  // They come as they end; tests have them as they began.
  exchanges.sort((a, b) => a.startedAtUs - b.startedAtUs);
  return { code, exchanges, summary };
}

function differencesOf(exchanges: Exchange[]) {
  return exchanges.flatMap(({ target, differences }) =>
    differences.map(({ part, message, at, recorded, replayed }) => {
      const place = [part, message, at].filter((word) => word !== undefined && word !== "").join(" ");
      return [target, place, recorded, replayed];
    })
  );
}

Deno.test("what clients did, sent again byte for byte to the same origin, is answered the same", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
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
  await using shop = await startShop();
  const { code, exchanges, summary } = await replayJson([
    file,
    "--to",
    shop.url,
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
  const again = await replayJson([har, "--to", shop.url, "--unsafe", "--speed", "max"]);
  assert.deepEqual(differencesOf(again.exchanges), []);
  assert.deepEqual([again.code, again.summary.same], [0, pages.length + 4]);
});

Deno.test("an origin that answers otherwise differs in exactly what was changed", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
    await visit(gateway);
    await chat(gateway);
  });
  await using shop = await startShop("changed");
  const args = [file, "--to", shop.url, "--unsafe", "--speed", "max"];
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
  const file = await capture(directory.path, async (gateway) => {
    await get(gateway, "/count", { method: "POST" });
    await get(gateway, "/mirror", { headers: { authorization } });
    await get(gateway, "/mirror?key=1234");
    await chat(gateway);
  }, ["--redact", "key"]);
  await using shop = await startShop();
  const args = [file, "--to", shop.url, "--speed", "max"];
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
  const file = await capture(directory.path, async (gateway) => {
    for (let i = 0; i < 5; i++) await get(gateway, "/count");
    await Promise.all([1, 2, 3].map(() => get(gateway, "/together")));
    for (let i = 0; i < 5; i++) await get(gateway, "/count", { method: i % 2 === 0 ? "GET" : "PUT" });
  });
  for (const speed of ["1x", "10x", "max"]) {
    // An origin of its own each time: its answers say in which order requests came.
    await using shop = await startShop();
    const { code, exchanges } = await replayJson([file, "--to", shop.url, "--unsafe", "--speed", speed]);
    assert.deepEqual(differencesOf(exchanges), [], speed);
    assert.deepEqual([code, exchanges.length], [0, 13], speed);
  }
});

Deno.test("requests leave no sooner than they did, at that speed", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
    await get(gateway, "/stable");
    await new Promise((resolve) => setTimeout(resolve, 600));
    await get(gateway, "/stable");
  });
  await using shop = await startShop();
  const took = async (speed: string) => {
    const { summary } = await replayJson([file, "--to", shop.url, "--speed", speed]);
    return summary.durationMs;
  };
  assert.ok(await took("1x") >= 600);
  assert.ok(await took("2x") >= 300);
});

Deno.test("of an answer without an end as much is compared as was recorded", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
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
  await using shop = await startShop();
  const { code, exchanges } = await replayJson([file, "--to", shop.url, "--speed", "max"]);
  assert.deepEqual(differencesOf(exchanges), []);
  assert.deepEqual([code, exchanges.length], [0, 2]);
  const ticks = exchanges.find(({ target }) => target === "/ticks")!;
  assert.deepEqual(ticks.notes, [
    "the client went away before its end: only what came before that was compared",
  ]);
});

Deno.test("a body that the capture kept in part is never called the same, and a request of it is not sent", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
    await get(gateway, "/picture");
    await get(gateway, "/mirror", { method: "PUT", body: "x".repeat(5000) });
  }, ["--capture-body", "1KiB"]);
  // Its picture differs behind what was kept.
  await using shop = await startShop("changed");
  const { exchanges, summary } = await replayJson([file, "--to", shop.url, "--unsafe", "--speed", "max"]);
  assert.deepEqual(exchanges.map(({ result, notes, reason }) => [result, ...notes, reason]), [
    ["same", "the capture kept 1024 of 5000 bytes: those alone were compared, and its length", null],
    ["skipped", "the capture left out 3976 of 5000 bytes of its request body"],
  ]);
  assert.equal(summary.comparedInPart, 1);
});

Deno.test("an origin that is not there is told once, and one that goes away fails its requests", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
    for (let i = 0; i < 3; i++) await get(gateway, "/stable");
  });
  const shop = await startShop();
  await shop[Symbol.asyncDispose]();
  const gone = await replay([file, "--to", shop.url]);
  assert.deepEqual([gone.code, gone.stdout], [1, ""]);
  assert.match(
    gone.stderr,
    /^error: cannot connect to 127\.0\.0\.1:\d+: Connection refused.*; nothing was sent\n$/,
  );

  await using other = await startShop();
  await using process = tunnel(["replay", file, "--to", other.url, "--speed", "0.003x"]);
  await process.line(/same +GET/);
  await other[Symbol.asyncDispose]();
  const { code } = await process.status();
  assert.equal(code, 1);
  assert.equal(process.stdout.match(/FAILED +GET/g)?.length, 2);
  assert.match(process.stdout, /no answer: cannot connect to 127\.0\.0\.1:\d+: Connection refused/);
});

Deno.test("an interrupt ends a replay with a summary of what was compared", async () => {
  await using directory = await temporaryDirectory();
  const file = await capture(directory.path, async (gateway) => {
    for (let i = 0; i < 3; i++) await get(gateway, "/stable");
  });
  await using shop = await startShop();
  await using process = tunnel(["replay", file, "--to", shop.url, "--speed", "0.0001x"]);
  await process.line(/same +GET/);
  process.signal("SIGINT");
  const { code } = await process.status();
  assert.equal(code, 130);
  assert.match(process.stdout, /\nresult +1 same, 0 differ, 0 failed, 0 skipped\n/);
  assert.match(process.stdout, /\nINTERRUPTED +0 under way and 2 not begun: they were not compared\n/);
});

const mistakes: [args: string[], says: RegExp][] = [
  [["--to", "ftp://a"], /An origin is http:\/\/HOST:PORT/],
  [["--to", "http://u:p@a"], /An origin is http:\/\/HOST:PORT/],
  [["--to", "http://a", "--speed", "fast"], /A speed is a factor such as 1x, 10x or 0\.5x, or max\./],
  [["--to", "http://a", "--header", "a b"], /A header is 'Name: value'/],
  [["--to", "http://a", "--header", "Content-Length: 5"], /Content-Length follows from what is sent/],
  [["--to", "http://a", "--compare-header", "a b"], /A name is that of a header/],
  [["--to", "http://a", "--check"], /cannot be used with/],
  [["--unsafe"], /--unsafe is for --to/],
];

for (const [args, says] of mistakes) {
  Deno.test(`replay ${args.join(" ")} is refused in one line, with what is accepted`, async () => {
    const { code, stdout, stderr } = await replay(["run.tunnelcap", ...args]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  });
}
