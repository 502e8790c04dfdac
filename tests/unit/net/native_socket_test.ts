/** What a socket does when it is read and written by the system's own calls, and what the runtime can do meanwhile. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { highWaterBytes, nativeSocketCount, useNativeSockets } from "../../../lib/net/mod.ts";
import { bytePool } from "../../../lib/session/mod.ts";
import { bounded } from "../../support/bounded.ts";
import { eventually } from "../../support/stack.ts";
import { connection, dropped, End, nativePair, onLinux, withBrittlePeer } from "./native_pair.ts";

// A buffer that is still to be written when it is given back, or is given back twice, shows.
bytePool.beStrict();

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: !onLinux, fn: run });
}

/** Of which no two stretches nearby are alike. */
function pattern(from: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = (from + i) % 251;
  return bytes;
}

const step = fc.record({
  on: fc.constantFrom(0 as const, 1 as const),
  how: fc.constantFrom("write", "write", "claim", "owned", "flush", "pause", "resume", "turn", "finish"),
  /** On both sides of what is gathered, of a read buffer, and of what the kernel takes at once. */
  size: fc.oneof(
    fc.constantFrom(1, 1_023, 1_024, 1_025, 4_097, 32_769, 65_536, 300_000, 3_000_000),
    fc.integer({ min: 1, max: 9_000 }),
  ),
});

test("whatever is written, paused and ended at either end, the other one has all of it, in order, and then its end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const ends = await nativePair();
      const sent = [0, 0];
      const finished = [false, false];
      const finish = (on: number) => {
        if (!finished[on]) ends[on].socket.closeWrite();
        finished[on] = true;
      };
      for (const { on, how, size } of steps) {
        const { socket } = ends[on];
        if (how === "turn") await new Promise((resolve) => setTimeout(resolve, 0));
        else if (how === "flush") socket.flush();
        else if (how === "pause") socket.pause();
        else if (how === "resume") socket.resume();
        else if (how === "finish") finish(on);
        if (!["write", "claim", "owned"].includes(how) || finished[on]) continue;
        const bytes = pattern(sent[on], size);
        sent[on] += size;
        if (how === "write") socket.write(bytes);
        else if (how === "claim") socket.claim(size)!.set(bytes, socket.claimedAt);
        else {
          const owned = bytePool.take(size);
          owned.set(bytes);
          socket.writeOwned(owned);
        }
      }
      for (const on of [0, 1]) {
        ends[on].socket.resume();
        finish(on);
      }
      await eventually(() => ends, (ends) => ends.every((end) => end.hasEnded));
      for (const on of [0, 1]) {
        assert.equal(Buffer.compare(ends[1 - on].bytes, pattern(0, sent[on])), 0, `what end ${on} sent`);
        assert.equal(ends[on].socket.sentBytes, sent[on]);
        assert.equal(ends[on].socket.receivedBytes, sent[1 - on]);
        assert.equal(ends[on].closedBy, undefined);
      }
      await dropped(...ends);
    }),
    { numRuns: 80 },
  );
});

test("it is told when a peer that reads slowly has taken what was above the high-water mark", async () => {
  const [near, far] = await nativePair();
  far.socket.pause();
  near.socket.write(pattern(0, 8_000_000));
  assert.equal(near.socket.congested, true);
  await eventually(() => near.socket.bufferedBytes, (left) => left < 8_000_000);
  assert.ok(near.socket.bufferedBytes > highWaterBytes, "the kernel was not to take it all");
  assert.equal(near.drains, 0);
  far.socket.resume();
  await eventually(() => far.socket.receivedBytes, (count) => count === 8_000_000);
  assert.equal(near.drains, 1);
  assert.equal(near.socket.congested, false);
  await dropped(near, far);
});

test("a paused socket takes no more than the read under way", async () => {
  const [near, far] = await nativePair();
  far.socket.pause();
  for (let i = 0; i < 50; i++) {
    near.socket.write(pattern(0, 100_000));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.ok(
    far.socket.receivedBytes <= far.socket.largestReadBytes,
    `${far.socket.receivedBytes} bytes were read`,
  );
  far.socket.resume();
  await eventually(() => far.socket.receivedBytes, (count) => count === 5_000_000);
  await dropped(near, far);
});

test("a peer that resets is an error to who reads", async () => {
  const { near, reset } = await withBrittlePeer();
  reset();
  const error = await eventually(() => near.closedBy, (error) => error !== undefined);
  assert.ok(error instanceof Deno.errors.ConnectionReset);
  await dropped(near);
});

test("a peer that resets while much is written to it is the end of what is read, and nothing is kept for it", async () => {
  const { near, reset } = await withBrittlePeer();
  near.socket.write(pattern(0, 20_000_000));
  await eventually(() => near.socket.sentBytes, (count) => count > 0);
  reset();
  await eventually(() => near.hasEnded || near.closedBy !== undefined, (told) => told);
  assert.equal(near.socket.bufferedBytes, 0);
  near.socket.write(pattern(0, 100));
  assert.equal(near.socket.bufferedBytes, 0);
  await dropped(near);
});

test("what is written to a peer that has gone is lost without a crash, and a paused socket notices then", async () => {
  const { near, reset, paused } = await withBrittlePeer();
  await paused();
  reset();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(near.closedBy, undefined);
  near.socket.write(pattern(0, 100));
  const error = await eventually(() => near.closedBy, (error) => error !== undefined);
  assert.match(error?.message ?? "", /os error/);
  await dropped(near);
});

test("a peer that resets is noticed at once by a paused socket that is to end then, and what was not read is dropped", async () => {
  const { near, reset, paused, send } = await withBrittlePeer();
  near.socket.endsOnReset = true;
  await paused();
  send(5_000);
  reset();
  const error = await eventually(() => near.closedBy, (error) => error !== undefined);
  assert.ok(error instanceof Deno.errors.ConnectionReset);
  assert.ok(near.socket.receivedBytes < 5_000);
  await dropped(near);
});

test("a peer that has ended, and resets when it is written to, has all it sent read when a paused socket goes on", async () => {
  const [conn, far] = await connection();
  assert.equal(useNativeSockets(), null);
  const near = new End(conn);
  near.socket.endsOnReset = true;
  near.socket.start();
  await far.write(pattern(0, 1));
  await eventually(() => near.socket.receivedBytes, (count) => count === 1);
  near.socket.pause();
  // The read under way is still made.
  await far.write(pattern(1, 1));
  await eventually(() => near.socket.receivedBytes, (count) => count === 2);
  await far.write(pattern(2, 5_000));
  far.close();
  near.socket.write(pattern(0, 100));
  await eventually(() => near.socket.bufferedBytes, (count) => count === 0);
  // Its reset has come when another event of the same queue has been told.
  const [other, last] = await nativePair();
  for (let round = 0; round < 5; round++) {
    other.socket.write(pattern(round, 1));
    await eventually(() => last.socket.receivedBytes, (count) => count === round + 1);
  }
  assert.equal(near.closedBy, undefined);
  near.socket.resume();
  await eventually(() => near.hasEnded, (ended) => ended);
  assert.equal(Buffer.compare(near.bytes, pattern(0, 5_002)), 0);
  assert.equal(near.closedBy, undefined);
  await dropped(near, other, last);
});

test("it works over IPv6, and with the other end left to the runtime", async () => {
  const [near, far] = await nativePair("::1");
  near.socket.write(pattern(0, 70_000));
  await eventually(() => far.socket.receivedBytes, (count) => count === 70_000);
  await dropped(near, far);

  const [own, other] = await connection();
  const native = new End(own);
  native.socket.start();
  assert.equal(nativeSocketCount(), 1);
  await other.write(new TextEncoder().encode("to it"));
  native.socket.write(new TextEncoder().encode("from it"));
  const buffer = new Uint8Array(20);
  const count = await other.read(buffer);
  assert.equal(new TextDecoder().decode(buffer.subarray(0, count!)), "from it");
  await eventually(() => native.bytes.toString(), (text) => text === "to it");
  other.close();
  await dropped(native);
});

test("descriptors are used again: connections that come and go are each their own", async () => {
  for (let round = 0; round < 60; round++) {
    const pairs = [await nativePair(), await nativePair(), await nativePair()];
    for (const [i, [near, far]] of pairs.entries()) {
      near.socket.write(pattern(i, 3_000));
      far.socket.write(pattern(i + 100, 2_000));
    }
    // One goes while the others are at it.
    const [gone] = pairs.splice(round % 3, 1);
    for (const { socket } of gone) socket.destroy(null);
    for (const [near, far] of pairs) {
      await eventually(
        () => far.socket.receivedBytes + near.socket.receivedBytes,
        (count) => count === 5_000,
      );
      const i = far.bytes[0];
      assert.equal(Buffer.compare(far.bytes, pattern(i, 3_000)), 0);
      assert.equal(Buffer.compare(near.bytes, pattern(i + 100, 2_000)), 0);
    }
    await dropped(...pairs.flat());
  }
});

test("while sockets are busy without a pause, timers, files, and the runtime's own connections get their turn", async () => {
  const [near, far] = await nativePair();
  let isBusy = true;
  let turns = 0;
  // Each piece is answered by the next: there is never a moment without an event.
  const again = (end: End) => (bytes: Uint8Array) => {
    turns++;
    if (isBusy) end.socket.write(bytes.slice());
  };
  near.data = again(near);
  far.data = again(far);
  near.socket.write(pattern(0, 10));
  const others = async () => {
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await Deno.stat(".");
      const [one, other] = await connection();
      await one.write(new Uint8Array(5));
      assert.equal(await other.read(new Uint8Array(9)), 5);
      one.close();
      other.close();
    }
  };
  await bounded(others(), "what the runtime does");
  assert.ok(turns > 100, `${turns} pieces went round`);
  isBusy = false;
  await dropped(near, far);
});

test("an owner that throws loses its own connection, and no other one", async () => {
  const [near, far] = await nativePair();
  const [nextNear, nextFar] = await nativePair();
  far.data = () => {
    throw new Error("of its own making");
  };
  near.socket.write(pattern(0, 10));
  nextNear.socket.write(pattern(0, 10));
  await eventually(() => far.closedBy, (error) => error !== undefined);
  assert.equal(far.closedBy?.message, "of its own making");
  await eventually(() => nextFar.socket.receivedBytes, (count) => count === 10);
  await dropped(near, far, nextNear, nextFar);
});

test("of small writes that the kernel takes in part, nothing is written twice and nothing from behind them", async () => {
  const [near, far] = await nativePair();
  let sent = 0;
  for (let cycle = 0; cycle < 20; cycle++) {
    far.socket.pause();
    // One by one, until the kernel takes no more: of the last one it has taken a part, mostly.
    while (near.socket.bufferedBytes === 0) {
      const size = 1 + (sent + cycle * 997) % 3_900;
      near.socket.write(pattern(sent, size));
      near.socket.flush();
      sent += size;
    }
    far.socket.resume();
    await eventually(() => far.socket.receivedBytes, (count) => count >= sent);
    assert.equal(near.socket.bufferedBytes, 0);
  }
  assert.ok(far.bytes.equals(Buffer.from(pattern(0, sent))));
  await dropped(near, far);
});
