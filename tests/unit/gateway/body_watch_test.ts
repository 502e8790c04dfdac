import assert from "node:assert/strict";
import fc from "fast-check";
import { BodyWatch } from "../../../lib/gateway/body_watch.ts";

/** A client's upload, looked at once a second. */
class Upload {
  readonly socket = { receivedBytes: 0, paused: false };
  readonly exchange = {
    answers: false,
    refusals: [] as [message: string, status: number][],
    requestBroken(message: string, status: number) {
      this.refusals.push([message, status]);
    },
  };
  readonly #watch = new BodyWatch(this.socket);
  #nowMs = 1_000;

  look(timeoutMs = 60_000): void {
    this.#nowMs += 1_000;
    this.#watch.check(this.exchange, this.#nowMs, timeoutMs);
  }

  looks(count: number, timeoutMs?: number): number {
    for (let i = 0; i < count; i++) this.look(timeoutMs);
    return this.exchange.refusals.length;
  }
}

Deno.test("an upload of which no more comes is refused with 408 after the timeout, and not before", () => {
  const upload = new Upload();
  upload.socket.receivedBytes = 10;
  assert.equal(upload.looks(60), 0);
  assert.equal(upload.looks(1), 1);
  assert.deepEqual(upload.exchange.refusals, [["No more of the request's body came for 60 s.", 408]]);
});

Deno.test("an upload that comes byte by byte is not refused, nor one that is answered, nor without a timeout", () => {
  const slow = new Upload();
  for (let i = 0; i < 10; i++) {
    slow.socket.receivedBytes++;
    assert.equal(slow.looks(60), 0);
  }
  const answered = new Upload();
  answered.exchange.answers = true;
  assert.equal(answered.looks(1_000), 0);
  assert.equal(new Upload().looks(1_000, 0), 0);
});

Deno.test("a client that is not read is not the one that is slow: it has the whole time when it is read on", () => {
  const upload = new Upload();
  upload.looks(50);
  upload.socket.paused = true;
  assert.equal(upload.looks(500), 0);
  upload.socket.paused = false;
  assert.equal(upload.looks(59), 0);
  assert.equal(upload.looks(1), 1);
});

Deno.test("whatever happens, who is refused was wanted and silent for all of the timeout", () => {
  const anyStep = fc.record({ bytes: fc.nat(1), paused: fc.boolean() });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), fc.integer({ min: 1, max: 10 }), (steps, seconds) => {
      const upload = new Upload();
      let silent = -1;
      for (const { bytes, paused } of steps) {
        upload.socket.receivedBytes += bytes;
        upload.socket.paused = paused;
        silent = paused || bytes > 0 || silent === -1 ? 0 : silent + 1;
        const before = upload.exchange.refusals.length;
        upload.look(seconds * 1_000);
        assert.equal(upload.exchange.refusals.length > before, silent >= seconds);
      }
    }),
  );
});
