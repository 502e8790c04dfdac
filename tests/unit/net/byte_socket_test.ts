import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { connected, readAll } from "./loopback.ts";

Deno.test("what was flushed reaches the peer although the socket is dropped in the same turn, what was not is lost", async () => {
  const flushed = await connected();
  flushed.socket.write(new TextEncoder().encode("flushed"));
  flushed.socket.flush();
  flushed.socket.destroy(null);
  assert.equal(new TextDecoder().decode(await readAll(flushed.peer)), "flushed");

  const queued = await connected();
  queued.socket.write(new TextEncoder().encode("queued"));
  queued.socket.destroy(null);
  assert.equal((await readAll(queued.peer)).length, 0);
});

Deno.test("flushing what is empty, under way, or closed does nothing", async () => {
  const { socket, peer } = await connected();
  socket.flush();
  socket.write(new TextEncoder().encode("a"));
  socket.flush();
  socket.flush();
  socket.write(new TextEncoder().encode("b"));
  socket.flush();
  socket.end();
  socket.flush();
  assert.equal(new TextDecoder().decode(await readAll(peer)), "ab");
  socket.flush();
  assert.equal(socket.bufferedBytes, 0);
});

/** Writes, claims and flushes of sizes on both sides of what is gathered, and of a block. */
const step = fc.oneof(
  fc.record({
    how: fc.constantFrom("write" as const, "claim" as const),
    size: fc.constantFrom(1, 5, 130, 4_096, 4_097, 16_384, 28_671, 32_767, 32_768, 32_769, 65_536, 262_144),
  }),
  fc.record({ how: fc.constantFrom("flush" as const, "turn" as const), size: fc.constant(0) }),
);

Deno.test("whatever is written, claimed and flushed, the peer reads it all and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 24 }), async (steps) => {
      const { socket, peer } = await connected();
      const received = readAll(peer);
      const sent: Uint8Array[] = [];
      let next = 0;
      for (const { how, size } of steps) {
        if (how === "turn") await new Promise((resolve) => setTimeout(resolve, 0));
        else if (how === "flush") socket.flush();
        if (size === 0) continue;
        const bytes = new Uint8Array(size);
        for (let i = 0; i < size; i++) bytes[i] = next++ % 251;
        sent.push(bytes.slice());
        if (how === "write") socket.write(bytes);
        else socket.claim(size)!.set(bytes, socket.claimedAt);
        // What was written was copied: the caller may use it again.
        bytes.fill(0);
      }
      socket.end();
      const whole = await received;
      let at = 0;
      for (const bytes of sent) {
        assert.equal(Buffer.compare(whole.subarray(at, at + bytes.length), bytes), 0, `from byte ${at} on`);
        at += bytes.length;
      }
      assert.equal(whole.length, at);
    }),
    { numRuns: 60 },
  );
});
