import assert from "node:assert/strict";
import fc from "fast-check";
import { initialWindowBytes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import { AcknowledgementQueue, type OwedChange } from "../../../lib/session/acknowledgement_queue.ts";
import { bodyEnd, Stream } from "../../../lib/session/mod.ts";
import { bodyChunk, gatewayId, requestStart, response, responseStart, sent } from "./frames.ts";

/** A queue, and streams of a runner that owe to it. */
class Debts {
  readonly queue = new AcknowledgementQueue();
  /** What the queue has asked for. */
  readonly changes: OwedChange[] = [];
  /** How often anyone has looked whether a stream that was made by {@link watched} owes something. */
  looks = 0;
  #nextId = 1;

  stream(): Stream {
    return new Stream({
      gatewayId,
      requestId: this.#nextId++,
      kind: "http",
      opener: false,
      peerWindow: initialWindowBytes,
      ownWindow: initialWindowBytes,
      owner: {
        sendable: () => {},
        acknowledge: (stream, now) => this.changes.push(this.queue.owe(stream, now)),
        settle: () => {},
        buffered: () => {},
      },
    });
  }

  /** As {@link stream}: what the queue holds is what it looks at when it is flushed. */
  watched(): Stream {
    const stream = this.stream();
    let owed = stream.ackOwed;
    Object.defineProperty(stream, "ackOwed", {
      get: () => {
        this.looks++;
        return owed;
      },
      set: (value: Stream["ackOwed"]) => owed = value,
    });
    return stream;
  }

  /** Looks that a flush takes. */
  looksOfFlush(): number {
    this.looks = 0;
    this.queue.flush();
    return this.looks;
  }

  /** The ids of the streams whose acknowledgement a message says now. */
  write(withData: boolean): number[] {
    const written = this.queue.takeDue(withData).filter(({ ackOwed }) => ackOwed === "now");
    for (const stream of written) stream.ackFrame();
    return written.map(({ requestId }) => requestId);
  }
}

/** Streams that differ are told apart by their ids: they are too large to be compared, or shown. */
function idsOf(...streams: readonly Stream[]): number[] {
  return streams.map(({ requestId }) => requestId);
}

/** The stream's next frame comes and is delivered, since nobody holds it back. */
function take(stream: Stream, frame: SequencedFrame): void {
  stream.accept(sent(stream.requestId, stream.receive.receivedIndex, frame));
}

/** A request comes, and owes its acknowledgement from then on. */
function asked(stream: Stream): Stream {
  take(stream, requestStart());
  return stream;
}

function answered(stream: Stream): Stream {
  asked(stream).push(response());
  return stream;
}

Deno.test("streams that come and go by the thousand while a timer runs are not held until it ends", () => {
  const debts = new Debts();
  for (let i = 0; i < 5_000; i++) answered(debts.watched());
  assert.deepEqual(new Set(debts.changes), new Set(["timer", "nothing"]));
  assert.ok(debts.looksOfFlush() <= 64, `${debts.looks} looks`);
  assert.deepEqual(debts.write(true), []);
});

Deno.test("those that owe among thousands that owe nothing any more are all held, and looked at a few times each", () => {
  const debts = new Debts();
  const owing: Stream[] = [];
  for (let i = 0; i < 10_000; i++) {
    const stream = debts.watched();
    if (i % 5 === 0) owing.push(asked(stream));
    else answered(stream);
  }
  assert.ok(debts.looks < 20 * 10_000, `${debts.looks} looks`);
  const looks = debts.looksOfFlush();
  assert.ok(looks < 5 * owing.length, `${looks} looks`);
  assert.deepEqual(debts.write(false), idsOf(...owing));
  assert.deepEqual(debts.write(true), []);
});

Deno.test("a stream that owes already is held once, however much more it owes", () => {
  const debts = new Debts();
  const stream = debts.watched();
  take(stream, requestStart({ hasBody: true }));
  for (let i = 0; i < 60; i++) take(stream, bodyChunk(1));
  assert.equal(stream.ackOwed, "soon");
  assert.ok(debts.looksOfFlush() < 10, `${debts.looks} looks`);
  assert.deepEqual(debts.write(false), idsOf(stream));
});

Deno.test("after many have owed at once, as few as ever are held of those that come and go", () => {
  for (const end of ["flush", "clear"] as const) {
    const debts = new Debts();
    for (let i = 0; i < 3_000; i++) asked(debts.stream());
    debts.queue[end]();
    for (let i = 0; i < 1_500; i++) answered(debts.watched());
    assert.ok(debts.looksOfFlush() <= 64, `${debts.looks} looks after ${end}`);
  }
});

Deno.test("a stream whose turn came before the timer's is not said again by it", () => {
  const debts = new Debts();
  const [urgent, patient] = [asked(debts.stream()), asked(debts.stream())];
  debts.queue.owe(urgent, true);
  assert.deepEqual(debts.write(false), idsOf(urgent));
  debts.queue.flush();
  assert.deepEqual(debts.write(false), idsOf(patient));
});

Deno.test("a stream that owes again before the timer ends is said once by it", () => {
  const debts = new Debts();
  const stream = debts.stream();
  take(stream, requestStart({ hasBody: true }));
  debts.queue.owe(stream, true);
  assert.deepEqual(debts.write(false), idsOf(stream));
  take(stream, bodyChunk(1));
  take(stream, bodyChunk(1));
  debts.queue.flush();
  assert.deepEqual(debts.write(false), idsOf(stream));
  assert.deepEqual(debts.write(true), []);
});

Deno.test("nothing is owed any more once all is cleared, whichever way it was owed", () => {
  const debts = new Debts();
  const due = asked(debts.stream());
  debts.queue.flush();
  const [soon, last] = [asked(debts.stream()), asked(debts.stream())];
  last.push(responseStart());
  last.push(bodyEnd());
  assert.equal(debts.queue.isDue, true);
  debts.queue.clear();
  assert.equal(debts.queue.isDue, false);
  assert.deepEqual([soon, last, due].map(({ ackOwed }) => ackOwed), ["no", "no", "no"]);
  debts.queue.flush();
  assert.deepEqual(debts.write(true), []);
  const again = [last, soon, due].map((stream) => debts.queue.owe(stream, false));
  assert.deepEqual(again, ["timer", "nothing", "nothing"]);
  debts.queue.flush();
  assert.deepEqual(debts.write(false).sort(), idsOf(due, soon, last));
});

Deno.test("a timer is asked for when the first is owed, be it a last one, and again when the timer has ended", () => {
  for (const isLast of [false, true]) {
    const debts = new Debts();
    const owe = () => {
      const stream = debts.stream();
      if (isLast) {
        stream.push(responseStart());
        stream.push(bodyEnd());
      }
      return asked(stream);
    };
    for (let i = 0; i < 3; i++) owe();
    assert.deepEqual(debts.changes, ["timer", "nothing", "nothing"]);
    debts.queue.flush();
    assert.equal(debts.write(false).length, 3);
    owe();
    assert.deepEqual(debts.changes.slice(3), ["timer"]);
  }
});

Deno.test("a last acknowledgement goes out with data or with the timer, others with the timer alone", () => {
  for (const withData of [true, false]) {
    const debts = new Debts();
    const [last, soon] = [asked(debts.stream()), asked(debts.stream())];
    last.push(responseStart());
    last.push(bodyEnd());
    assert.equal(debts.queue.isDue, false);
    assert.deepEqual(debts.write(withData), withData ? idsOf(last) : []);
    debts.queue.flush();
    assert.equal(debts.queue.isDue, true);
    assert.deepEqual(debts.write(false).sort(), withData ? idsOf(soon) : idsOf(last, soon));
  }
});

type Step = { stream: number; kind: "asked" | "chunk" | "end" | "answered" | "whole" | "now" } | {
  kind: "flush" | "data" | "control" | "clear";
};

Deno.test("whatever is owed and said, a flush says all that is owed and nothing else, and each of it once", () => {
  const ofStream = fc.record({
    stream: fc.nat(200),
    kind: fc.constantFrom("asked", "asked", "chunk", "end", "answered", "whole", "now"),
  });
  const ofQueue = fc.record({ kind: fc.constantFrom("flush", "data", "control", "clear") });
  const step = fc.oneof({ weight: 20, arbitrary: ofStream }, {
    weight: 1,
    arbitrary: ofQueue,
  }) as fc.Arbitrary<
    Step
  >;
  fc.assert(
    fc.property(fc.array(step as fc.Arbitrary<Step>, { maxLength: 300, size: "max" }), (steps) => {
      const debts = new Debts();
      const streams = new Map<number, Stream>();
      const owing = () => [...streams.values()].filter(({ ackOwed }) => ackOwed !== "no");
      const owed = () => new Set(idsOf(...owing()));
      let timer = false;
      for (const step of steps) {
        debts.changes.length = 0;
        if ("stream" in step) {
          oweBy(step.kind, streams, step.stream, debts);
        } else if (step.kind === "clear") {
          debts.queue.clear();
          timer = false;
          assert.equal(owed().size, 0);
        } else {
          const before = owed();
          if (step.kind === "flush") {
            debts.queue.flush();
            timer = false;
          }
          const written = debts.write(step.kind === "data");
          assert.equal(new Set(written).size, written.length);
          assert.ok(new Set(written).isSubsetOf(before));
          if (step.kind === "flush") assert.equal(written.length, before.size);
        }
        timer ||= debts.changes.includes("timer");
        for (const stream of owing()) assert.ok(stream.ackOwed === "now" || timer, "nobody would flush it");
      }
      debts.queue.flush();
      const left = owed();
      assert.equal(new Set(debts.write(false)).symmetricDifference(left).size, 0);
    }),
    // To look for a shorter sequence would take half a minute.
    { numRuns: 60, endOnFailure: true },
  );
});

/** Something happens to a stream that has a bearing on what it owes. One that is over may make way for another. */
function oweBy(
  kind: Extract<Step, { stream: number }>["kind"],
  streams: Map<number, Stream>,
  id: number,
  debts: Debts,
): void {
  const stream = streams.get(id);
  if (stream === undefined) {
    const made = debts.stream();
    streams.set(id, made);
    take(made, requestStart({ hasBody: id % 2 === 0 }));
  } else if (kind === "chunk" || kind === "end") {
    if (!stream.receiveDone) take(stream, kind === "chunk" ? bodyChunk(1) : bodyEnd());
  } else if (kind === "answered" || kind === "whole") {
    if (stream.sendDone) return;
    if (kind === "whole" && stream.receiveDone) stream.push(response());
    else for (const frame of [responseStart(), bodyEnd()]) stream.push(frame);
  } else if (kind === "now") {
    if (stream.ackOwed === "soon") debts.changes.push(debts.queue.owe(stream, true));
  } else if (stream.sendDone && stream.receiveDone && stream.ackOwed === "no") {
    streams.delete(id);
  }
}
