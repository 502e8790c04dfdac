import assert from "node:assert/strict";
import { CertificateWatch } from "../../../commands/certificate_watch.ts";
import type { TlsFiles } from "../../../commands/certificates.ts";
import { UsageError } from "../../../commands/errors.ts";
import { Logger } from "../../../lib/telemetry/mod.ts";

const day = 24 * 3_600_000;

/** A certificate that is good until so many days after the beginning. */
function certificate(name: string, untilDay = 90): TlsFiles {
  return {
    cert: `certificate ${name}`,
    key: `key ${name}`,
    lifetime: { beginsMs: 0, endsMs: untilDay * day },
  };
}

/** A gateway's files, what it uses of them, and what its log says. */
function watched(first: TlsFiles) {
  const world = {
    there: first as TlsFiles | Error,
    used: [] as string[],
    refuses: null as Error | null,
    day: 1,
    lines: [] as string[],
  };
  const logger = new Logger({
    level: "info",
    format: "text",
    write: (line) => void world.lines.push(line.replace(/^\S+ /, "").trim()),
    now: () => 0,
  });
  const watch = new CertificateWatch({
    file: "cert.pem",
    current: first,
    read() {
      if (world.there instanceof Error) throw world.there;
      return world.there;
    },
    // deno-lint-ignore require-await -- what it throws is to reach who awaits
    async renew({ cert }) {
      if (world.refuses !== null) throw world.refuses;
      world.used.push(cert);
    },
    now: () => world.day * day,
    logger,
  });
  return { world, look: () => watch.look() };
}

Deno.test("files that stay the same are left in use, however often they are looked at", async () => {
  const { world, look } = watched(certificate("a"));
  for (let i = 0; i < 5; i++) await look();
  assert.deepEqual([world.used, world.lines], [[], []]);
});

Deno.test("a renewed certificate is taken into use once, and said to be", async () => {
  const { world, look } = watched(certificate("a"));
  world.there = certificate("b", 180);
  await look();
  await look();
  assert.deepEqual(world.used, ["certificate b"]);
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /^info +tls\.renewed file=cert\.pem until=1970-06-30T00:00:00\.000Z$/);
});

Deno.test("a certificate whose key comes a moment later is taken with it, without a word before", async () => {
  const { world, look } = watched(certificate("a"));
  world.there = new UsageError("the private key key.pem does not belong to the certificate cert.pem");
  await look();
  world.there = certificate("b");
  await look();
  assert.deepEqual(world.used, ["certificate b"]);
  assert.equal(world.lines.length, 1);
});

Deno.test("files that remain broken are told of once, and the ones of before stay in use until they are mended", async () => {
  const { world, look } = watched(certificate("a"));
  world.there = new UsageError("the certificate cert.pem is damaged");
  for (let i = 0; i < 5; i++) await look();
  assert.deepEqual(world.used, []);
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /^warn +tls\.certificate .*not in use: the certificate cert\.pem is damaged/);
  world.there = certificate("b");
  await look();
  assert.deepEqual(world.used, ["certificate b"]);
  world.there = new UsageError("the certificate cert.pem is damaged");
  for (let i = 0; i < 5; i++) await look();
  assert.equal(world.lines.length, 3, "broken anew, it is told of anew");
});

Deno.test("a certificate that cannot be taken into use is told of at once, and tried again at each look", async () => {
  const { world, look } = watched(certificate("a"));
  world.there = certificate("b");
  world.refuses = new Deno.errors.AddrInUse("Address already in use");
  await look();
  await look();
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /not in use: Address already in use/);
  world.refuses = null;
  await look();
  assert.deepEqual(world.used, ["certificate b"]);
});

Deno.test("a certificate that ends soon is told of at the start and once a day, until a renewed one is there", async () => {
  const { world, look } = watched(certificate("a", 10));
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /^warn +tls\.certificate file=cert\.pem problem="it expires at 1970-01-11/);
  for (let i = 0; i < 48; i++) {
    world.day += 1 / 16;
    await look();
  }
  assert.equal(world.lines.length, 4, "three days");
  world.there = certificate("b", 100);
  for (let i = 0; i < 48; i++) {
    world.day += 1 / 16;
    await look();
  }
  assert.equal(world.lines.length, 5);
  assert.match(world.lines[4], /tls\.renewed/);
});
