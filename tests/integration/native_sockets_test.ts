/** When sockets are read and written by the system's own calls, and that it costs nothing while nothing comes. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runtimeFlags } from "../../packaging/compile.ts";
import { Scrape, withAdmin } from "../support/admin.ts";
import { bounded } from "../support/bounded.ts";
import { makeCertificates } from "../support/certificates.ts";
import { ChildProcess, startGateway, startRunner, startWsOrigin } from "../support/processes.ts";
import { eventually, healthOf, startStack } from "../support/stack.ts";
import { assertUsageError } from "../support/usage_error.ts";
import { WsClient } from "../support/ws_client.ts";

const ignore = Deno.build.os !== "linux";
const root = fileURLToPath(new URL("../../", import.meta.url));
const debug = ["--log-level", "debug"];

/** What a command says of its sockets. */
async function socketsOf(process: ChildProcess): Promise<string> {
  return (await process.line(/debug sockets (.*)/))[1];
}

Deno.test({ name: "they are native unless that is off, or something is TLS", ignore }, async () => {
  await using certificates = await makeCertificates();
  const tls = ["--tls-cert", certificates.certFile, "--tls-key", certificates.keyFile];
  await using plain = await startGateway(debug);
  assert.equal(await socketsOf(plain.process), "native=true");
  await using secure = await startGateway([...debug, ...tls]);
  assert.equal(await socketsOf(secure.process), "native=false reason=TLS");
  await using off = await startGateway([...debug, "--native-sockets", "off"]);
  assert.equal(await socketsOf(off.process), 'native=false reason="--native-sockets off"');

  // Over TLS the delay is off as well, by the same calls; where it is not, somebody may wonder.
  assert.doesNotMatch(secure.process.stderr, /tls\.delay/);
  await using delayed = await startGateway([...tls, "--native-sockets", "off"]);
  assert.match((await delayed.process.line(/tls\.delay.*/))[0], /Nagle's algorithm cannot be turned off/);

  const target = "http://127.0.0.1:9";
  await using runner = await startRunner(plain.wsUrl, target, debug);
  assert.equal(await socketsOf(runner), "native=true");
  await using overTls = await startRunner(secure.wsUrl, target, [...debug, "--ca-file", certificates.caFile]);
  assert.equal(await socketsOf(overTls), "native=false reason=TLS");
  await using toTls = await startRunner(plain.wsUrl, "https://127.0.0.1:9", [...debug, "--name", "b"]);
  assert.equal(await socketsOf(toTls), "native=false reason=TLS");
  await using asked = await startRunner(
    secure.wsUrl,
    target,
    [...debug, "--ca-file", certificates.caFile, "--name", "c", "--native-sockets", "on"],
  );
  assert.equal(await socketsOf(asked), "native=true");
});

Deno.test("without the permission the runtime's are used, and --native-sockets on is refused by its name", async () => {
  const without = runtimeFlags.filter((flag) => !flag.startsWith("--allow-ffi"));
  const args = ["gateway", "--hostname", "127.0.0.1", "--port", "0", "--admin-port", "0", ...debug];
  const command = ["run", "--quiet", "--no-prompt", ...without, "main.ts", ...args];
  await using gateway = new ChildProcess(Deno.execPath(), command);
  await gateway.line(/listens on/);
  assert.match(await socketsOf(gateway), /^native=false reason=/);

  await using refused = new ChildProcess(Deno.execPath(), [...command, "--native-sockets", "on"]);
  const { code } = await refused.status();
  assert.equal(code, 2);
  const expected = ignore
    ? /is on, but there is no epoll/
    : /--native-sockets is on, but the permission --allow-ffi=\//;
  assert.match(refused.stderr, expected);
  assert.equal(refused.stdout, "");
});

Deno.test({ name: "how many there are can be seen at the admin port", ignore }, async () => {
  await using gateway = await startGateway(withAdmin);
  await using runner = await startRunner(gateway.wsUrl, "http://127.0.0.1:9");
  const native = async () => (await Scrape.of(gateway.process)).value("tunnel_native_sockets");
  // The runner's link; what asks at the admin port is the runtime's.
  assert.equal(await native(), 1);
  runner.signal("SIGTERM");
  await eventually(native, (count) => count === 0);
});

/** The scheduling policy of a process's first thread, as sched(7) numbers them: 0 is the usual one, 3 that of batch tasks. */
async function policyOf(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
}

Deno.test({
  name: "while clients send ahead the gateway is a batch task, and when they wait for answers it is not",
  ignore,
}, async () => {
  await using stack = await startStack({ origin: startWsOrigin });
  const { pid } = stack.gateway.process;
  using client = await WsClient.open(`${stack.gateway.wsUrl}/echo`);
  const exchange = async (messages: number) => {
    for (let i = 0; i < messages; i++) client.socket.send("x".repeat(64));
    for (let i = 0; i < messages; i++) await client.next();
    return await policyOf(pid);
  };
  await eventually(() => exchange(1000), (policy) => policy === 3);
  // No more of it comes: the last burst is over.
  await eventually(() => policyOf(pid), (policy) => policy === 0);
  for (let i = 0; i < 300; i++) assert.equal(await exchange(1), 0);
});

Deno.test("--native-sockets takes auto, on and off", async () => {
  await assertUsageError(["gateway", "--native-sockets", "yes"], /--native-sockets.*auto, on, off/s);
});

/** User and system time of a process so far, milliseconds. */
function cpuMs(process: ChildProcess): number {
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${process.pid}/stat`] }).outputSync();
  const fields = new TextDecoder().decode(stdout).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

Deno.test({
  name: "open connections that are silent cost no CPU",
  ignore,
}, async () => {
  await using stack = await startStack({ origin: startWsOrigin });
  const { process, port } = stack.gateway;
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => WsClient.open(`${stack.gateway.wsUrl}/echo`)),
  );
  for (const client of clients) {
    await client.send("a");
    await client.next();
  }
  // Requests whose responses nobody reads, so that the gateway has stopped to read as well.
  const stalled = await Deno.connect({ hostname: "127.0.0.1", port });
  await stalled.write(
    new TextEncoder().encode("GET /.tunnel/health HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000)),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = [process, stack.runner].map(cpuMs);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const [i, process] of [stack.gateway.process, stack.runner].entries()) {
    // One that turns in a circle takes all of the second.
    const usedMs = cpuMs(process) - before[i];
    assert.ok(usedMs <= 200, `${usedMs} ms of CPU in a second without traffic`);
  }
  stalled.close();
  for (const client of clients) client[Symbol.dispose]();
  await eventually(() => healthOf(stack.gateway), ({ streams }) => streams === 0);
});

/** Runs a program that has native sockets, to its end. @returns what it printed */
async function runProgram(program: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, program);
    await using process = new ChildProcess(Deno.execPath(), [
      "run",
      "-A",
      "--quiet",
      "--config",
      `${root}deno.json`,
      path,
    ]);
    const { code } = await bounded(process.status(), "the program to end");
    assert.equal(process.stderr, "");
    assert.equal(code, 0);
    return process.stdout;
  } finally {
    await Deno.remove(path);
  }
}

const pairs = new URL("../unit/net/native_pair.ts", import.meta.url);

Deno.test({ name: "a socket that is paused costs no CPU when its peer breaks off", ignore }, async () => {
  const said = await runProgram(`
    import process from "node:process";
    import { dropped, withBrittlePeer } from "${pairs}";
    const { near, reset, paused } = await withBrittlePeer();
    await paused();
    reset();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
    await dropped(near);
  `);
  // One that turns in a circle takes all of the half second.
  assert.ok(Number(said) < 150, `${said} ms`);
});

Deno.test({ name: "a program whose native sockets are all closed comes to its end", ignore }, async () => {
  const said = await runProgram(`
    import { nativePair } from "${pairs}";
    import { nativeSocketCount } from "${new URL("../../lib/net/mod.ts", import.meta.url)}";
    const [near, far] = await nativePair();
    near.ended = () => {
      near.socket.destroy(null);
      console.log(nativeSocketCount());
    };
    // Long enough for the wait to have gone to another thread.
    setTimeout(() => far.socket.destroy(null), 100);
  `);
  assert.equal(said, "0\n");
});

Deno.test(
  { name: "what an owner throws is the program's to see, and stops no other socket", ignore },
  async () => {
    const said = await runProgram(`
    import { dropped, nativePair } from "${pairs}";
    import { eventually } from "${new URL("../support/stack.ts", import.meta.url)}";
    addEventListener("error", (event) => {
      event.preventDefault();
      console.log(event.error.message);
    });
    const [near, far] = await nativePair();
    near.drained = () => {
      throw new Error("of its own making");
    };
    // More than the kernel takes, so that the last of it is taken when the poller says so.
    far.socket.pause();
    near.socket.write(new Uint8Array(8_000_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    far.socket.resume();
    await eventually(() => far.socket.receivedBytes, (count) => count === 8_000_000);
    const [next, other] = await nativePair();
    next.socket.write(new Uint8Array(5));
    await eventually(() => other.socket.receivedBytes, (count) => count === 5);
    await dropped(near, far, next, other);
  `);
    assert.equal(said, "of its own making\n");
  },
);
