import assert from "node:assert/strict";
import { join } from "node:path";
import { startGateway, startNodeOrigin, startRawWsOrigin, startRunner } from "../support/processes.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { checkJson, timelineJson } from "../support/replay_schemas.ts";
import { WsClient } from "../support/ws_client.ts";
import { captureFiles, replay, stopAndWait, temporaryDirectory } from "../support/captures.ts";

interface Verdict {
  verdict: string;
  counts: { frames: number; links: number; streams: number; resumes: number };
  violations: { record: number; rule: string }[];
  damage: { offset: number; truncated: boolean } | null;
}

const check = (file: string): Promise<Verdict & { code: number }> => checkJson(file);

/** Bodies and messages go both ways while links are cut: what gateway and runner captured of it. */
async function captureWithCuts(directory: string): Promise<void> {
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway(["--capture", directory, "--ping-interval", "200ms"]);
  await using proxy = await FaultProxy.start(gateway.port);
  const flags = ["--capture", join(directory, "runner.tunnelcap"), "--ping-interval", "200ms"];
  await using runner = await startRunner(proxy.wsUrl, origin.url, flags);
  for (let cut = 1; cut <= 4; cut++) {
    const body = new Uint8Array(300_000).fill(cut);
    const requests = [1, 2, 3].map(async () => {
      const response = await fetch(`${gateway.url}/cut-${cut}`, { method: "PUT", body });
      await response.arrayBuffer();
      return response.status;
    });
    for (const link of proxy.links()) {
      link.loseAfter(100_000 * cut, { direction: cut % 2 === 0 ? "up" : "down", loss: "rst" });
      if (cut % 2 === 0) link.cut();
    }
    assert.deepEqual(await Promise.all(requests), [200, 200, 200]);
  }
  await stopAndWait(runner, gateway.process);
}

Deno.test("captures with cut links in them pass, at the gateway and at the runner", async () => {
  await using directory = await temporaryDirectory();
  await captureWithCuts(directory.path);
  for (const file of captureFiles(directory.path)) {
    const { code, verdict, violations, counts, damage } = await check(file);
    assert.deepEqual({ code, verdict, violations, damage }, {
      code: 0,
      verdict: "pass",
      violations: [],
      damage: null,
    });
    assert.equal(counts.streams >= 12, true);
    assert.ok(counts.resumes >= 2, `${counts.resumes} resumes are in ${file}`);
  }
});

Deno.test("a capture with a restarted runner in it passes, and its WebSocket goes on in a stream of its own", async () => {
  await using directory = await temporaryDirectory();
  await using origin = await startRawWsOrigin();
  await using gateway = await startGateway(["--capture", directory.path]);
  const first = await startRunner(gateway.wsUrl, origin.url);
  const client = await WsClient.open(`${gateway.wsUrl}/echo`);
  await client.send("before");
  assert.equal(await client.nextText(), "before");
  await first[Symbol.asyncDispose]();
  await using second = await startRunner(gateway.wsUrl, origin.url);
  await client.send("after");
  // The first runner may have died before it acknowledged "before": then the second echoes it again.
  let text = await client.nextText();
  if (text === "before") text = await client.nextText();
  assert.equal(text, "after");
  await client.close(1000);
  await stopAndWait(second, gateway.process);
  const [file] = captureFiles(directory.path);
  const { code, violations, counts } = await check(file);
  assert.deepEqual({ code, violations }, { code: 0, violations: [] });
  assert.equal(counts.streams, 2);
});

Deno.test("a capture that was cut off, or changed in the middle, fails and names the place", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "runner.tunnelcap");
  {
    await using origin = await startNodeOrigin();
    await using gateway = await startGateway();
    await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file]);
    // Bodies of several reads: small responses would be one frame each.
    for (let i = 0; i < 5; i++) await (await fetch(`${gateway.url}/bytes?n=300000&i=${i}`)).arrayBuffer();
    await stopAndWait(runner);
  }
  const bytes = Deno.readFileSync(file);
  const frames: { number: number; offset: number; type: string; direction: string }[] =
    (await timelineJson(file, ["--frames"])).frames;

  const whole = await check(file);
  assert.equal(whole.code, 0);

  // A crash in the middle of the last record costs that record alone.
  Deno.writeFileSync(file, bytes.subarray(0, bytes.length - 3));
  const cut = await check(file);
  assert.deepEqual([cut.code, cut.violations, cut.damage?.truncated], [1, [], true]);
  assert.equal(cut.damage?.offset, frames.at(-1)!.offset);
  assert.equal(cut.counts.frames, whole.counts.frames);

  // A record that is left out: the next frame of its stream is where the gap shows.
  const gone = frames.findIndex((frame) => frame.type === "body-chunk");
  const end = frames[gone + 1].offset;
  Deno.writeFileSync(
    file,
    Uint8Array.from([...bytes.subarray(0, frames[gone].offset), ...bytes.subarray(end)]),
  );
  const gap = await check(file);
  assert.equal(gap.code, 1);
  assert.deepEqual([gap.violations[0].rule, gap.violations[0].record], ["gap", frames[gone].number]);

  // A record twice.
  Deno.writeFileSync(
    file,
    Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(frames[gone].offset)]),
  );
  const twice = await check(file);
  assert.deepEqual([twice.violations[0].rule, twice.violations[0].record], [
    "duplicate",
    frames[gone].number + 1,
  ]);

  // Bytes that are no record.
  const damaged = bytes.slice();
  damaged.fill(0xff, frames[gone].offset, frames[gone].offset + 4);
  Deno.writeFileSync(file, damaged);
  const text = await replay([file, "--check"]);
  assert.equal(text.code, 1);
  assert.match(
    text.stdout,
    new RegExp(`DAMAGED: .*record ${frames[gone].number} at offset ${frames[gone].offset}`),
  );
  assert.match(text.stdout, /no violation before that/);
});
