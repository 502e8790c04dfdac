import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

const gibibyte = 1024 ** 3;
const mebibyte = 1024 ** 2;
const mostResidentBytes = 200 * mebibyte;

/** The origin's pattern: `node_origin.mjs` sends this piece over and over. */
const piece = new Uint8Array(64 * 1024).map((_, i) => (i * 31 + (i >> 8)) & 0xff);

function hashOfPattern(bytes: number): string {
  const hash = createHash("sha256");
  for (let left = bytes; left > 0; left -= piece.length) hash.update(piece);
  return hash.digest("hex");
}

function assertSmall(): void {
  for (const [name, process] of Object.entries({ gateway: stack.gateway.process, runner: stack.runner })) {
    const peak = process.peakResidentBytes();
    assert.ok(peak < mostResidentBytes, `the ${name} took ${Math.round(peak / mebibyte)} MiB`);
  }
}

async function drainInto(hash: Hash, body: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const bytes of body) {
    hash.update(bytes);
    length += bytes.length;
  }
  return length;
}

Deno.test("a download of 1 GiB is whole, and both processes stay below 200 MiB", async () => {
  const response = await fetch(`${stack.gateway.url}/bytes?n=${gibibyte}`);
  const hash = createHash("sha256");
  assert.equal(await drainInto(hash, response.body!), gibibyte);
  assert.equal(hash.digest("hex"), hashOfPattern(gibibyte));
  assertSmall();
});

Deno.test("an upload of 1 GiB is whole, and both processes stay below 200 MiB", async () => {
  let left = gibibyte;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(piece);
      left -= piece.length;
    },
  });
  const response = await fetch(`${stack.gateway.url}/hash`, { method: "POST", body });
  assert.deepEqual(await response.json(), { length: gibibyte, sha256: hashOfPattern(gibibyte) });
  assertSmall();
});

Deno.test("a client that does not read its download fills neither process's memory", async () => {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: stack.gateway.port });
  try {
    const request = `GET /bytes?n=${gibibyte} HTTP/1.1\r\nHost: app\r\n\r\n`;
    await conn.write(new TextEncoder().encode(request));
    await conn.read(new Uint8Array(1024));
    // Others are served all the while: the flood has all the time it needs to come, and nobody waits behind it.
    for (let i = 0; i < 50; i++) {
      const other = await fetch(`${stack.gateway.url}/bytes?n=${mebibyte}`);
      assert.equal((await other.bytes()).length, mebibyte);
    }
    assertSmall();
  } finally {
    conn.close();
  }
});
