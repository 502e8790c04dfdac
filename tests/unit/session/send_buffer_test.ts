import assert from "node:assert/strict";
import fc from "fast-check";
import { frameTypes, maxWindowBytes, payloadBytes, type SequencedFrame } from "../../../lib/protocol/mod.ts";
import { frameCostBytes, keptPayloadBytes, SendBuffer } from "../../../lib/session/mod.ts";
import { bodyChunk, requestStart } from "./frames.ts";

const credit = maxWindowBytes;

function takeSendable(buffer: SendBuffer): SequencedFrame[] {
  const frames: SequencedFrame[] = [];
  for (let frame = buffer.next(); frame !== null; frame = buffer.next()) frames.push(frame);
  return frames;
}

function assertEmpty(buffer: SendBuffer, why: string): void {
  const { frames, slots, bufferedBytes, sendable, unacknowledgedFrames } = buffer;
  assert.deepEqual({ frames, slots, bufferedBytes, sendable, unacknowledgedFrames }, {
    frames: 0,
    slots: 0,
    bufferedBytes: 0,
    sendable: false,
    unacknowledgedFrames: 0,
  }, why);
  assert.equal(buffer.next(), null, why);
}

/** Each leaves a buffer that held something, or nothing, empty. */
const emptied: Record<string, (buffer: SendBuffer) => void> = {
  "never held anything": () => {},
  "dropped the body it did not have": (buffer) => buffer.dropUnsentBody(),
  "dropped all it had": (buffer) => {
    buffer.push(bodyChunk(3));
    buffer.dropUnsentBody();
  },
  "gave away nothing": (buffer) => void buffer.takeAll(),
  "gave away all it had": (buffer) => {
    buffer.push(bodyChunk(3));
    buffer.push(bodyChunk(keptPayloadBytes + 1));
    buffer.next();
    buffer.takeAll();
  },
  "had all it had acknowledged": (buffer) => {
    for (let i = 0; i < 3; i++) buffer.push(bodyChunk(3));
    takeSendable(buffer);
    buffer.acknowledge(buffer.nextIndex, credit);
  },
};

for (const [what, empty] of Object.entries(emptied)) {
  Deno.test(`a buffer that ${what} is empty, and what it takes then is seen by no other`, () => {
    const [buffer, other] = [new SendBuffer(credit), new SendBuffer(credit)];
    empty(buffer);
    assertEmpty(buffer, "emptied");
    const [first, second] = [requestStart(), bodyChunk(2)];
    buffer.push(first);
    buffer.push(second);
    for (const each of [other, new SendBuffer(credit)]) assertEmpty(each, "another");
    for (const empty of Object.values(emptied)) {
      const another = new SendBuffer(credit);
      empty(another);
      assertEmpty(another, "another that was emptied");
    }
    other.push(bodyChunk(9));
    assert.equal(buffer.frames, 2);
    assert.deepEqual(takeSendable(buffer), [first, second]);
    assert.deepEqual(takeSendable(other).map(payloadBytes), [9]);
  });
}

Deno.test("what a buffer gave away stays as it was given, whatever is pushed afterwards", () => {
  const [buffer, other] = [new SendBuffer(credit), new SendBuffer(credit)];
  const none = buffer.takeAll();
  buffer.push(bodyChunk(1));
  const one = buffer.takeAll();
  one.push(bodyChunk(7));
  none.push(bodyChunk(8));
  for (const each of [buffer, other, new SendBuffer(credit)]) {
    assertEmpty(each, "lists given away are their own");
  }
  buffer.push(bodyChunk(2));
  assert.deepEqual([none, one, takeSendable(buffer)].map((frames) => frames.map(payloadBytes)), [
    [8],
    [1, 7],
    [2],
  ]);
});

// ── Against lists of frames ──

type Step =
  & { buffer: number }
  & (
    | { kind: "push"; bytes: number }
    | { kind: "send" | "acknowledge"; count: number }
    | { kind: "drop" | "takeAll" | "rewind" }
  );

const buffer = fc.nat(1);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      buffer,
      kind: fc.constant("push"),
      bytes: fc.oneof(fc.nat(3), fc.constantFrom(keptPayloadBytes, keptPayloadBytes + 1)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ buffer, kind: fc.constantFrom("send", "acknowledge"), count: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ buffer, kind: fc.constantFrom("drop", "takeAll", "rewind") }) },
) as fc.Arbitrary<Step>;

/** A buffer and what it should hold: of each frame its number, since payloads may be copied. */
class Checked {
  readonly buffer = new SendBuffer(credit);
  #held: { number: number; bytes: number; isChunk: boolean }[] = [];
  #sent = 0;

  take(step: Step, number: number): void {
    const { buffer } = this;
    if (step.kind === "push") {
      const isChunk = step.bytes > 0;
      // Numbered where it can be seen: in its payload, or in its method.
      const bytes = new Uint8Array(step.bytes).fill(number);
      buffer.push(isChunk ? bodyChunk(bytes) : requestStart({ method: `${number & 0xff}` }));
      this.#held.push({ number: number & 0xff, bytes: step.bytes, isChunk });
    } else if (step.kind === "send") {
      for (let i = 0; i < step.count; i++) this.#send();
    } else if (step.kind === "acknowledge") {
      const count = Math.min(step.count, this.#sent);
      buffer.acknowledge((buffer.acknowledgedIndex + count) & 0xffff, credit);
      this.#held.splice(0, count);
      this.#sent -= count;
    } else if (step.kind === "rewind") {
      buffer.rewind(buffer.nextIndex);
    } else if (step.kind === "drop") {
      buffer.dropUnsentBody();
      this.#held = this.#held.filter(({ isChunk }, i) => i < this.#sent || !isChunk);
    } else {
      assert.deepEqual(buffer.takeAll().map(numberOf), this.#held.map(({ number }) => number));
      this.#held = [];
      this.#sent = 0;
    }
    this.check();
  }

  check(): void {
    const { buffer } = this;
    assert.equal(buffer.frames, this.#held.length);
    assert.equal(buffer.unacknowledgedFrames, this.#sent);
    const payload = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.equal(buffer.payloadBytes, payload);
    assert.equal(buffer.bufferedBytes, payload + this.#held.length * frameCostBytes);
    assert.equal(buffer.sendable, this.#held.length > this.#sent);
  }

  #send(): void {
    const frame = this.buffer.next();
    const expected = this.#held[this.#sent];
    assert.equal(frame === null ? undefined : numberOf(frame), expected?.number);
    if (frame !== null) this.#sent++;
  }
}

function numberOf(frame: SequencedFrame): number {
  if (frame.type === frameTypes.requestStart) return Number(frame.method);
  assert.ok(frame.type === frameTypes.bodyChunk);
  return frame.bytes[0];
}

Deno.test("two buffers driven in turns hold their own frames, in order, as two lists would", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
      const buffers = [new Checked(), new Checked()];
      for (const [number, step] of steps.entries()) {
        buffers[step.buffer].take(step, number);
        buffers[1 - step.buffer].check();
      }
      assertEmpty(new SendBuffer(credit), "a new one");
    }),
    { numRuns: 300 },
  );
});
