import assert from "node:assert/strict";
import {
  bytesOf,
  type ByteStore,
  type CapturedExchange,
  CaptureReader,
  type CaptureSide,
  ExchangeAssembler,
  isComplete,
  LengthStore,
  MemoryStore,
  SpillStore,
} from "../../../lib/capture/mod.ts";
import { frameTypes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import {
  accept,
  type Bare,
  close,
  end,
  gatewayId,
  message,
  messages,
  noStreams,
  ok,
  open,
  post,
  RecordedSession,
  whole,
} from "../replay/recorded_session.ts";
import { sourceOf } from "./capture_bytes.ts";

function exchanges(
  capture: RecordedSession,
  store: ByteStore = new MemoryStore(),
  side: CaptureSide = "gateway",
) {
  const done: CapturedExchange[] = [];
  const assembler = new ExchangeAssembler({ side, store, done: (exchange) => done.push(exchange) });
  const reader = new CaptureReader(sourceOf(capture.bytes()));
  for (let record = reader.next(); record !== null; record = reader.next()) assembler.add(record);
  assembler.finish();
  return done;
}

function text(text: string): Bare {
  return { type: frameTypes.bodyChunk, bytes: new TextEncoder().encode(text) };
}

/** An exchange without its times, which say in how many records it came. */
function timeless(exchange: CapturedExchange): unknown {
  return JSON.parse(
    JSON.stringify(exchange, (name, value) => name.endsWith("AtUs") || name === "timeUs" ? 0 : value),
  );
}

const request = () =>
  new RecordedSession().connect()
    .up(1, 0, { ...post, headers: ["a", "1"] }).up(1, 1, text("ques")).up(1, 2, text("tion")).up(1, 3, end)
    .down(1, 0, { ...ok, headers: ["b", "2"] }).down(1, 1, text("answer"))
    .down(1, 2, { ...end, trailers: ["t", "3"] }).ackUp(1, 3).collected(1);

Deno.test("a request and its response are put together, with heads, bodies, trailers and times", () => {
  const [exchange, ...others] = exchanges(request());
  assert.deepEqual(others, []);
  assert.equal(exchange.id, "abc00001-1");
  assert.deepEqual([exchange.method, exchange.target, exchange.headers], ["POST", "/a", ["a", "1"]]);
  assert.equal(new TextDecoder().decode(bytesOf(exchange.body.parts)), "question");
  assert.deepEqual([exchange.body.length, exchange.body.omittedBytes], [8, 0]);
  const { answer } = exchange;
  assert.deepEqual([answer?.status, answer?.reason, answer?.headers], [200, "OK", ["b", "2"]]);
  assert.equal(new TextDecoder().decode(bytesOf(answer!.body.parts)), "answer");
  assert.deepEqual(answer?.body.trailers, ["t", "3"]);
  const times = [exchange.startedAtUs, exchange.body.endedAtUs, answer?.timeUs, answer?.body.endedAtUs];
  assert.deepEqual(times, times.map((_, i) => times[0]! + [0, 3000, 4000, 6000][i]));
  assert.deepEqual([exchange.collected, exchange.links, isComplete(exchange)], ["finished", [1], true]);
});

Deno.test("a whole response makes the exchange that its parts would make", () => {
  const answered = (body: string, ...parts: Bare[]) => {
    const capture = new RecordedSession().connect().up(1, 0, { ...post, headers: ["a", "1"] });
    capture.up(1, 1, text("question")).up(1, 2, end);
    for (const [index, part] of parts.entries()) capture.down(1, index, part);
    const [exchange, ...others] = exchanges(capture.collected(1));
    assert.deepEqual(others, []);
    assert.equal(new TextDecoder().decode(bytesOf(exchange.answer!.body.parts)), body);
    return exchange;
  };
  const head = { status: 404, reason: "Not Found", headers: ["b", "2"] };
  for (const body of ["answer", ""]) {
    const bytes = new TextEncoder().encode(body);
    const inOne = answered(body, { type: frameTypes.response, ...head, bytes });
    const inParts = answered(body, { ...ok, ...head }, ...body === "" ? [] : [text(body)], end);
    assert.equal(isComplete(inOne), true);
    assert.deepEqual(timeless(inOne), timeless(inParts));
    assert.equal(inOne.answer!.body.endedAtUs, inOne.answer!.timeUs, "all of it came at once");
  }
});

Deno.test("a whole response whose body is not kept says how much is missing", () => {
  const capture = new RecordedSession().connect().up(1, 0, { ...post, hasBody: false });
  capture.frame("received", { ...whole, gatewayId, requestId: 1, index: 0 }, { link: 1, omit: 490 });
  const [{ answer }] = exchanges(capture);
  assert.deepEqual([answer?.status, answer?.body.length, answer?.body.omittedBytes], [200, 500, 490]);
});

Deno.test("a runner's capture reads the same, with directions turned round", () => {
  const capture = new RecordedSession({ side: "runner" });
  capture.link = 1;
  capture.down(1, 0, post).down(1, 1, text("q")).up(1, 0, ok).up(1, 1, text("a"));
  const [exchange] = exchanges(capture, new MemoryStore(), "runner");
  assert.deepEqual([exchange.method, exchange.answer?.status], ["POST", 200]);
  assert.equal(new TextDecoder().decode(bytesOf(exchange.body.parts)), "q");
  assert.equal(isComplete(exchange), false);
});

Deno.test("what a second link carried again counts once, and the links lived through are told", () => {
  const capture = new RecordedSession().connect()
    .up(1, 0, open).down(1, 0, accept).up(1, 1, message(3, false)).up(1, 2, message(4)).down(1, 1, message(5))
    .redial().up(1, 1, message(3, false)).up(1, 2, message(4)).up(1, 3, message(6)).down(1, 2, close).up(
      1,
      4,
      close,
    );
  const [exchange] = exchanges(capture);
  assert.deepEqual(
    exchange.messages.map(({ from, length, parts, complete }) => ({
      from,
      length,
      parts: parts.length,
      complete,
    })),
    [
      { from: "client", length: 7, parts: 2, complete: true },
      { from: "origin", length: 5, parts: 1, complete: true },
      { from: "client", length: 6, parts: 1, complete: true },
    ],
  );
  assert.deepEqual([exchange.links, exchange.linkChanges, exchange.hasGaps], [[1, 2], 1, false]);
  assert.deepEqual(exchange.closes.map(({ from, code }) => ({ from, code })), [
    { from: "origin", code: 1000 },
    { from: "client", code: 1000 },
  ]);
  assert.equal(isComplete(exchange), true);
});

Deno.test("messages of one frame are those that frames of their own would bring", () => {
  const said = (...frames: Bare[]) => {
    const capture = new RecordedSession().connect().up(1, 0, open).down(1, 0, accept);
    for (const [index, frame] of frames.entries()) capture.up(1, 1 + index, frame);
    return exchanges(capture)[0];
  };
  const bytes = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, i) => from + i);
  const alone = (from: number, to: number): Bare => ({
    ...{ type: frameTypes.wsMessage, binary: true, final: true, bytes: bytes(from, to) },
  });
  const together = said(message(7, false), message(2), messages(3, 1, 5));
  assert.deepEqual(
    timeless(together),
    timeless(said(message(7, false), message(2), alone(0, 3), alone(3, 4), alone(4, 9))),
  );
  assert.deepEqual(together.messages.map(({ parts }) => [...bytesOf(parts)].at(-1)), [0, 2, 3, 8]);
});

Deno.test("messages of one frame do not continue one whose end is missing", () => {
  const capture = new RecordedSession().connect().up(1, 0, open).down(1, 0, accept)
    .up(1, 1, message(7, false)).up(1, 3, messages(3, 4));
  const [exchange] = exchanges(capture);
  assert.equal(exchange.hasGaps, true);
  assert.deepEqual(
    exchange.messages.map(({ length, complete }) => [length, complete]),
    [[7, false], [3, true], [4, true]],
  );
});

Deno.test("of messages of one frame whose bytes are not all kept, each says how much of it is missing", () => {
  const capture = new RecordedSession().connect().up(1, 0, open).down(1, 0, accept);
  const frame = { ...messages(3, 2, 4), gatewayId, requestId: 1, index: 1 } as SequencedFrame;
  capture.frame("sent", frame, { link: 1, omit: 5 });
  const [exchange] = exchanges(capture);
  assert.deepEqual(
    exchange.messages.map(({ length, omittedBytes, parts }) => [length, omittedBytes, ...bytesOf(parts)]),
    [[3, 0, 0, 1, 2], [2, 1, 3, 0], [4, 4, 0, 0, 0, 0]],
  );
});

Deno.test("a reset is told with its side; what crosses it afterwards is no exchange of its own", () => {
  const reset = {
    type: frameTypes.reset,
    gatewayId,
    requestId: 1,
    index: 1,
    code: 2,
    reason: "slow",
  } as const;
  const [exchange, ...others] = exchanges(
    new RecordedSession().connect().up(1, 0, post).sent(reset).collected(1).down(1, 0, ok).sent(noStreams),
  );
  assert.deepEqual(others, []);
  assert.deepEqual([exchange.reset?.from, exchange.reset?.code, exchange.reset?.reason], [
    "client",
    2,
    "slow",
  ]);
});

Deno.test("an exchange without its beginning, or with a gap, says so", () => {
  const capture = new RecordedSession().connect().down(7, 40, text("tail")).up(1, 0, post)
    .gap({ messages: 1, bytes: 1, events: 0 }).up(1, 2, end);
  const found = exchanges(capture);
  assert.deepEqual(
    found.map(({ requestId, hasBeginning, hasGaps }) => ({ requestId, hasBeginning, hasGaps })),
    [
      { requestId: 7, hasBeginning: false, hasGaps: true },
      { requestId: 1, hasBeginning: true, hasGaps: true },
    ],
  );
});

Deno.test("bodies can be kept in a file that no process leaves behind, or as lengths alone", () => {
  let path: string;
  {
    using store = new SpillStore();
    path = store.path;
    // Without a name from the start, where that can be: a process that is killed cannot tidy up.
    if (Deno.build.os === "windows") assert.ok(Deno.statSync(path).isFile);
    else assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    const [exchange] = exchanges(request(), store);
    assert.equal(new TextDecoder().decode(bytesOf(exchange.body.parts)), "question");
    const large = new Uint8Array(300_000).map((_, i) => i % 251);
    const kept = store.keep(large, 0);
    assert.deepEqual(kept.read(), large);
    assert.equal(new TextDecoder().decode(bytesOf(exchange.answer!.body.parts)), "answer");
  }
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
  const [counted] = exchanges(request(), new LengthStore());
  assert.equal(counted.body.length, 8);
  assert.throws(() => bytesOf(counted.body.parts), /were not kept/);
});

Deno.test("a reset of the capturing side's own, which leaves after the stream was collected, is told with it", () => {
  const capture = new RecordedSession().connect().up(1, 0, open).down(1, 0, accept);
  capture.event({ name: "collected", stream: "abc00001-1", reason: "reset" }, 0);
  capture.sent({ type: frameTypes.reset, gatewayId, requestId: 1, index: 1, code: 0, reason: "gone" });
  const [exchange, ...others] = exchanges(capture);
  assert.deepEqual(others, []);
  assert.deepEqual([exchange.reset?.from, exchange.reset?.reason, exchange.collected], [
    "client",
    "gone",
    "reset",
  ]);
});
