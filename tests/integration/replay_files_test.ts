import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type CapturedExchange, type SpilledBytes, SpillStore, StoreError } from "../../lib/capture/mod.ts";
import { ExchangeShelf, RedactedValues, sendAgain } from "../../lib/replay/mod.ts";
import { stopAndWait, temporaryDirectory } from "../support/captures.ts";
import {
  ChildProcess,
  startGateway,
  startNodeOrigin,
  startRunner,
  testToken,
  tunnel,
  tunnelCommand,
} from "../support/processes.ts";
import { eventually } from "../support/stack.ts";
import { answerOf, bodyOf, exchangeOf, messageOf } from "../unit/replay/send/exchanges.ts";

/** A capture of one request. */
async function captureOf(directory: string, target: string): Promise<string> {
  const file = join(directory, "run.tunnelcap");
  await using origin = await startNodeOrigin();
  await using gateway = await startGateway();
  await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file]);
  await (await fetch(`${gateway.url}${target}`)).arrayBuffer();
  await stopAndWait(runner);
  return file;
}

const namesIn = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name);

Deno.test({
  name:
    "a replay that a signal ends, even one that cannot be caught, leaves nothing in the folder for temporary files",
  // There an open file keeps its name.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using directory = await temporaryDirectory();
    const file = await captureOf(directory.path, "/bytes?n=400000");
    const TMPDIR = join(directory.path, "tmp");
    Deno.mkdirSync(TMPDIR);
    await using gateway = await startGateway();
    const args = ["replay", file, "--serve", "--gateway-url", gateway.wsUrl, "--token", testToken];
    for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
      await using process: ChildProcess = tunnel(args, { env: { TMPDIR } });
      await process.line(/is connected to .* and answers from /);
      assert.equal((await (await fetch(`${gateway.url}/bytes?n=400000`)).bytes()).length, 400_000);
      process.signal(signal);
      assert.equal((await process.status()).signal, signal === "SIGKILL" ? signal : null);
      assert.deepEqual(namesIn(TMPDIR), [], signal);
    }
  },
});

Deno.test("without a folder for temporary files a replay says so in one line, and what is accepted", async () => {
  await using directory = await temporaryDirectory();
  const file = await captureOf(directory.path, "/bytes?n=10");
  const TMPDIR = join(directory.path, "nowhere");
  await using process = tunnel(["replay", file, "--har", join(directory.path, "a.har")], {
    env: { TMPDIR, TEMP: TMPDIR, TMP: TMPDIR },
  });
  const { code } = await process.status();
  assert.deepEqual([code, process.stdout], [1, ""]);
  assert.match(
    process.stderr,
    /^error: the temporary file for bodies cannot be made: .*; the folder of TMPDIR .* must exist, be writable and have room .*\n$/,
  );
});

Deno.test({
  name: "a full disk under standard output is told in one line",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using directory = await temporaryDirectory();
    const file = await captureOf(directory.path, "/bytes?n=10");
    for (const mode of [[], ["--json"], ["--check"]]) {
      const command = tunnelCommand(["replay", file, ...mode]);
      await using process = new ChildProcess("sh", ["-c", 'exec "$@" > /dev/full', "sh", ...command]);
      const { code } = await process.status();
      assert.equal(code, 1);
      assert.match(process.stderr, /^error: cannot write to standard output: No space left on device.*\n$/);
    }
  },
});

/** Has room for the beginning of an answer; once it was full, somebody makes room. */
class FullStore extends SpillStore {
  #wasFull = false;

  override keep(bytes: Uint8Array, omittedBytes: number): SpilledBytes {
    const kept = super.keep(bytes, omittedBytes);
    if (this.#wasFull || kept.at + kept.length <= 20_000) return kept;
    this.#wasFull = true;
    throw new StoreError("the disk is full");
  }
}

Deno.test("a disk that is full while answers come ends a replay, and is not taken for the origin's doing", async () => {
  const origin = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const length = request.url.endsWith("small") ? 1000 : 100_000;
    if (!request.url.endsWith("/socket")) return new Response(new Uint8Array(length));
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => socket.send(new Uint8Array(length));
    socket.onerror = () => {};
    return response;
  });
  const target = new URL(`http://127.0.0.1:${origin.addr.port}`);
  const socket = () => ({ kind: "websocket" as const, messages: [messageOf("origin", 2500, "hello")] });
  const plans = {
    "/large": {},
    "/small": {},
    "/socket": socket(),
    "/refused/large": socket(),
    "/refused/small": socket(),
  };
  for (const [path, fields] of Object.entries<Partial<CapturedExchange>>(plans)) {
    using store = new SpillStore();
    using answers = new FullStore();
    const shelf = new ExchangeShelf(store);
    const status = fields.kind === "websocket" ? 101 : 200;
    for (let i = 0; i < 30; i++) {
      const answer = answerOf(bodyOf(), { status });
      shelf.add(exchangeOf({ ...fields, target: path, answer, startedAtUs: 1000 + i / 100 }), null);
    }
    const sent = sendAgain(shelf, {
      ...{ target, speed: Infinity, redacted: new RedactedValues([]), answers },
      signal: new AbortController().signal,
      onOutcome: () => {},
    });
    await assert.rejects(sent, StoreError, path);
  }
  await origin.shutdown();
});

/** What a shell runs with `file` at standard input. */
function replayOf(file: string, args: string[]): ChildProcess {
  return new ChildProcess("sh", ["-c", 'exec "$@" <"$0"', file, ...tunnelCommand(["replay", "-", ...args])]);
}

Deno.test({
  name: "a capture and a HAR are read from standard input, in every mode; the same file is not written over",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using directory = await temporaryDirectory();
    const file = await captureOf(directory.path, "/bytes?n=10");
    const har = join(directory.path, "run.har");
    await using origin = await startNodeOrigin();
    const cases: [input: string, args: string[], printed: RegExp][] = [
      [file, [], /^-: captured by the runner [^]* \/bytes\n/],
      [file, ["--check"], /^-: captured by the runner [^]*\nPASSED: /],
      [file, ["--har", har], /^wrote 1 entry to /],
      [file, ["--to", origin.url], /\nresult +1 same, 0 differ, 0 failed, 0 skipped\n/],
      [har, ["--to", origin.url], /\nresult +1 same, 0 differ, 0 failed, 0 skipped\n/],
    ];
    for (const [input, args, printed] of cases) {
      await using process = replayOf(input, args);
      const { code } = await process.status();
      assert.deepEqual([code, process.stderr], [0, ""], `${input} ${args}`);
      assert.match(process.stdout, printed);
    }
    const before = await Deno.readFile(file);
    await using process = replayOf(file, ["--har", file]);
    assert.equal((await process.status()).code, 2);
    assert.match(process.stderr, /^error: --har .* is the capture itself: name another file\n$/);
    assert.deepEqual(await Deno.readFile(file), before);
  },
});

Deno.test({
  name: "a replay that waits for somebody to write to its pipe can be interrupted",
  // What a process waits for is read from /proc.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using directory = await temporaryDirectory();
    const pipe = join(directory.path, "pipe");
    assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    await using origin = await CountingOrigin.start();
    for (const args of [[], ["--to", origin.url]]) {
      for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 1]] as const) {
        await using process = tunnel(["replay", pipe, ...args]);
        await eventually(() => waitsForWriter(process.pid), (waits) => waits);
        process.signal(signal);
        assert.deepEqual([(await process.status()).code, process.stdout], [code, ""], `${args} ${signal}`);
        assert.equal(
          process.stderr,
          signal === "SIGINT" ? "" : `error: stopped before anybody wrote to ${pipe}\n`,
        );
      }
    }
  },
});

Deno.test("a replay that is stopped while it connects has sent nothing, and says so", async () => {
  // Takes the connection, and says nothing to those who would speak TLS.
  await using origin = await CountingOrigin.start();
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 1]] as const) {
    const { begun } = origin;
    await using process = tunnel(["replay", "run.tunnelcap", "--to", origin.url.replace("http:", "https:")]);
    await eventually(() => origin.begun, (now) => now > begun);
    process.signal(signal);
    assert.deepEqual([(await process.status()).code, process.stdout], [code, ""], signal);
    const { host } = new URL(origin.url);
    assert.equal(
      process.stderr,
      signal === "SIGINT" ? "" : `error: stopped before ${host} was reached; nothing was sent\n`,
    );
  }
});

/** Counts connections, and answers nothing. */
class CountingOrigin implements AsyncDisposable {
  readonly #server = createServer();
  begun = 0;

  static async start(): Promise<CountingOrigin> {
    const origin = new CountingOrigin();
    origin.#server.on("connection", (socket) => {
      origin.begun++;
      socket.on("error", () => {}).resume();
    });
    await new Promise<void>((resolve) => origin.#server.listen(0, "127.0.0.1", resolve));
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * Whether a process waits for the other end of a named pipe, by what its threads wait for in the kernel (proc(5), wchan). That it
 * catches a signal would tell too little: the runtime does so before anybody has asked for it.
 */
async function waitsForWriter(pid: number): Promise<boolean> {
  for (const thread of Deno.readDirSync(`/proc/${pid}/task`)) {
    const wchan = await Deno.readTextFile(`/proc/${pid}/task/${thread.name}/wchan`).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return ""; // It has ended meanwhile.
      throw error;
    });
    if (wchan === "wait_for_partner") return true;
  }
  return false;
}
