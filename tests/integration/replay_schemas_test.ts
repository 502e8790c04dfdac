import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeMalformedRecord } from "../../lib/capture/encode_record.ts";
import { CborWriter, frameTypes, ProtocolError } from "../../lib/protocol/mod.ts";
import { temporaryDirectory } from "../support/captures.ts";
import { checkJson, timelineJson, violationsOfSchema } from "../support/replay_schemas.ts";
import {
  accept,
  close,
  end,
  gatewayId,
  get,
  message,
  ok,
  open,
  RecordedSession,
} from "../unit/replay/recorded_session.ts";

const reset = {
  type: frameTypes.reset,
  gatewayId,
  requestId: 3,
  index: 1,
  code: 3,
  reason: "broke",
} as const;

/** A capture with every kind of record and event that there is, and every way in which links and streams end. */
function everything(): Uint8Array {
  const session = new RecordedSession().connect();
  session.sent({ type: frameTypes.ping, sequence: 0, sentAtUs: 1 });
  session.received({ type: frameTypes.pong, sequence: 0, sentAtUs: 1, receivedAtUs: 2, repliedAtUs: 2 });
  session.up(1, 0, get).down(1, 0, ok).down(1, 1, end).collected(1);
  session.up(2, 0, open).down(2, 0, accept).up(2, 1, message(5)).down(2, 1, close).up(2, 2, close);
  session.up(3, 0, get).received(reset);
  session.event({ name: "collected", stream: "abc00001-3", reason: "reset-by-peer" }, 0);
  session.redial();
  session.event({ name: "phase", from: "alive", to: "late", reason: "no pong" }, 2);
  session.event({ name: "lost", reason: "silence" }, 2);
  session.event({ name: "opened", peer: "127.0.0.1", again: true }, 3);
  session.event({ name: "refused", reason: "what it sent" }, 3);
  session.event({ name: "unknown", event: "later", fields: ["a"] }, 3);
  session.header({ part: 2, side: "gateway" }).gap({ messages: 1, bytes: 2, events: 3 });
  session.frame("sent", { ...message(9), gatewayId, requestId: 4, index: 1 } as never, { link: 3, omit: 4 });
  const malformed = new CborWriter();
  encodeMalformedRecord(
    { timeUs: session.timeUs + 1, link: 3, direction: "received" },
    { length: 7, problem: new ProtocolError("no frame"), bytes: new Uint8Array() },
    malformed,
  );
  return Uint8Array.from([...session.bytes(), ...malformed.view()]);
}

Deno.test("timeline, frames and check print documents that their schemas describe, whatever a capture holds", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "a.tunnelcap");
  Deno.writeFileSync(file, everything());
  const { streams, summary } = await timelineJson(file);
  assert.deepEqual(streams.map(({ kind }: { kind: string }) => kind), [
    "http",
    "websocket",
    "http",
    "websocket",
  ]);
  const { dropped, lost, refused } = summary.links;
  assert.deepEqual([dropped, lost, refused, summary.malformed, summary.gaps.count], [1, 1, 1, 1, 1]);
  const { frames } = await timelineJson(file, ["--frames"]);
  const kinds = new Set(frames.map(({ kind }: { kind: string }) => kind));
  assert.deepEqual([...kinds].sort(), ["event", "frame", "gap", "header", "malformed"]);
  const { code, verdict, violations } = await checkJson(file);
  assert.deepEqual([code, verdict], [1, "fail"]);
  assert.ok(violations.length > 0);
});

Deno.test("a capture that holds nothing, or is cut off, is described by the schemas, too", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "a.tunnelcap");
  const session = new RecordedSession();
  Deno.writeFileSync(file, session.bytes());
  assert.deepEqual((await timelineJson(file)).streams, []);
  assert.equal((await checkJson(file)).verdict, "pass");
  Deno.writeFileSync(file, session.connect().bytes().subarray(0, -1));
  assert.equal((await timelineJson(file, ["--frames"])).damage.truncated, true);
  assert.equal((await checkJson(file)).damage.truncated, true);
});

Deno.test("the schemas refuse a document with a part missing or a stranger in it", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "a.tunnelcap");
  Deno.writeFileSync(file, everything());
  const timeline = await timelineJson(file);
  const { streams: [stream], summary } = timeline;
  const { rtt: _, ...less } = summary;
  const wrong = (document: unknown) => violationsOfSchema("tunnel:replay-timeline", document);
  assert.notEqual(wrong({ ...timeline, summary: less }), "");
  assert.notEqual(wrong({ ...timeline, more: 1 }), "");
  assert.notEqual(wrong({ ...timeline, streams: [{ ...stream, more: 1 }] }), "");
  assert.notEqual(wrong({ ...timeline, streams: undefined }), "");
  const byFrame = await timelineJson(file, ["--frames"]);
  assert.notEqual(wrong({ ...byFrame, frames: [{ ...byFrame.frames[1], more: 1 }] }), "");
  assert.notEqual(wrong({ ...byFrame, frames: [{ ...byFrame.frames[1], kind: "other" }] }), "");
  const { code: _code, ...check } = await checkJson(file);
  const [violation] = check.violations;
  const refused = (document: unknown) => violationsOfSchema("tunnel:replay-check", document);
  assert.notEqual(refused({ ...check, violations: [{ ...violation, rule: "other" }] }), "");
  assert.notEqual(refused({ ...check, verdict: undefined }), "");
});
