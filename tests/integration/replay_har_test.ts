import assert from "node:assert/strict";
import { join } from "node:path";
import { replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";
import { harProblems, sendEntry } from "../support/har_programs.ts";
import { startGateway, startNodeOrigin, startRunner, startWsOrigin } from "../support/processes.ts";
import { WsClient } from "../support/ws_client.ts";

interface Entry {
  request: { method: string; url: string };
  response: { status: number; content: { size: number; text?: string; encoding?: string } };
  _webSocketMessages?: { type: string; opcode: number; data: string }[];
  [field: string]: unknown;
}

async function entriesOf(har: string): Promise<Entry[]> {
  const document = JSON.parse(await Deno.readTextFile(har));
  assert.deepEqual(await harProblems(document), []);
  return document.log.entries;
}

Deno.test("other programs open the HAR of a capture, and send its request again as it was sent", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.tunnelcap");
  const har = join(directory.path, "out.har");
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file]);
  const posted = await fetch(`${gateway.url}/echo?x=1&y=%C3%A4`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-mark": "one" },
    body: '{"name":"größe"}',
  });
  const first = await posted.json();
  await (await fetch(`${gateway.url}/bytes?n=300000`)).arrayBuffer();
  await stopAndWait(runner);

  const { code, stdout } = await replay([file, "--har", har]);
  assert.equal(code, 0);
  assert.match(stdout, /^wrote 2 entries to .*out\.har, \d+\.\d KiB\n$/);
  // It holds what the capture does, whose reader is its owner alone.
  if (Deno.build.os !== "windows") assert.equal(Deno.statSync(har).mode! & 0o777, 0o600);
  const [post, large] = await entriesOf(har);
  assert.deepEqual([post.request.method, post.request.url, post.response.status], [
    "POST",
    `${gateway.url}/echo?x=1&y=%C3%A4`,
    200,
  ]);
  assert.deepEqual(JSON.parse(post.response.content.text!), first);
  assert.deepEqual([large.response.content.size, large.response.content.encoding], [300_000, "base64"]);
  assert.equal(atob(large.response.content.text!).length, 300_000);

  await using _again = await startRunner(gateway.wsUrl, origin.url);
  const second = await (await sendEntry(post)).json();
  assert.deepEqual([second.method, second.url, second.length, second.sha256], [
    first.method,
    first.url,
    first.length,
    first.sha256,
  ]);
  assert.ok(second.rawHeaders.includes("x-mark"));

  const narrow = await replay([file, "--har", har, "--path", "/bytes"]);
  assert.match(narrow.stdout, /^wrote 1 entry to /);
  assert.deepEqual((await entriesOf(har)).map(({ request }) => request.url), [
    `${gateway.url}/bytes?n=300000`,
  ]);
});

Deno.test("WebSocket messages and what a capture left out are in the HAR; a damaged capture gives what came before", async () => {
  await using directory = await temporaryDirectory();
  const har = join(directory.path, "out.har");
  await using origin = await startWsOrigin();
  await using gateway = await startGateway(["--capture", directory.path, "--capture-body", "10B"]);
  await using runner = await startRunner(gateway.wsUrl, origin.url);
  const client = await WsClient.open(`${gateway.wsUrl}/echo`);
  for (const text of ["größe", "more than is kept"]) {
    await client.send(text);
    assert.equal(await client.nextText(), text);
  }
  await client.close(1000, "done");
  await stopAndWait(runner, gateway.process);
  const [file] = [...Deno.readDirSync(directory.path)].map(({ name }) => name).filter((name) =>
    /cap$/.test(name)
  );
  const capture = join(directory.path, file);

  const { code, stdout } = await replay([capture, "--har", har]);
  assert.equal(code, 0);
  assert.match(stdout, /\nLEFT OUT +1 of them have bodies that the capture holds in part or not at all\n/);
  const [entry] = await entriesOf(har);
  assert.deepEqual([entry.request.url, entry.response.status], [`${gateway.wsUrl}/echo`, 101]);
  assert.deepEqual(
    entry._webSocketMessages!.map(({ type, opcode, data }) => [type, opcode, data]),
    [["send", 1, "größe"], ["receive", 1, "gr"], ["send", 1, ""], ["receive", 1, ""]],
  );

  const bytes = Deno.readFileSync(capture);
  Deno.writeFileSync(capture, bytes.subarray(0, bytes.length - 1));
  const damaged = await replay([capture, "--har", har]);
  assert.equal(damaged.code, 1);
  assert.match(
    damaged.stdout,
    /\nDAMAGED +the file ends in the middle of a record \(record \d+ at offset \d+\): /,
  );
  assert.equal((await entriesOf(har)).length, 1);
});

Deno.test("what --har cannot do is said in one line", async () => {
  await using directory = await temporaryDirectory();
  const har = join(directory.path, "a.har");
  await Deno.writeTextFile(har, "{}");
  const ofHar = await replay([har, "--har", join(directory.path, "b.har")]);
  assert.deepEqual([ofHar.code, ofHar.stdout], [2, ""]);
  assert.match(ofHar.stderr, /^error: .*a\.har is a HAR, which has no frames: it is for --to and --serve\n$/);

  const origin = join(directory.path, "run.tunnelcap");
  await using gateway = await startGateway(["--capture", origin]);
  await stopAndWait(gateway.process);
  const [{ name }] = Deno.readDirSync(origin);
  const capture = join(origin, name);
  const before = Deno.readFileSync(capture);
  const onto = await replay([capture, "--har", capture]);
  assert.equal(onto.code, 2);
  assert.match(onto.stderr, /^error: --har .* is the capture itself: name another file\n$/);
  assert.deepEqual(Deno.readFileSync(capture), before);
  const dash = await replay([capture, "--har", "-"]);
  assert.deepEqual([dash.code, dash.stdout], [2, ""]);
  assert.match(dash.stderr, /^error: --har writes a file: standard output is for what was written\n$/);
  const nowhere = await replay([capture, "--har", join(directory.path, "no", "b.har")]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /^error: cannot write --har .*b\.har: there is no such directory\n$/);
});
