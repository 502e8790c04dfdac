import assert from "node:assert/strict";
import { CaptureReader, type FrameRecord } from "../../../lib/capture/mod.ts";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import {
  everything,
  globPattern,
  rttPlot,
  type Selection,
  type StreamRow,
  type Summary,
  Timeline,
  type TimelineEntry,
} from "../../../lib/replay/mod.ts";
import { StreamRows } from "../../../lib/replay/timeline/stream_rows.ts";
import { RttSeries } from "../../../lib/replay/timeline/rtt_series.ts";
import { sourceOf } from "../capture/capture_bytes.ts";
import {
  accept,
  chunk,
  close,
  end,
  get,
  message,
  messages,
  ok,
  open,
  RecordedSession,
} from "./recorded_session.ts";

function timeline(capture: RecordedSession, selection: Partial<Selection> = {}) {
  const rows: StreamRow[] = [];
  const entries: TimelineEntry[] = [];
  const reader = new CaptureReader(sourceOf(capture.bytes()));
  const timeline = new Timeline(reader.header, {
    selection: { ...everything, ...selection },
    onStream: (row) => rows.push(row),
    onEntry: (entry) => entries.push(entry),
  });
  for (let record = reader.next(); record !== null; record = reader.next()) timeline.add(record);
  const summary: Summary = timeline.finish();
  return { rows, entries, summary };
}

function sample(): RecordedSession {
  return new RecordedSession().connect()
    .up(1, 0, open).down(1, 0, accept).up(1, 1, message(3))
    .up(2, 0, { ...get, target: "/api/items?q=1" }).down(2, 0, ok).down(2, 1, chunk(50)).down(2, 2, end)
    .collected(2)
    .redial().up(1, 1, message(3)).down(1, 1, message(9)).up(1, 2, close).down(1, 2, close).collected(1);
}

Deno.test("a frame that was damaged since is counted as malformed, and the others are shown", () => {
  const reader = new CaptureReader(sourceOf(sample().bytes()));
  const timeline = new Timeline(reader.header, { selection: everything, onEntry: () => {} });
  let frames = 0;
  for (let record = reader.next(); record !== null; record = reader.next()) {
    // The second one's type is none that there is.
    if (record.kind === "frame" && ++frames === 2) {
      record = { ...record, bytes: Uint8Array.of(0x81, 0x18, 0xff) };
    }
    timeline.add(record);
  }
  assert.equal(timeline.finish().malformed, 1);
});

Deno.test("rows come in the order of their starts, though a later stream ends first", () => {
  const { rows } = timeline(sample());
  assert.deepEqual(rows.map((row) => [row.id, row.status, row.requestBytes, row.responseBytes]), [
    ["abc00001-1", 101, 3, 9],
    ["abc00001-2", 200, 0, 50],
  ]);
  assert.deepEqual([rows[0].messagesFromClient, rows[0].messagesFromOrigin], [1, 1]);
  assert.deepEqual([rows[0].links, rows[0].linkChanges, rows[0].close?.from], [[1, 2], 1, "client"]);
});

Deno.test("messages that came in one frame are counted one by one", () => {
  const capture = new RecordedSession().connect().up(1, 0, open).down(1, 0, accept)
    .up(1, 1, messages(1, 2, 3)).up(1, 2, message(9)).down(1, 1, messages(4, 5)).up(1, 3, close).down(
      1,
      2,
      close,
    );
  const [row] = timeline(capture).rows;
  assert.deepEqual([row.messagesFromClient, row.messagesFromOrigin], [4, 2]);
  assert.deepEqual([row.requestBytes, row.responseBytes], [15, 9]);
});

Deno.test("the summary counts streams, links and what they lived through", () => {
  const { summary } = timeline(sample().gap({ messages: 4, bytes: 5, events: 6 }).up(3, 0, get));
  assert.deepEqual(
    [summary.streams.count, summary.streams.http, summary.streams.websockets, summary.streams.open],
    [3, 2, 1, 1],
  );
  assert.deepEqual(summary.streams.statuses, { "1xx": 1, "2xx": 1 });
  assert.deepEqual([summary.streams.survivors, summary.links.resumed, summary.links.dropped], [1, 1, 1]);
  assert.deepEqual(summary.gaps, { count: 1, messages: 4, bytes: 5, events: 6 });
  assert.deepEqual(summary.links.rows.map(({ link, runner, end }) => ({ link, runner, end })), [
    { link: 1, runner: "default", end: "dropped" },
    { link: 2, runner: "default", end: null },
  ]);
});

/** The end that captures gives a stream up: it has forgotten it by the time the reset that says why is on the link. */
function givenUp(capture: RecordedSession): RecordedSession {
  return capture.up(1, 0, get).down(1, 0, ok).down(1, 1, chunk(50)).collected(1, "reset");
}

const reset = {
  type: frameTypes.reset,
  gatewayId: 0xabc0_0001,
  requestId: 1,
  index: 1,
  code: 3,
  reason: "it broke off",
} as const;

Deno.test("a stream that was given up is told with its reset, which leaves after it was collected", () => {
  const { rows, entries, summary } = timeline(
    givenUp(new RecordedSession().connect()).sent(reset).up(2, 0, get),
  );
  assert.deepEqual(rows[0].reset, { code: 3, reason: "it broke off", from: "client" });
  assert.equal(rows[0].collected, "reset");
  assert.equal(summary.streams.resets, 1);
  const entry = entries.find((entry) => entry.kind === "frame" && entry.frame?.type === frameTypes.reset);
  assert.equal(entry?.kind === "frame" && entry.stream, rows[0]);
});

Deno.test("a stream that was given up is over once its reset was seen, on whichever side of its collection", () => {
  for (const order of ["reset first", "collected first"]) {
    const done: StreamRow[] = [];
    const rows = new StreamRows("gateway", (row) => done.push(row));
    const record = { kind: "frame", direction: "sent", timeUs: 1, link: 1, omittedBytes: 0 } as FrameRecord;
    rows.frame({ ...get, gatewayId: reset.gatewayId, requestId: 1, index: 0 }, record);
    const steps = [() => rows.frame(reset, record), () => rows.collected("abc00001-1", "reset", 2)];
    if (order === "collected first") steps.reverse();
    steps[0]();
    assert.equal(done.length, 0, order);
    steps[1]();
    assert.equal(done.length, 1, order);
    assert.equal(rows.oldestLiveUs, Infinity, order);
  }
});

Deno.test("a stream whose reset no link has carried is over with its link, or with the capture, and holds up no row", () => {
  const lost = timeline(
    givenUp(new RecordedSession().connect()).redial().up(2, 0, get).collected(2).sent(reset),
  );
  assert.deepEqual(lost.rows.map((row) => [row.id, row.reset, row.linkChanges]), [
    ["abc00001-1", null, 0],
    ["abc00001-2", null, 0],
  ]);
  const cut = timeline(givenUp(new RecordedSession().connect()));
  assert.deepEqual(cut.rows.map((row) => [row.collected, row.reset]), [["reset", null]]);
});

Deno.test("a selection by path takes the stream's rows and frames alone, whatever its query", () => {
  const { rows, entries } = timeline(sample(), { path: globPattern("/api/*") });
  assert.deepEqual(rows.map((row) => row.target), ["/api/items?q=1"]);
  assert.deepEqual(
    entries.map((entry) => entry.kind === "frame" && entry.stream?.id),
    Array(4).fill("abc00001-2"),
  );
});

Deno.test("a selection of time takes the streams that were there at any moment of it", () => {
  const all = timeline(sample()).rows;
  const after = timeline(sample(), { sinceUs: all[1].endUs + 1 });
  assert.deepEqual(after.rows.map((row) => row.id), [all[0].id]);
  assert.ok(after.entries.every((entry) => entry.record.timeUs > all[1].endUs));
  assert.deepEqual(timeline(sample(), { untilUs: all[0].startUs - 1 }).rows, []);
});

Deno.test("a glob's star stops at a slash, two go on, and all else means itself", () => {
  for (
    const [glob, yes, no] of [
      ["/a/*", ["/a/", "/a/b"], ["/a", "/a/b/c"]],
      ["/a/**", ["/a/", "/a/b/c"], ["/b"]],
      ["/?.js", ["/x.js"], ["/x+js", "/xy.js", "//.js"]],
      ["/a(b)[c]{d}+$", ["/a(b)[c]{d}+$"], ["/abcd"]],
    ] as [string, string[], string[]][]
  ) {
    const pattern = globPattern(glob);
    for (const path of yes) assert.ok(pattern.test(path), `${glob} takes ${path}`);
    for (const path of no) assert.ok(!pattern.test(path), `${glob} leaves ${path}`);
  }
});

Deno.test("a round trip is from a ping to its own pong, on its own link", () => {
  const pong = (sequence: number) =>
    ({ type: frameTypes.pong, sequence, sentAtUs: 0, receivedAtUs: 0, repliedAtUs: 0 }) as const;
  const capture = new RecordedSession().connect()
    .sent({ type: frameTypes.ping, sequence: 0, sentAtUs: 0 }).received(pong(1)).received(pong(0)).received(
      pong(0),
    );
  const { summary } = timeline(capture);
  assert.deepEqual([summary.rtt.count, summary.rtt.minMs, summary.rtt.maxMs], [1, 2, 2]);
});

Deno.test("round trips of any length of time stay within a bounded number of stretches, none lost", () => {
  const series = new RttSeries();
  for (let i = 0; i < 50_000; i++) {
    series.pingSent(1, i, i * 1e6);
    series.pongReceived(1, i, i * 1e6 + 2000 + (i === 40_000 ? 88_000 : 0));
  }
  const bins = series.bins();
  assert.ok(bins.length <= 1024);
  assert.equal(bins.reduce((sum, bin) => sum + bin.count, 0), 50_000);
  assert.deepEqual([series.minMs, series.maxMs], [2, 90]);
  const slow = bins.filter((bin) => bin.maxMs === 90);
  assert.equal(slow.length, 1);
  assert.ok(slow[0].startUs <= 40_000e6 && 40_000e6 < slow[0].endUs);
});

Deno.test("the plot's highest column stands where the slowest round trip was", () => {
  const bin = (second: number, maxMs: number) => ({
    startUs: second * 1e6,
    endUs: second * 1e6 + 1,
    count: 1,
    minMs: 1,
    meanMs: 1,
    maxMs,
  });
  const lines = rttPlot([bin(1, 10), bin(8, 40)], { fromUs: 0, toUs: 10e6, width: 10, height: 4 });
  assert.deepEqual(lines, [
    "    40.0 ┤        █",
    "         ┤        █",
    "         ┤        █",
    "       0 ┤ █      █",
    "      ms └──────────",
    "          0.0s 10.0s",
  ]);
  assert.deepEqual(rttPlot([], { fromUs: 0, toUs: 1 }), []);
});
