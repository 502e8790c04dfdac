import assert from "node:assert/strict";
import { frameTypes } from "../../../lib/protocol/mod.ts";
import {
  CaptureError,
  type CaptureEvent,
  CaptureReader,
  decodeCapturedFrame,
  readRecords,
} from "../../../lib/capture/mod.ts";
import { CaptureBytes, encoded, readAll, sourceOf, testHeader } from "./capture_bytes.ts";

const chunk = {
  type: frameTypes.bodyChunk,
  gatewayId: 7,
  requestId: 1,
  index: 1,
  bytes: new Uint8Array(1000).fill(97),
} as const;

const events: CaptureEvent[] = [
  { name: "opened", peer: "127.0.0.1", again: false },
  { name: "opened", peer: "127.0.0.1", again: true },
  { name: "phase", from: "connecting", to: "alive", reason: "the peer was heard" },
  { name: "resumed", session: "00ff", streams: 3 },
  { name: "dropped", reason: "reset by peer" },
  { name: "lost", reason: "nothing was heard" },
  { name: "refused", reason: "a gap" },
  { name: "collected", stream: "00000007-1", reason: "reset-by-peer" },
  { name: "unknown", event: "moved", fields: ["a", "b"] },
];

function sample(): CaptureBytes {
  const capture = new CaptureBytes();
  capture.frame("sent", { type: frameTypes.ping, sequence: 4, sentAtUs: 5 });
  capture.frame("received", chunk);
  capture.frame("received", chunk, { link: 300, omit: 990 });
  for (const event of events) capture.event(event, 2);
  capture.gap({ messages: 3, bytes: 4000, events: 1 });
  return capture;
}

Deno.test("every kind of record is read as it was written", () => {
  const capture = sample();
  const { records, damage } = readAll(capture.bytes());
  assert.equal(damage, null);
  assert.deepEqual(records.map((record) => record.offset), capture.offsets);
  assert.deepEqual(records.map((record) => record.number), capture.offsets.map((_, i) => i));
  const [header, ping, whole, cut, ...others] = records;
  assert.deepEqual(header.kind === "header" && header.header, testHeader);
  assert.ok(ping.kind === "frame" && whole.kind === "frame" && cut.kind === "frame");
  assert.deepEqual(decodeCapturedFrame(ping), { type: frameTypes.ping, sequence: 4, sentAtUs: 5 });
  assert.deepEqual([ping.direction, ping.link, ping.timeUs], ["sent", 1, 2000]);
  assert.deepEqual(whole.bytes, encoded(chunk));
  assert.deepEqual([cut.link, cut.omittedBytes, cut.direction], [300, 990, "received"]);
  assert.deepEqual(others.slice(0, -1).map((record) => record.kind === "event" && record.event), events);
  const gap = others.at(-1)!;
  assert.deepEqual(gap.kind === "gap" && [gap.messages, gap.bytes, gap.events], [3, 4000, 1]);
});

Deno.test("a source that gives a byte at a time is read the same", () => {
  const bytes = sample().bytes();
  assert.deepEqual(readAll(bytes, 1), readAll(bytes));
});

Deno.test("an omitted payload reads as zeros of its length", () => {
  const head = { gatewayId: 7, requestId: 1, index: 0, status: 200, reason: "OK" };
  const whole = { type: frameTypes.response, ...head, bytes: chunk.bytes } as const;
  // Longer than what is put in front of an omitted payload, and shorter.
  const long = { ...whole, headers: ["x", "y".repeat(300)] };
  for (const whatever of [chunk, { ...whole, headers: [] }, long]) {
    for (const omit of [1, 500, 999, 1000]) {
      const { records } = readAll(new CaptureBytes().frame("sent", whatever, { omit }).bytes());
      const record = records[1];
      assert.ok(record.kind === "frame");
      const frame = decodeCapturedFrame(record);
      const bytes = new Uint8Array(1000).fill(97, 0, 1000 - omit);
      assert.deepEqual({ ...frame, bytes: (frame as typeof chunk).bytes.slice() }, { ...whatever, bytes });
    }
  }
});

Deno.test("a frame of a later version is no error", () => {
  const { records } = readAll(new CaptureBytes().frame("sent", chunk).bytes());
  const record = records[1];
  assert.ok(record.kind === "frame");
  assert.equal(decodeCapturedFrame({ ...record, bytes: new Uint8Array([0x82, 0x18, 0x63, 1]) }), null);
  const cut = { ...record, bytes: new Uint8Array([0x82, 0x18, 0x63]), omittedBytes: 9 };
  assert.equal(decodeCapturedFrame(cut), null);
});

Deno.test("a file cut off anywhere gives all records before, and names where the cut one begins", () => {
  const capture = sample();
  const bytes = capture.bytes();
  for (let length = capture.offsets[1]; length < bytes.length; length++) {
    const { records, damage } = readAll(bytes.subarray(0, length));
    const whole = capture.offsets.findLastIndex((offset) => offset <= length);
    const between = capture.offsets.includes(length);
    assert.equal(records.length, whole, `cut at ${length}`);
    if (between) {
      assert.equal(damage, null, `cut at ${length}`);
      continue;
    }
    assert.equal(damage?.truncated, true, `cut at ${length}: ${damage?.message}`);
    assert.equal(damage?.offset, capture.offsets[whole]);
    assert.equal(damage?.recordNumber, whole);
  }
});

Deno.test("bytes that are no record are named by their offset, and asked again they are named again", () => {
  const capture = sample();
  const at = capture.offsets[2];
  const bytes = capture.bytes();
  bytes[at] = 0xff;
  const reader = new CaptureReader(sourceOf(bytes));
  reader.next();
  reader.next();
  for (let i = 0; i < 2; i++) {
    assert.throws(() => reader.next(), (error) => {
      assert.ok(error instanceof CaptureError);
      assert.deepEqual([error.offset, error.recordNumber, error.truncated], [at, 2, false]);
      return true;
    });
  }
});

Deno.test("a file that is no capture is refused, and so is one of another format version", () => {
  for (const bytes of [new Uint8Array(0), new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n")]) {
    assert.throws(() => new CaptureReader(sourceOf(bytes)), /this is not a capture/);
  }
  const later = new CaptureBytes({ formatVersion: 2 }).bytes();
  assert.throws(() => new CaptureReader(sourceOf(later)), /format version 2 is not known here/);
});

Deno.test("joined parts are one capture: the second header is a record like others", () => {
  const first = sample().bytes();
  const second = new CaptureBytes({ part: 2 }).frame("sent", chunk).bytes();
  const { records, damage } = readAll(new Uint8Array([...first, ...second]));
  assert.equal(damage, null);
  const headers = records.filter((record) => record.kind === "header");
  assert.deepEqual(headers.map((record) => record.header.part), [1, 2]);
});

Deno.test("reading in slices visits all records, tells how far it is, and ends between two records when told", async () => {
  const capture = new CaptureBytes();
  for (let i = 0; i < 5000; i++) capture.event({ name: "dropped", reason: "x" });
  const bytes = capture.bytes();
  let visited = 0;
  assert.equal(await readRecords(new CaptureReader(sourceOf(bytes)), () => visited++), "end");
  assert.equal(visited, 5001);
  const stop = new AbortController();
  visited = 0;
  const outcome = await readRecords(new CaptureReader(sourceOf(bytes)), () => {
    if (++visited === 700) stop.abort();
  }, { signal: stop.signal });
  assert.deepEqual([outcome, visited], ["aborted", 700]);
});
