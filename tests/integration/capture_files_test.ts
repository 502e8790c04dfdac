import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { CaptureReader, decodeCapturedFrame } from "../../lib/capture/mod.ts";
import { frameTypes } from "../../lib/protocol/mod.ts";
import { startGateway, startNodeOrigin, startRunner, testToken, tunnel } from "../support/processes.ts";
import { captureFiles, replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";

/** Sends `count` bodies of 300,000 bytes through a gateway that captures into `directory`. */
async function captureBodies(directory: string, flags: string[], count: number): Promise<void> {
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway(["--capture", directory, ...flags]);
  await using runner = await startRunner(gateway.wsUrl, origin.url);
  for (let i = 0; i < count; i++) {
    const response = await fetch(`${gateway.url}/${i}`, {
      method: "PUT",
      body: new Uint8Array(300_000).fill(i),
    });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  }
  await stopAndWait(runner, gateway.process);
}

Deno.test("a runner's capture that would displace a directory, or what is no file, is refused and moves nothing", async () => {
  await using temporary = await temporaryDirectory();
  const directory = temporary.path;
  const kept = `${directory}/kept`;
  await Deno.mkdir(kept);
  await Deno.writeTextFile(`${kept}/mine`, "mine");
  await Deno.symlink("/dev/null", `${directory}/device`);
  const cases: [path: string, says: RegExp][] = [
    [kept, /it is a directory; a runner's --capture takes a file, such as .*kept\/run\.tunnelcap\n/],
    [`${directory}/new/`, /it is a directory; a runner's --capture takes a file/],
    [`${directory}/device`, /device: it is no regular file\n/],
  ];
  for (const [path, says] of cases) {
    await using runner = tunnel([
      ...["runner", "--gateway-url", "ws://127.0.0.1:9", "--target", "http://127.0.0.1:9", "--token", "t"],
      ...["--capture", path, "--drain-timeout", "0s"],
    ]);
    // One that is not refused goes on for ever.
    const begun = await Promise.race([
      runner.line(/captures to/).catch(() => null),
      runner.status().then(() => null),
    ]);
    assert.equal(begun, null, path);
    assert.match(runner.stderr, says);
    assert.equal((await runner.status()).code, 2);
  }
  assert.equal(await Deno.readTextFile(`${kept}/mine`), "mine");
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), ["device", "kept"]);
});

Deno.test("files are closed at their size, the oldest go, and the parts that stay pass joined and alone", async () => {
  await using directory = await temporaryDirectory();
  await captureBodies(directory.path, ["--capture-max", "1MiB", "--capture-files", "2"], 12);
  const files = captureFiles(directory.path);
  assert.equal(files.length, 2);
  for (const file of files) assert.ok(Deno.statSync(file).size < 1.5 * 1024 * 1024);
  const before = files.find((file) => file.endsWith(".1.tunnelcap"))!;
  const latest = files.find((file) => file !== before)!;
  assert.match(latest, /gateway-\d{8}T\d{6}Z-\d+\.tunnelcap$/);
  const joined = join(directory.path, "joined");
  Deno.writeFileSync(joined, Buffer.concat([before, latest].map((file) => Deno.readFileSync(file))));
  for (const file of [before, latest, joined]) {
    const { code, stdout } = await replay([file, "--check"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /part [2-9]/);
  }
});

Deno.test("payload beyond --capture-body is left out, its length stays, and the capture passes", async () => {
  await using directory = await temporaryDirectory();
  await captureBodies(directory.path, ["--capture-body", "100KiB"], 2);
  const [file] = captureFiles(directory.path);
  assert.ok(Deno.statSync(file).size < 2 * 110 * 1024);
  let kept = 0;
  let length = 0;
  using reader = CaptureReader.open(file);
  for (let record = reader.next(); record !== null; record = reader.next()) {
    const frame = record.kind === "frame" ? decodeCapturedFrame(record) : null;
    if (record.kind !== "frame" || frame?.type !== frameTypes.bodyChunk) continue;
    length += frame.bytes.length;
    kept += frame.bytes.length - record.omittedBytes;
  }
  assert.equal(kept, 2 * 100 * 1024);
  assert.ok(length >= 600_000);
  assert.equal((await replay([file, "--check"])).code, 0);
});

Deno.test("a runner that starts again keeps the capture of the run before", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "run.tunnelcap");
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  const ids: string[] = [];
  for (let run = 0; run < 2; run++) {
    await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file]);
    await stopAndWait(runner);
    using reader = CaptureReader.open(file);
    ids.push(reader.header.captureId);
  }
  using earlier = CaptureReader.open(join(directory.path, "run.1.tunnelcap"));
  assert.equal(earlier.header.captureId, ids[0]);
  assert.notEqual(ids[0], ids[1]);
});

Deno.test("a capture that cannot be written, or is given wrongly, is refused in one line before anything listens", async () => {
  for (
    const [flags, said] of [
      [["--capture", "deno.json"], /^error: cannot write the capture deno\.json\//],
      [["--capture", ".", "--capture-max", "1KiB"], /^error: --capture-max must be 1MiB at least/],
      [["--capture", ".", "--capture-files", "0"], /whole number from 1 to 1000/],
      [["--capture", ".", "--redact", "a b"], /such as x-api-key/],
    ] as [string[], RegExp][]
  ) {
    await using process = tunnel([
      "gateway",
      "--hostname",
      "127.0.0.1",
      "--port",
      "0",
      "--token",
      testToken,
      ...flags,
    ]);
    const { code } = await process.status();
    assert.deepEqual([code, process.stdout], [2, ""]);
    assert.match(process.stderr, said);
    assert.equal(process.stderr.trim().split("\n").length, 1);
  }
});
