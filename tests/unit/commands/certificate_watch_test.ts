import assert from "node:assert/strict";
import { CertificateLooks, CertificateWatch } from "../../../commands/certificate_watch.ts";
import type { TlsFiles } from "../../../commands/certificates.ts";
import { UsageError } from "../../../commands/errors.ts";
import { Logger } from "../../../lib/telemetry/mod.ts";
import { eventually } from "../../support/stack.ts";

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
function watched(first: TlsFiles, reloads = true) {
  const world = {
    there: first as TlsFiles | Error,
    tried: [] as string[],
    refuses: null as Error | null,
    isClosed: false,
    /** What taking a certificate into use waits for. */
    renewing: null as PromiseWithResolvers<void> | null,
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
    reloads,
    read() {
      if (world.there instanceof Error) throw world.there;
      return world.there;
    },
    async renew({ cert }) {
      world.tried.push(cert);
      await world.renewing?.promise;
      if (world.refuses !== null) throw world.refuses;
      return !world.isClosed;
    },
    now: () => world.day * day,
    logger,
  });
  const looks = async (count: number) => {
    for (let i = 0; i < count; i++) await watch.look();
  };
  return { world, looks, watch };
}

Deno.test("files that stay the same are left in use, however often they are looked at", async () => {
  const { world, looks } = watched(certificate("a"));
  await looks(5);
  assert.deepEqual([world.tried, world.lines], [[], []]);
});

Deno.test("a renewed certificate is taken into use once, when it was there at two looks, and said to be", async () => {
  const { world, looks } = watched(certificate("a"));
  world.there = certificate("half of b");
  await looks(1);
  world.there = certificate("b", 180);
  await looks(1);
  assert.deepEqual(world.tried, []);
  await looks(3);
  assert.deepEqual(world.tried, ["certificate b"]);
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /^info +tls\.renewed file=cert\.pem until=1970-06-30T00:00:00\.000Z$/);
});

Deno.test("a certificate whose key comes a moment later is taken with it, without a word before", async () => {
  const { world, looks } = watched(certificate("a"));
  world.there = new UsageError("the private key key.pem does not belong to the certificate cert.pem");
  await looks(1);
  world.there = certificate("b");
  await looks(2);
  assert.deepEqual(world.tried, ["certificate b"]);
  assert.equal(world.lines.length, 1);
});

Deno.test("files that remain broken are told of, also when each time something else is wrong, and again a day later", async () => {
  const { world, looks } = watched(certificate("a"));
  for (let i = 0; i < 4; i++) {
    world.there = new UsageError(`problem ${i % 2}`);
    await looks(1);
  }
  assert.equal(world.lines.length, 3);
  assert.match(world.lines[0], /^warn +tls\.certificate .*not in use: problem 1/);
  await looks(5);
  assert.equal(world.lines.length, 3);
  world.day++;
  await looks(5);
  assert.equal(world.lines.length, 4);
  world.there = certificate("b");
  await looks(2);
  assert.deepEqual(world.tried, ["certificate b"]);
  assert.match(world.lines[4], /tls\.renewed/);
});

Deno.test("a certificate that TLS does not take is tried once, and told of; another one is tried again", async () => {
  const { world, looks } = watched(certificate("a"));
  world.there = certificate("b");
  world.refuses = new Error("failed to parse private key");
  await looks(10);
  assert.deepEqual(world.tried, ["certificate b"]);
  assert.equal(world.lines.length, 1);
  assert.match(world.lines[0], /not in use: failed to parse private key/);
  world.refuses = null;
  world.there = certificate("c");
  await looks(2);
  assert.deepEqual(world.tried, ["certificate b", "certificate c"]);
});

Deno.test("a certificate that is not good yet, or no longer, does not take the place of one that is", async () => {
  const { world, looks } = watched(certificate("a", 90));
  const later = certificate("b", 180);
  later.lifetime.beginsMs = 20 * day;
  world.there = later;
  await looks(5);
  world.there = certificate("old", 0.5);
  await looks(5);
  assert.deepEqual(world.tried, []);
  assert.equal(world.lines.length, 2);
  assert.match(world.lines[0], /not in use: it is valid from 1970-01-21/);
  assert.match(world.lines[1], /not in use: it expired at 1970-01-01T12/);
  world.there = later;
  world.day = 21;
  await looks(2);
  assert.deepEqual(world.tried, ["certificate b"]);
});

Deno.test("a gateway that is closed by then is said to have taken nothing", async () => {
  const { world, looks } = watched(certificate("a"));
  world.isClosed = true;
  world.there = certificate("b");
  await looks(2);
  assert.deepEqual([world.tried, world.lines], [["certificate b"], []]);
});

Deno.test("a certificate that ends soon is told of at the start and once a day, until a renewed one is there", async () => {
  const { world, looks } = watched(certificate("a", 10));
  assert.equal(world.lines.length, 1);
  assert.match(
    world.lines[0],
    /^warn +tls\.certificate file=cert\.pem problem="it expires at 1970-01-11T00:00:00\.000Z; no renewed one is there yet"$/,
  );
  for (let i = 0; i < 48; i++) {
    world.day += 1 / 16;
    await looks(1);
  }
  assert.equal(world.lines.length, 4, "three days");
  world.there = new UsageError("it is damaged");
  await looks(2);
  assert.match(
    world.lines[4],
    /it expires at 1970-01-11\S+; what is there now is not in use: it is damaged"/,
  );
  world.there = certificate("b", 100);
  for (let i = 0; i < 48; i++) {
    world.day += 1 / 16;
    await looks(1);
  }
  // What is there is no longer damaged for one look, and then in use.
  assert.match(world.lines.at(-1)!, /tls\.renewed/);
});

Deno.test("where nobody looks again, the next start is what reads a renewed one", () => {
  const { world } = watched(certificate("a", 10), false);
  assert.match(world.lines[0], /it expires at 1970-01-11\S+; a renewed one is read at the next start"/);
});

Deno.test("what somebody says is there is taken, or told of, at the first look", async () => {
  const { world, watch } = watched(certificate("a"));
  world.there = certificate("b", 180);
  await watch.look(true);
  assert.deepEqual(world.tried, ["certificate b"]);
  world.there = new UsageError("the private key is damaged");
  await watch.look(true);
  assert.match(world.lines.at(-1)!, /tls\.certificate .*not in use: the private key is damaged/);
});

Deno.test("a look that is asked for while another is under way follows it, once", async () => {
  const { world, watch } = watched(certificate("a"));
  using looks = new CertificateLooks(watch, 0);
  const renewing = world.renewing = Promise.withResolvers<void>();
  world.there = certificate("b");
  looks.now();
  world.there = certificate("c");
  looks.now();
  looks.now();
  assert.deepEqual(world.tried, ["certificate b"]);
  renewing.resolve();
  await eventually(() => world.tried.length, (tried) => tried === 2);
  assert.deepEqual(world.tried, ["certificate b", "certificate c"]);
});
