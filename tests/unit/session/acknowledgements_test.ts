/** When acknowledgements go out: with what is sent anyhow, or when the time is up that a session asked for. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Frame, frameTypes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import { bodyEnd, type Stream } from "../../../lib/session/mod.ts";
import { bodyChunk, requestStart, response, responseStart, wsAccept, wsMessage, wsOpen } from "./frames.ts";
import type { RecordingHandler } from "./recording_handler.ts";
import { SessionPair, type Side } from "./session_pair.ts";

/** Opens a stream and brings its first frame to the runner, which delivers it. */
function ask(pair: SessionPair, first: SequencedFrame = requestStart()) {
  const opened = pair.open(first.type === frameTypes.wsOpen ? "websocket" : "http", first);
  pair.write("gateway");
  pair.read("runner");
  return { ...opened, peer: pair.peer(opened.stream).stream };
}

/** What was written, each as `type of request`. */
function told(frames: readonly Frame[]): string[] {
  const names = new Map(Object.entries(frameTypes).map(([name, type]) => [type as number, name]));
  return frames.map((frame) => `${names.get(frame.type)} of ${(frame as SequencedFrame).requestId}`);
}

Deno.test("a request that is answered whole is acknowledged by its answer alone, whatever goes out before it for others", () => {
  const pair = new SessionPair().connect();
  const slow = ask(pair);
  const others = [ask(pair), ask(pair, wsOpen()), ask(pair)];
  const frames: [Stream, SequencedFrame][] = [
    [others[0].peer, response(10)],
    [others[1].peer, wsAccept()],
    [others[1].peer, wsMessage(5)],
    [others[2].peer, responseStart()],
    [others[2].peer, bodyChunk(7)],
  ];
  for (const [stream, frame] of frames) {
    stream.push(frame);
    const written = told(pair.write("runner"));
    assert.deepEqual(written.filter((what) => what.endsWith("of 1")), [], "it may wait");
    assert.equal(written.length, 1);
  }
  slow.peer.push(response(100));
  assert.deepEqual(told(pair.write("runner")), ["response of 1"]);
  pair.read("gateway");
  assert.equal(slow.stream.send.frames, 0);
  pair.flush("runner");
  assert.deepEqual(told(pair.write("runner")), ["ack of 3", "ack of 4"], "of those that still owed one");
});

Deno.test("the acknowledgement of a request goes out with the last frame of its answer, before it, and waits for no timer", () => {
  const pair = new SessionPair().connect();
  const { stream, peer } = ask(pair);
  peer.push(responseStart());
  assert.deepEqual(told(pair.write("runner")), ["responseStart of 1"]);
  peer.push(bodyChunk(10));
  assert.deepEqual(told(pair.write("runner")), ["bodyChunk of 1"]);
  peer.push(bodyEnd());
  assert.deepEqual(told(pair.write("runner")), ["ack of 1", "bodyEnd of 1"]);
  pair.read("gateway");
  assert.equal(stream.send.frames, 0);
  pair.flush("runner");
  assert.deepEqual(pair.write("runner"), []);
});

Deno.test("an answer of several frames at once carries the acknowledgement of its request", () => {
  const pair = new SessionPair().connect();
  const { peer } = ask(pair);
  for (const frame of [responseStart(), bodyChunk(10), bodyEnd()]) peer.push(frame);
  const expected = ["ack of 1", "responseStart of 1", "bodyChunk of 1", "bodyEnd of 1"];
  assert.deepEqual(told(pair.write("runner")), expected);
  pair.flush("runner");
  assert.deepEqual(pair.write("runner"), []);
});

Deno.test("an acknowledgement that went out before the answer was over is not said again", () => {
  const pair = new SessionPair().connect();
  const { peer } = ask(pair);
  peer.push(responseStart());
  pair.flush("runner");
  assert.deepEqual(told(pair.write("runner")), ["ack of 1", "responseStart of 1"]);
  peer.push(bodyEnd());
  assert.deepEqual(told(pair.write("runner")), ["bodyEnd of 1"]);
  pair.flush("runner");
  assert.deepEqual(pair.write("runner"), []);
});

Deno.test("when an answer's end waits for credit, its request's acknowledgement goes out with what others send", () => {
  const pair = new SessionPair({ window: 1_000 }).connect();
  const { peer } = ask(pair);
  const other = ask(pair);
  for (const frame of [responseStart(), bodyChunk(900)]) peer.push(frame);
  assert.deepEqual(told(pair.write("runner")), ["responseStart of 1", "bodyChunk of 1"]);
  for (const frame of [bodyChunk(900), bodyEnd()]) peer.push(frame);
  assert.deepEqual(pair.write("runner"), []);
  other.peer.push(responseStart());
  assert.deepEqual(told(pair.write("runner")), ["ack of 1", "responseStart of 2"]);
});

Deno.test("a request whose end comes after its answer was given is acknowledged with the next data", () => {
  const pair = new SessionPair().connect();
  const { stream, peer } = ask(pair, requestStart({ hasBody: true, method: "POST" }));
  peer.push(responseStart());
  peer.push(bodyEnd());
  assert.deepEqual(told(pair.write("runner")), ["responseStart of 1", "bodyEnd of 1"], "more is to come");
  stream.push(bodyEnd());
  const other = ask(pair);
  assert.deepEqual(pair.write("runner"), []);
  other.peer.push(responseStart());
  assert.deepEqual(told(pair.write("runner")), ["ack of 1", "responseStart of 2"]);
});

Deno.test("the last acknowledgement of an answer goes out with the next request, and waits for no timer", () => {
  for (const frames of [[response(10)], [responseStart(), bodyChunk(10), bodyEnd()]]) {
    const pair = new SessionPair().connect();
    const { stream, peer } = ask(pair);
    for (const frame of frames) peer.push(frame);
    peer.release();
    pair.write("runner");
    pair.read("gateway");
    stream.release();
    assert.deepEqual(pair.write("gateway"), [], "nothing else is to be said");
    pair.open("http", requestStart());
    assert.deepEqual(told(pair.write("gateway")), ["ack of 1", "requestStart of 2"]);
    pair.read("runner");
    const finished = [{ requestId: 1, reason: "finished" }];
    assert.deepEqual(pair.collected, { gateway: finished, runner: finished });
    pair.flush("gateway");
    assert.deepEqual(pair.write("gateway"), []);
  }
});

Deno.test("an answer that is over before its request is acknowledged with the request's last frame", () => {
  const pair = new SessionPair().connect();
  const { stream, peer } = ask(pair, requestStart({ hasBody: true, method: "POST" }));
  peer.push(responseStart());
  peer.push(bodyEnd());
  pair.write("runner");
  pair.read("gateway");
  stream.push(bodyChunk(10));
  assert.deepEqual(told(pair.write("gateway")), ["bodyChunk of 1"]);
  stream.push(bodyEnd());
  assert.deepEqual(told(pair.write("gateway")), ["ack of 1", "bodyEnd of 1"]);
});

Deno.test("what is owed when nothing else is sent goes out once the time is up that was asked for, and once", () => {
  const pair = new SessionPair().connect();
  const [under, over, socket] = [ask(pair), ask(pair), ask(pair, wsOpen())];
  over.peer.push(response());
  under.peer.push(responseStart());
  socket.peer.push(wsAccept());
  pair.write("runner");
  pair.read("gateway");
  assert.deepEqual([...pair.timers].sort(), ["gateway", "runner"]);
  assert.deepEqual([pair.write("gateway"), pair.write("runner")], [[], []]);
  for (const side of ["gateway", "runner"] as const) pair.flush(side);
  assert.deepEqual(told(pair.write("runner")), ["ack of 1", "ack of 3"]);
  assert.deepEqual(told(pair.write("gateway")).sort(), ["ack of 1", "ack of 2", "ack of 3"]);
  for (const side of ["gateway", "runner"] as const) {
    assert.equal(pair.timers.has(side), false);
    pair[side].flushAcknowledgements();
    assert.deepEqual(pair.write(side), []);
  }
});

Deno.test("what is owed is forgotten with the link, and owed again on the next", () => {
  const pair = new SessionPair().connect();
  const asked = [ask(pair), ask(pair), ask(pair)];
  asked[0].peer.push(responseStart());
  pair.write("runner");
  pair.read("gateway");
  asked[1].peer.push(responseStart());
  asked[1].peer.push(bodyEnd());
  pair.cut();
  for (const side of ["gateway", "runner"] as const) {
    pair[side].flushAcknowledgements();
    assert.equal(pair[side].hasFrames, false);
    assert.deepEqual(pair.write(side), []);
  }
  for (const { stream, peer } of asked) assert.deepEqual([stream.ackOwed, peer.ackOwed], ["no", "no"]);
  pair.redial();
  for (const side of ["gateway", "runner"] as const) pair.flush(side);
  const acks = (side: Side) => told(pair.write(side)).filter((what) => what.startsWith("ack")).sort();
  assert.deepEqual(acks("runner"), ["ack of 1", "ack of 2", "ack of 3"]);
  assert.deepEqual(acks("gateway"), ["ack of 1"]);
});

// ── Whatever the order ──

type Step =
  | { kind: "open"; hasBody: boolean; holding: boolean }
  | { kind: "upload" | "finish" | "answer" | "whole" | "deliver"; stream: number }
  | { kind: "release"; stream: number; side: Side }
  | { kind: "move"; side: Side }
  | { kind: "flush"; side: Side }
  | { kind: "redial" };

const side = fc.constantFrom<Side>("gateway", "runner");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("open"), hasBody: fc.boolean(), holding: fc.boolean() }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom("upload", "finish", "finish", "answer", "answer", "whole", "deliver", "release"),
      stream: fc.nat(),
      side,
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom("move", "move", "flush"), side }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("redial") }) },
) as fc.Arbitrary<Step>;

interface Both {
  gateway: Stream;
  holding: boolean;
  runner: { stream: Stream; handler: RecordingHandler; answers: number } | null;
}

/** A pair of sessions, and both ends of their streams by request id from 1 on. */
class Exchanges {
  readonly pair = new SessionPair().connect();
  readonly streams: Both[] = [];

  constructor() {
    this.pair.onServe = (handler) => {
      const stream = handler.stream!;
      const both = this.streams[stream.requestId - 1];
      handler.holding = both.holding;
      both.runner = { stream, handler, answers: 0 };
    };
  }

  /** Does a step, if there is something to do it with. */
  take(step: Step): void {
    const { pair, streams } = this;
    if (step.kind === "open") {
      const { hasBody, holding } = step;
      streams.push({ gateway: pair.open("http", requestStart({ hasBody })).stream, holding, runner: null });
    } else if (step.kind === "move") {
      pair.write(step.side);
      pair.read(step.side === "gateway" ? "runner" : "gateway");
    } else if (step.kind === "flush") {
      pair.flush(step.side);
    } else if (step.kind === "redial") {
      pair.cut();
      pair.redial();
    } else if (streams.length > 0) {
      const both = streams[step.stream % streams.length];
      if (step.kind === "upload" || step.kind === "finish") this.#ask(both.gateway, step.kind === "finish");
      else if (step.kind === "deliver") both.runner?.handler.deliver();
      else if (step.kind !== "release") this.#answer(both, step.kind === "whole");
      else if (step.side === "gateway") this.#release(both.gateway);
      else this.#release(both.runner?.stream);
    }
  }

  /** More of a request's body, or its end. */
  #ask(stream: Stream, last: boolean): void {
    if (!stream.sendDone) stream.push(last ? bodyEnd() : bodyChunk(3));
  }

  /** The next frame of an answer: all of it, if that is wanted and may be. */
  #answer({ runner }: Both, whole: boolean): void {
    if (runner === null || runner.stream.sendDone) return;
    const { stream } = runner;
    const mayBeWhole = runner.answers === 0 && stream.receiveDone && stream.receive.undelivered === 0;
    if (whole && mayBeWhole) stream.push(response(5));
    else stream.push(runner.answers === 0 ? responseStart() : bodyEnd());
    runner.answers++;
  }

  #release(stream: Stream | undefined): void {
    if (stream?.sendDone && stream.handler !== null) stream.release();
  }
}

Deno.test("every frame that was delivered is acknowledged in the end, in whichever order things happen", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const exchanges = new Exchanges();
      const { pair, streams } = exchanges;
      for (const step of steps) exchanges.take(step);
      // Links go on until neither side has more to say. Of themselves they flush only when they were asked to.
      let turns = 0;
      do {
        assert.ok(turns++ < 50, "there is no end to it");
        for (const side of ["gateway", "runner"] as const) {
          pair.flush(side);
          exchanges.take({ kind: "move", side });
        }
      } while (pair.timers.size > 0 || pair.gateway.hasFrames || pair.runner.hasFrames);
      for (const { gateway, runner } of streams) {
        assert.ok(runner !== null);
        assert.equal(gateway.send.acknowledgedIndex, runner.stream.receive.deliveredIndex, "of a request");
        assert.equal(runner.stream.send.acknowledgedIndex, gateway.receive.deliveredIndex, "of an answer");
        assert.deepEqual([gateway.ackOwed, runner.stream.ackOwed], ["no", "no"]);
      }
    }),
    { numRuns: 300 },
  );
});
