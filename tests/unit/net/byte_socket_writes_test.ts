/** How writes are gathered: in which blocks they lie until they are written, and when that is. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { EncodeError, writeLastChunk, writeRequestHead, writeResponseHead } from "../../../lib/http1/mod.ts";
import type { ByteSocket } from "../../../lib/net/mod.ts";
import { aloneAfterTurns, highWaterBytes } from "../../../lib/net/byte_socket.ts";
import { bytePool } from "../../../lib/session/mod.ts";
import { connected, nextTurn, readAll, written } from "./loopback.ts";

// A buffer that is still to be written when it is given back, or is given back twice, shows.
bytePool.beStrict();

const smallBlockBytes = 4_096;
const largeBlockBytes = 32_768;

/** On both sides of nothing, of either block, and of what the pool has. */
const size = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    100,
    4_095,
    4_096,
    4_097,
    28_672,
    32_767,
    32_768,
    32_769,
    65_536,
    262_144,
    262_145,
  ),
  fc.integer({ min: 0, max: 6_000 }),
);
const step = fc.record({
  /** Which of two sockets: they share the blocks. */
  on: fc.constantFrom(0, 1),
  how: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom("write" as const, "owned" as const, "claim" as const, "unclaim" as const),
    },
    { weight: 1, arbitrary: fc.constantFrom("flush" as const, "flushAlone" as const, "turn" as const) },
  ),
  size,
});

/** Bytes of one socket's, of which no two stretches nearby are alike. */
function fill(bytes: Uint8Array, at: number, count: number, next: number, on: number): void {
  for (let i = 0; i < count; i++) bytes[at + i] = ((next + i) % 251 + on * 97) & 0xff;
}

Deno.test("whatever is written, handed over, claimed, taken back and flushed on two sockets, each peer reads its own and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const pairs = [await connected(), await connected()];
      const received = pairs.map(({ peer }) => readAll(peer));
      const sent = [0, 0];
      for (const { on, how, size } of steps) {
        const { socket } = pairs[on];
        if (how === "turn") await nextTurn();
        else if (how === "flush") socket.flush();
        else if (how === "flushAlone") socket.flushAlone();
        else if (how === "write") {
          const bytes = new Uint8Array(size);
          fill(bytes, 0, size, sent[on], on);
          socket.write(bytes);
          sent[on] += size;
        } else if (how === "owned") {
          const bytes = bytePool.take(size + 3);
          fill(bytes, 3, size, sent[on], on);
          socket.writeOwned(bytes.subarray(3));
          sent[on] += size;
        } else {
          const claimed = socket.claim(size)!;
          const { claimedAt } = socket;
          if (how === "claim") {
            fill(claimed, claimedAt, size, sent[on], on);
            sent[on] += size;
          } else {
            claimed.fill(0xdd, claimedAt, claimedAt + size);
            socket.unclaim(size);
          }
        }
      }
      for (const { socket } of pairs) socket.end();
      for (const on of [0, 1]) {
        const expected = new Uint8Array(sent[on]);
        fill(expected, 0, expected.length, 0, on);
        assert.equal(Buffer.compare(await received[on], expected), 0, `socket ${on}`);
        assert.equal(pairs[on].socket.sentBytes, sent[on]);
      }
    }),
    { numRuns: 100 },
  );
});

/** So many bytes that begin with `first` and count on. */
function counting(first: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (first + i) % 251);
}

Deno.test("what outgrows a small block goes into a large one with what was there, and is one write", async () => {
  const { socket, conn, peer } = await connected();
  const other = await connected();
  const all = counting(0, largeBlockBytes);
  socket.write(all.subarray(0, 3_000));
  socket.claim(1_096)!.set(all.subarray(3_000, smallBlockBytes), socket.claimedAt);
  // The small block is full.
  socket.claim(1)!.set(all.subarray(smallBlockBytes, smallBlockBytes + 1), socket.claimedAt);
  // It may be another socket's now.
  other.socket.write(new Uint8Array(smallBlockBytes).fill(0xdd));
  socket.write(all.subarray(smallBlockBytes + 1, 20_000));
  socket.write(all.subarray(20_000));
  await nextTurn();
  assert.deepEqual(conn.writes, [largeBlockBytes]);
  for (const pair of [socket, other.socket]) pair.end();
  assert.deepEqual(await readAll(peer), all);
  assert.deepEqual(await readAll(other.peer), new Uint8Array(smallBlockBytes).fill(0xdd));
});

Deno.test("what does not fit behind a full large block is written after it", async () => {
  const { socket, conn, peer } = await connected();
  const all = counting(0, largeBlockBytes + 5_000);
  socket.write(all.subarray(0, 4_000));
  socket.write(all.subarray(4_000, largeBlockBytes - 1));
  // Neither fits: one is small enough for a block of its own, the other goes in behind it.
  socket.write(all.subarray(largeBlockBytes - 1, largeBlockBytes + 1));
  socket.write(all.subarray(largeBlockBytes + 1));
  await written(socket);
  assert.deepEqual(conn.writes, [largeBlockBytes - 1, 5_001]);
  socket.end();
  assert.deepEqual(await readAll(peer), all);
});

Deno.test("what is taken back is not written: alone, behind others, and in a buffer of its own", async () => {
  for (const before of [0, 10, smallBlockBytes, largeBlockBytes]) {
    for (const count of [1, 100, smallBlockBytes, smallBlockBytes + 1, largeBlockBytes + 1, 300_000]) {
      const { socket, conn, peer } = await connected();
      const kept = counting(1, before);
      socket.write(kept);
      socket.claim(count)!.fill(0xdd, socket.claimedAt, socket.claimedAt + count);
      socket.unclaim(count);
      assert.equal(socket.bufferedBytes, before);
      await written(socket);
      const what = `${count} bytes behind ${before}`;
      assert.deepEqual(conn.writes, before === 0 ? [] : [before], what);

      socket.write(counting(7, 20));
      socket.end();
      assert.deepEqual(await readAll(peer), new Uint8Array([...kept, ...counting(7, 20)]), what);
    }
  }
});

Deno.test("a socket whose only claim is taken back still ends, and sends its FIN", async () => {
  for (const leave of [(socket: ByteSocket) => socket.end(), (socket: ByteSocket) => socket.closeWrite()]) {
    const { socket, peer } = await connected();
    socket.claim(10);
    socket.unclaim(10);
    leave(socket);
    assert.equal((await readAll(peer)).length, 0);
    socket.destroy(null);
  }
});

Deno.test("a head that cannot be written leaves nothing in a socket's queue, whatever its size", async () => {
  const { socket, peer } = await connected();
  const bad = (bytes: number) => ["X-Fine", "f".repeat(bytes), "X-Bad", "a\nb"];
  for (const bytes of [1, smallBlockBytes, largeBlockBytes, 100_000]) {
    for (const before of [[], ["A", "1"]]) {
      if (before.length > 0) writeResponseHead(socket, 100, "", before);
      assert.throws(() => writeResponseHead(socket, 200, "OK", bad(bytes)), EncodeError);
      assert.throws(() => writeRequestHead(socket, "GET", "/", bad(bytes)), EncodeError);
      assert.throws(() => writeLastChunk(socket, bad(bytes)), EncodeError);
    }
    await written(socket);
  }
  writeResponseHead(socket, 502, "Bad Gateway", []);
  socket.end();
  assert.equal(
    new TextDecoder().decode(await readAll(peer)),
    "HTTP/1.1 100 \r\nA: 1\r\n\r\n".repeat(4) + "HTTP/1.1 502 Bad Gateway\r\n\r\n",
  );
});

Deno.test("a claim past the high-water mark that is taken back leaves no socket congested for good", async () => {
  const { socket, peer } = await connected();
  socket.claim(highWaterBytes + 1);
  assert.equal(socket.congested, true);
  socket.unclaim(highWaterBytes + 1);
  // Nothing is left whose writing could end it.
  assert.equal(socket.congested, false);
  socket.end();
  assert.equal((await readAll(peer)).length, 0);
});

/** Writes a byte in each of as many turns as it takes for the next write to be thought to be alone. */
async function writeAlone({ socket, conn }: Pick<Awaited<ReturnType<typeof connected>>, "socket" | "conn">) {
  for (let turn = 0; turn < aloneAfterTurns; turn++) {
    conn.writes.length = 0;
    socket.write(new Uint8Array(1));
    socket.flushAlone();
    assert.deepEqual(conn.writes, [], `only ${turn} turns had one`);
    await written(socket);
    assert.deepEqual(conn.writes, [1]);
  }
  conn.writes.length = 0;
}

/** What {@link writeAlone} has written. */
const alone = new Uint8Array(aloneAfterTurns);

Deno.test("what may be all of its turn is written at once once that many turns had no more", async () => {
  const { socket, conn, peer } = await connected();
  await writeAlone({ socket, conn });
  for (const n of [1, 2, 3, 4]) {
    socket.write(counting(n, n));
    assert.equal(conn.writes.length, n - 1, "nothing is written before it is said to be all");
    socket.flushAlone();
    assert.deepEqual(conn.writes, [1, 2, 3, 4].slice(0, n));
    await written(socket);
  }
  socket.end();
  assert.deepEqual(await readAll(peer), new Uint8Array([...alone, 1, 2, 3, 3, 4, 5, 4, 5, 6, 7]));
});

Deno.test("what follows in the turn of a write that was thought to be all comes behind it", async () => {
  const { socket, conn, peer } = await connected();
  await writeAlone({ socket, conn });
  for (const n of [1, 2, 3]) {
    socket.write(counting(n, n));
    socket.flushAlone();
  }
  assert.deepEqual(conn.writes, [1], "the first is under way");
  await written(socket);
  assert.deepEqual(conn.writes, [1, 5], "the others are one write");
  socket.end();
  assert.deepEqual(await readAll(peer), new Uint8Array([...alone, 1, 2, 3, 3, 4, 5]));
});

Deno.test("after a turn with several writes, those of the next ones are joined at their end until enough had one", async () => {
  const { socket, conn, peer } = await connected();
  const send = (bytes: number) => {
    socket.write(new Uint8Array(bytes));
    socket.flushAlone();
  };
  await writeAlone({ socket, conn });
  send(1);
  send(2);
  await written(socket);
  conn.writes.length = 0;

  for (const bytes of [10, 20, 30]) send(bytes);
  assert.deepEqual(conn.writes, []);
  await written(socket);
  assert.deepEqual(conn.writes, [60]);

  await writeAlone({ socket, conn });
  send(200);
  assert.deepEqual(conn.writes, [200]);
  socket.end();
  assert.equal((await readAll(peer)).length, 263 + 2 * aloneAfterTurns);
});

Deno.test("turns in which a write is still under way count like any others", async () => {
  const { socket, conn, peer } = await connected();
  const send = (bytes: number) => {
    socket.write(new Uint8Array(bytes));
    socket.flushAlone();
  };
  /** More than the kernel takes while the peer does not read. */
  const block = async () => {
    send(32 * 1024 * 1024);
    await nextTurn();
    await nextTurn();
    assert.ok(socket.bufferedBytes > 0);
  };
  await writeAlone({ socket, conn });
  let received = -aloneAfterTurns;
  const read = async (until: number) => {
    const buffer = new Uint8Array(1024 * 1024);
    while (received < until) received += (await peer.read(buffer)) ?? assert.fail("the connection ended");
    await written(socket);
    conn.writes.length = 0;
  };

  await block();
  for (const _ of [1, 2, 3]) {
    send(1);
    await nextTurn();
  }
  await read(32 * 1024 * 1024 + 3);
  for (const n of [1, 2]) {
    send(1);
    assert.equal(conn.writes.length, n, "each was alone in its turn");
    await written(socket);
  }

  await block();
  send(1);
  send(1);
  await read(64 * 1024 * 1024 + 7);
  send(1);
  assert.deepEqual(conn.writes, [], "the last turn had two");
  socket.destroy(null);
  peer.close();
});

Deno.test("sockets that are written to in one turn do not count each other's writes", async () => {
  const pairs = [await connected(), await connected()];
  for (const pair of pairs) await writeAlone(pair);
  for (const _ of [1, 2, 3]) {
    for (const { socket, conn } of pairs) {
      conn.writes.length = 0;
      socket.write(new Uint8Array(3));
      socket.flushAlone();
      assert.deepEqual(conn.writes, [3]);
    }
    for (const { socket } of pairs) await written(socket);
  }
  for (const { socket, peer } of pairs) {
    socket.end();
    assert.equal((await readAll(peer)).length, 9 + aloneAfterTurns);
  }
});
