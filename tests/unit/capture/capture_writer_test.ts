import assert from "node:assert/strict";
import { join } from "node:path";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import { BodyBudget } from "../../../lib/capture/body_budget.ts";
import { CaptureFiles } from "../../../lib/capture/capture_files.ts";
import { CaptureWriter } from "../../../lib/capture/capture_writer.ts";
import { CaptureReader, type CaptureRecord } from "../../../lib/capture/mod.ts";
import { encoded, testHeader } from "./capture_bytes.ts";

const ping = encoded({ type: frameTypes.ping, sequence: 1, sentAtUs: 2 });

function records(path: string): CaptureRecord[] {
  using reader = CaptureReader.open(path);
  const found: CaptureRecord[] = [];
  for (let record = reader.next(); record !== null; record = reader.next()) {
    found.push(record.kind === "frame" ? { ...record, bytes: record.bytes.slice() } : record);
  }
  return found;
}

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "tunnel-capture-" });
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function filesAt(path: string, limits: { maxBytes?: number; maxAgeMs?: number; maxFiles?: number } = {}) {
  const { maxBytes = 1e9, maxAgeMs = 1e9, maxFiles = 10 } = limits;
  const clock = { now: 0 };
  return {
    clock,
    files: new CaptureFiles({ path, maxBytes, maxAgeMs, maxFiles, now: () => clock.now }),
  };
}

function writerTo(files: CaptureFiles, options: { batchBytes?: number; problems?: (string | null)[] } = {}) {
  return new CaptureWriter({
    files,
    header: testHeader,
    policy: { budget: new BodyBudget(1e9), redaction: null },
    batchBytes: options.batchBytes,
    onProblem: (error) => options.problems?.push(error?.message ?? null),
  });
}

Deno.test("what is seen is in the file after closing, in its order", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "deep", "run.tunnelcap");
    const writer = writerTo(filesAt(path).files);
    await writer.begin();
    writer.event(5, 1, { name: "opened", peer: "p", again: false });
    writer.message(6, 1, "sent", new Uint8Array([...ping, ...ping]));
    await writer.close();
    const [header, opened, first, second] = records(path);
    assert.deepEqual(header.kind === "header" && header.header, { ...testHeader, part: 1 });
    assert.equal(opened.kind, "event");
    assert.deepEqual([first.kind, first.timeUs, second.timeUs], ["frame", 6, 6]);
    assert.deepEqual(first.kind === "frame" && first.bytes, ping);
    writer.message(7, 1, "sent", ping);
    assert.equal(records(path).length, 4);
  }));

Deno.test("captures are readable by their owner alone", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "run.tunnelcap");
    await using writer = writerTo(filesAt(path).files);
    await writer.begin();
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("a file that is full is followed by the next; parts are numbered, name the open links, and the oldest go", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "run.tunnelcap");
    const writer = writerTo(filesAt(path, { maxBytes: 3_000, maxFiles: 3 }).files, { batchBytes: 400 });
    await writer.begin();
    writer.event(1, 1, { name: "opened", peer: "gone", again: false });
    writer.event(2, 2, { name: "opened", peer: "here", again: false });
    writer.event(3, 1, { name: "dropped", reason: "x" });
    for (let i = 0; i < 2_000; i++) writer.message(10 + i, 2, "sent", ping);
    await writer.close();
    const names = [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
    assert.deepEqual(names, ["run.1.tunnelcap", "run.2.tunnelcap", "run.tunnelcap"]);
    const parts = ["run.2.tunnelcap", "run.1.tunnelcap", "run.tunnelcap"].map((name) => {
      assert.ok(Deno.statSync(join(directory, name)).size <= 3_500);
      return records(join(directory, name));
    });
    const numbers = parts.map(([header]) => header.kind === "header" ? header.header.part : -1);
    assert.deepEqual(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    for (const [, second, third] of parts) {
      assert.deepEqual(second.kind === "event" && second.event, {
        name: "opened",
        peer: "here",
        again: true,
      });
      assert.equal(third.kind, "frame");
    }
    // Nothing is lost between one part and the next.
    const times = parts.flat().filter((record) => record.kind === "frame").map((record) => record.timeUs);
    assert.deepEqual(times, times.map((_, i) => times[0] + i));
    assert.equal(times.at(-1), 2_009);
  }));

Deno.test("a file that is old is followed by the next", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "run.tunnelcap");
    const { files, clock } = filesAt(path, { maxAgeMs: 60_000 });
    await files.begin(new Uint8Array(10));
    clock.now = 59_999;
    assert.equal(files.needsNext(1), false);
    clock.now = 60_000;
    assert.equal(files.needsNext(1), true);
    files.close();
  }));

Deno.test("a file found under the name is kept as an earlier part, never written over", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "run.tunnelcap");
    await Deno.writeTextFile(path, "an earlier run");
    await using writer = writerTo(filesAt(path).files);
    await writer.begin();
    assert.equal(await Deno.readTextFile(join(directory, "run.1.tunnelcap")), "an earlier run");
  }));

/** Files on a disk that fails when told to, in the middle of a write. */
class FailingFiles extends CaptureFiles {
  failing = false;
  appended = Promise.withResolvers<void>();

  override async append(bytes: Uint8Array): Promise<void> {
    const { resolve } = this.appended;
    this.appended = Promise.withResolvers<void>();
    resolve();
    if (this.failing) throw new Error("no space left on device");
    await super.append(bytes);
  }
}

Deno.test("what a failing disk cost stands in the file as a gap, and the writer says so once", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "run.tunnelcap");
    const files = new FailingFiles({ path, maxBytes: 1e9, maxAgeMs: 1e9, maxFiles: 2, now: () => 0 });
    const problems: (string | null)[] = [];
    const writer = writerTo(files, { problems });
    await writer.begin();
    files.failing = true;
    const tried = files.appended.promise;
    writer.message(11, 1, "sent", ping);
    writer.message(12, 1, "sent", ping);
    writer.event(13, 1, { name: "dropped", reason: "x" });
    await tried;
    files.failing = false;
    writer.message(14, 1, "sent", ping);
    await writer.close();
    assert.deepEqual(problems, ["no space left on device", null]);
    const [, gap, frame] = records(path);
    assert.deepEqual(gap, {
      kind: "gap",
      number: 1,
      offset: gap.offset,
      timeUs: 11,
      link: 0,
      messages: 2,
      bytes: 2 * ping.length,
      events: 1,
    });
    assert.equal(frame.timeUs, 14);
  }));

Deno.test("a directory that cannot be written is told at once", () =>
  inDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    const writer = writerTo(filesAt(join(file, "run.tunnelcap")).files);
    await assert.rejects(() => writer.begin());
    await writer.close();
  }));
