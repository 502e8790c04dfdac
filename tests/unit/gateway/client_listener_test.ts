import assert from "node:assert/strict";
import { ClientListener } from "../../../lib/gateway/client_listener.ts";
import { Logger, silentLogger } from "../../../lib/telemetry/mod.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { ChildProcess } from "../../support/processes.ts";
import { eventually } from "../../support/stack.ts";

let first: Certificates;
let second: Certificates;

Deno.test.beforeAll(async () => {
  [first, second] = await Promise.all([makeCertificates(), makeCertificates()]);
});

Deno.test.afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

function listener(logger = silentLogger): ClientListener {
  const serve = (conn: Deno.Conn) => void conn.close();
  return new ClientListener({ port: 0, hostname: "127.0.0.1", tls: first, serve, logger });
}

/** Whether who connects is shown a certificate of this authority's. */
async function shows(
  { address: { hostname, port } }: ClientListener,
  { ca }: Certificates,
): Promise<boolean> {
  const conn = await Deno.connect({ hostname, port });
  try {
    const tls = await Deno.startTls(conn, { hostname, caCerts: [ca] });
    try {
      await tls.handshake();
      return true;
    } catch (error) {
      // It closes at once, and may do so in the midst of the handshake's last step.
      return !/certificate/i.test(String(error));
    } finally {
      tls.close();
    }
  } catch (error) {
    if (/certificate/i.test(String(error))) return false;
    throw error;
  }
}

Deno.test("a renewed certificate is shown on the same port, again and again", async () => {
  const listening = listener();
  const { port } = listening.address;
  for (const [now, before] of [[second, first], [first, second], [second, first]]) {
    await listening.renew(now);
    assert.equal(listening.address.port, port);
    assert.deepEqual([await shows(listening, now), await shows(listening, before)], [true, false]);
  }
  await listening.close();
});

Deno.test("a pair that TLS does not take changes nothing, not even for a moment, and whoever tried is told", async () => {
  const listening = listener();
  // An elliptic curve that OpenSSL knows and TLS does not.
  await using strange = await makeCertificates("IP:127.0.0.1", "secp256k1");
  const refused = assert.rejects(listening.renew(strange), /parse private key/);
  // Without a turn of the event loop between: it never stopped to listen.
  const shown = shows(listening, first);
  await refused;
  assert.equal(await shown, true);
  await listening.renew(second);
  assert.equal(await shows(listening, second), true);
  await listening.close();
});

Deno.test("one that is closed while it is renewed does not listen again", async () => {
  const listening = listener();
  const { hostname, port } = listening.address;
  const renewed = listening.renew(second);
  await listening.close();
  assert.equal(await renewed, false);
  assert.equal(await listening.renew(first), false);
  await assert.rejects(Deno.connect({ hostname, port }), Deno.errors.ConnectionRefused);
});

/** Takes the port as soon as it is free for a moment. */
const thief = `
  const port = Number(Deno.args[0]);
  console.log("ready");
  let listener = null;
  while (listener === null) {
    try {
      listener = Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  console.log("stolen");
  setInterval(() => {}, 1_000);
`;

Deno.test("a port that another process takes in the moment of a renewal is tried for until it is free again", async () => {
  const lines: string[] = [];
  const logger = new Logger({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line),
    now: () => 0,
  });
  const listening = listener(logger);
  const file = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(file, thief);
  const other = new ChildProcess(Deno.execPath(), [
    ...["run", "--quiet", "--allow-net=127.0.0.1", file, `${listening.address.port}`],
  ]);
  await other.line(/ready/);
  const isStolen = () => other.stdout.includes("stolen");
  let renewed = Promise.resolve(false);
  // It is as quick as it can be, and does not catch every moment.
  for (let i = 0; i < 300 && !isStolen(); i++) {
    renewed = listening.renew(i % 2 === 0 ? second : first);
    await Promise.race([renewed, other.line(/stolen/)]);
  }
  assert.ok(isStolen(), "it had 300 chances");
  await eventually(() => lines, (told) => told.some((line) => /error +listen\.failed/.test(line)));
  await other[Symbol.asyncDispose]();
  assert.equal(await renewed, true);
  assert.match(lines.at(-1)!, /info +listen\.again/);
  await listening.renew(second);
  assert.equal(await shows(listening, second), true);
  await listening.close();
  await Deno.remove(file);
});
