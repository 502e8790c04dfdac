import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import WebSocket from "ws";
import { lifetimeProblem } from "../../commands/certificates.ts";
import { Scrape, withAdmin } from "../support/admin.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import {
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
  startWsOrigin,
  testToken,
  tunnel,
} from "../support/processes.ts";
import { healthOf } from "../support/stack.ts";

const expiration = "tunnel_certificate_expiration_timestamp_seconds";

let certificates: Certificates;
let gateway: RunningGateway;
let origin: RunningOrigin;
let client: Deno.HttpClient;

Deno.test.beforeAll(async () => {
  certificates = await makeCertificates();
  const { certFile, keyFile, ca } = certificates;
  gateway = await startGateway(["--tls-cert", certFile, "--tls-key", keyFile]);
  origin = await startNodeOrigin();
  client = Deno.createHttpClient({ caCerts: [ca] });
});

Deno.test.afterAll(async () => {
  client.close();
  await origin[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

Deno.test("a gateway that speaks TLS names wss: to those who look for a runner that is not there", async () => {
  const response = await fetch(gateway.url, { client, headers: { "x-tunnel-runner": "nobody" } });
  assert.match((await response.json()).message, /--gateway-url wss:\/\/GATEWAY .*--name nobody"/);
  await using probe = tunnel([
    ...["ping-probe", "--gateway-url", gateway.wsUrl, "--ca-file", certificates.caFile],
    ...["--token", testToken, "--runner", "nobody"],
  ]);
  assert.equal((await probe.status()).code, 2);
  assert.match(probe.stderr, /--gateway-url wss:\/\/GATEWAY .*--name nobody"/);
});

/** A runner of that name over TLS. */
async function startTlsRunner(name: string, target = origin.url) {
  return await startRunner(gateway.wsUrl, target, ["--name", name, "--ca-file", certificates.caFile]);
}

/** A runner that is expected to find no trust, and what it says about it. */
async function refusedRunner(...args: string[]): Promise<string> {
  await using runner = tunnel(["runner", "--target", "http://127.0.0.1:9", "--token", testToken, ...args]);
  const [, reason] = await runner.line(/link\.down .*reason="((?:[^"\\]|\\.)+)"/);
  assert.doesNotMatch(runner.stdout, /is connected/);
  return reason;
}

Deno.test("a gateway with a certificate says that it serves https and wss", () => {
  assert.match(gateway.process.stdout, new RegExp(`clients +https://127\\.0\\.0\\.1:${gateway.port}/\\n`));
  assert.match(gateway.process.stdout, new RegExp(`runners +wss://127\\.0\\.0\\.1:${gateway.port}\\n`));
});

Deno.test("a gateway whose certificate ends within two weeks warns of it at its start", async () => {
  await gateway.process.line(/ warn +tls\.certificate file=\S+ problem="it expires at \d{4}-/);
});

Deno.test("a certificate is warned of before it begins, when it ends soon, and when it has ended", () => {
  const day = 24 * 3_600_000;
  const lifetime = { beginsMs: Date.UTC(2026, 0, 1), endsMs: Date.UTC(2026, 3, 1) };
  const at = (ms: number) => lifetimeProblem(lifetime, ms);
  assert.match(at(lifetime.beginsMs - 1)!, /^it is valid from 2026-01-01T00:00:00\.000Z on/);
  assert.equal(at(lifetime.beginsMs), null);
  assert.equal(at(lifetime.endsMs - 14 * day - 1), null);
  assert.match(at(lifetime.endsMs - 14 * day)!, /^it expires at 2026-04-01T00:00:00\.000Z/);
  assert.match(at(lifetime.endsMs + 1)!, /^it expired at 2026-04-01T00:00:00\.000Z/);
});

Deno.test("HTTPS passes to a plain origin, which is told of https", async () => {
  await using _runner = await startTlsRunner("plain");
  const headers = { "x-tunnel-runner": "plain" };
  const response = await fetch(`${gateway.url}/echo?a=1`, { client, headers });
  const seen = await response.json();
  assert.equal(seen.url, "/echo?a=1");
  assert.equal(seen.rawHeaders[seen.rawHeaders.indexOf("X-Forwarded-Proto") + 1], "https");
});

Deno.test("large bodies pass through TLS whole, both ways", async () => {
  await using _runner = await startTlsRunner("bodies");
  const headers = { "x-tunnel-runner": "bodies" };
  const body = new Uint8Array(16 * 1024 * 1024).map((_, i) => i % 251);
  const up = await fetch(`${gateway.url}/hash`, { client, headers, method: "POST", body });
  assert.equal((await up.json()).sha256, createHash("sha256").update(body).digest("hex"));
  const direct = await (await fetch(`${origin.url}/bytes?n=16000000`)).bytes();
  const down = await (await fetch(`${gateway.url}/bytes?n=16000000`, { client, headers })).bytes();
  assert.equal(Deno.inspect(down.length), Deno.inspect(direct.length));
  assert.ok(indexedEqual(down, direct));
});

function indexedEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

Deno.test("WSS passes to a plain WebSocket origin", async () => {
  await using wsOrigin = await startWsOrigin();
  await using _runner = await startTlsRunner("ws", wsOrigin.url);
  const headers = { "x-tunnel-runner": "ws" };
  const socket = new WebSocket(`${gateway.wsUrl}/echo`, { ca: certificates.ca, headers });
  await once(socket, "open");
  socket.send("through TLS twice");
  assert.equal((await once(socket, "message"))[0].toString(), "through TLS twice");
  socket.close();
  await once(socket, "close");
});

Deno.test("a runner that does not trust the gateway's authority says so, and does not connect", async () => {
  assert.match(
    await refusedRunner("--gateway-url", gateway.wsUrl),
    /127\.0\.0\.1:\d+: its certificate is of no authority that is trusted here.*UnknownIssuer.*--ca-file/,
  );
});

Deno.test("a runner that is shown an authority's own certificate says what is wrong with it", async () => {
  const { caFile } = certificates;
  const files = ["--tls-cert", caFile, "--tls-key", caFile.replace(/\.pem$/, ".key")];
  await using other = await startGateway(files);
  const reason = await refusedRunner("--gateway-url", other.wsUrl, "--ca-file", caFile);
  assert.match(reason, /CaUsedAsEndEntity.*basicConstraints=critical,CA:FALSE/);
});

Deno.test("a runner that trusts another authority says so, and does not connect", async () => {
  await using others = await makeCertificates();
  const reason = await refusedRunner("--gateway-url", gateway.wsUrl, "--ca-file", others.caFile);
  assert.match(reason, /certificate/);
});

Deno.test("a runner that dials a name the certificate does not bear says so, and does not connect", async () => {
  await using named = await makeCertificates("DNS:tunnel.example");
  await using other = await startGateway(["--tls-cert", named.certFile, "--tls-key", named.keyFile]);
  const reason = await refusedRunner("--gateway-url", other.wsUrl, "--ca-file", named.caFile);
  assert.match(reason, /certificate not valid for name .*127\.0\.0\.1/);
});

Deno.test("a runner that dials a TLS gateway by ws:// is told of wss://, and the gateway serves on", async () => {
  const reason = await refusedRunner("--gateway-url", gateway.wsUrl.replace("wss:", "ws:"));
  assert.match(
    reason,
    /handshake with 127\.0\.0\.1:\d+ failed: .*; one that speaks TLS is dialled by wss:\/\//,
  );
  const health = await (await fetch(`${gateway.url}/.tunnel/health`, { client })).json();
  assert.equal(health.status, "ok");
});

Deno.test("a runner that dials a plain gateway by wss:// says that it is no TLS", async () => {
  await using plain = await startGateway();
  const reason = await refusedRunner("--gateway-url", plain.wsUrl.replace("ws:", "wss:"));
  assert.match(reason, /cannot connect to 127\.0\.0\.1:\d+: it does not speak TLS there/);
  assert.equal((await healthOf(plain)).links, 0);
});

Deno.test("a renewed certificate is shown to all who come from then on, and those who are connected stay", async () => {
  await using renewed = await makeCertificates(undefined, undefined, 9);
  const folder = await Deno.makeTempDir();
  const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  await Deno.copyFile(certificates.certFile, certFile);
  await Deno.copyFile(certificates.keyFile, keyFile);
  await using wsOrigin = await startWsOrigin();
  const tls = ["--tls-cert", certFile, "--tls-key", keyFile, "--tls-reload", "50ms"];
  await using other = await startGateway([...tls, ...withAdmin]);
  await using _runner = await startRunner(other.wsUrl, wsOrigin.url, ["--ca-file", certificates.caFile]);
  const socket = new WebSocket(`${other.wsUrl}/echo`, { ca: certificates.ca });
  await once(socket, "open");
  const answered = async (text: string) => {
    socket.send(text);
    return (await once(socket, "message"))[0].toString();
  };
  assert.equal(await answered("before"), "before");
  const endsAt = async () => (await Scrape.of(other.process)).value(expiration);
  const endOf = ({ cert }: Certificates) => Date.parse(new X509Certificate(cert).validTo) / 1000;
  assert.equal(await endsAt(), endOf(certificates));

  await Deno.copyFile(renewed.certFile, certFile);
  await other.process.line(/warn +tls\.certificate .*not in use: .*does not belong to the certificate/);
  using trustsOld = Deno.createHttpClient({ caCerts: [certificates.ca], poolMaxIdlePerHost: 0 });
  using trustsNew = Deno.createHttpClient({ caCerts: [renewed.ca], poolMaxIdlePerHost: 0 });
  const health = (client: Deno.HttpClient) => fetch(`${other.url}/.tunnel/health`, { client });
  assert.equal((await (await health(trustsOld)).json()).links, 1);

  await Deno.copyFile(renewed.keyFile, keyFile);
  await other.process.line(/info +tls\.renewed file=\S+ until=\d{4}-/);
  assert.equal((await (await health(trustsNew)).json()).links, 1);
  await assert.rejects(health(trustsOld), (error) => /certificate/i.test(Deno.inspect(error)));
  assert.equal(await answered("after"), "after");
  assert.equal(await endsAt(), endOf(renewed));
  await using _second = await startRunner(other.wsUrl, wsOrigin.url, [
    ...["--name", "second", "--ca-file", renewed.caFile],
  ]);
  assert.equal((await (await health(trustsNew)).json()).links, 2);
  socket.close();
  await once(socket, "close");
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "a hangup has a gateway look at its certificate now, also when it never looks by itself",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using renewed = await makeCertificates(undefined, undefined, 9);
    const folder = await Deno.makeTempDir();
    const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    await Deno.copyFile(certificates.certFile, certFile);
    await Deno.copyFile(certificates.keyFile, keyFile);
    await using other = await startGateway([
      "--tls-cert",
      certFile,
      "--tls-key",
      keyFile,
      "--tls-reload",
      "0s",
    ]);
    await Deno.copyFile(renewed.certFile, certFile);
    await Deno.copyFile(renewed.keyFile, keyFile);
    other.process.signal("SIGHUP");
    await other.process.line(/info +tls\.renewed file=/);
    using trustsNew = Deno.createHttpClient({ caCerts: [renewed.ca], poolMaxIdlePerHost: 0 });
    assert.equal((await fetch(`${other.url}/.tunnel/health`, { client: trustsNew })).status, 200);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("a gateway without TLS has no certificate to tell the end of", async () => {
  await using plain = await startGateway(withAdmin);
  const { families } = await Scrape.of(plain.process);
  assert.deepEqual(families.find(({ name }) => name === expiration)?.samples, []);
});

Deno.test("a key that does not belong to the certificate: one line, and exit 2", async () => {
  await using others = await makeCertificates();
  const files = ["--tls-cert", certificates.certFile, "--tls-key", others.keyFile];
  await using process = tunnel(["gateway", "--hostname", "127.0.0.1", "--port", "0", ...files]);
  assert.equal((await process.status()).code, 2);
  assert.match(process.stderr, /^error: [^\n]*key[^\n]*\n$/i);
});
