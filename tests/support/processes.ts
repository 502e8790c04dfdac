import { fileURLToPath } from "node:url";
import { runtimeFlags } from "../../packaging/compile.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface ProcessOptions {
  env?: Record<string, string>;
  /** How long {@link ChildProcess.line} waits, milliseconds. */
  lineTimeoutMs?: number;
  cwd?: string;
}

/**
 * A child process whose output is read line by line. Disposing it ends it: SIGTERM would be its own matter, so
 * it is killed.
 */
export class ChildProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lineTimeoutMs: number;
  readonly #read: Promise<void[]>;
  readonly #waiters = new Set<() => void>();
  #exited = false;
  stdout = "";
  stderr = "";

  constructor(command: string, args: string[], options: ProcessOptions = {}) {
    this.#lineTimeoutMs = options.lineTimeoutMs ?? 60_000;
    this.#child = new Deno.Command(command, {
      args,
      cwd: options.cwd ?? root,
      // As if called from there, wherever the tests were.
      env: { NO_COLOR: "1", INIT_CWD: options.cwd ?? root, ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([
      this.#collect(this.#child.stdout, (text) => this.stdout += text),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ]);
    void this.#child.status.then(() => {
      this.#exited = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits for output, on either stream, that matches. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + this.#lineTimeoutMs;
    while (true) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.#exited) {
        await this.#read;
        const late = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (late !== null) return late;
        throw new Error(`the process ended before ${pattern} was printed:\n${this.stdout}\n${this.stderr}`);
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${pattern} was not printed in time:\n${this.stdout}\n${this.stderr}`);
      await this.#output(leftMs);
    }
  }

  signal(signal: Deno.Signal): void {
    if (!this.#exited) this.#child.kill(signal);
  }

  /**
   * Waits for the end; all output has been read by then.
   *
   * @throws when it does not come in time, with the output: a test that waits for ever takes the report of all others with it
   */
  async status(withinMs = 90_000): Promise<Deno.CommandStatus> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(
        new Error(`process ${this.pid} did not end within ${withinMs} ms:\n${this.stdout}\n${this.stderr}`),
      );
    }, withinMs);
    try {
      return await Promise.race([this.#ended(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ended(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    await this.#read;
    return status;
  }

  /** Resident memory now, bytes. */
  residentBytes(): number {
    return this.#memory("VmRSS");
  }

  /** Most resident memory so far, bytes. */
  peakResidentBytes(): number {
    return this.#memory("VmHWM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#exited) this.#child.kill("SIGKILL");
    await this.status();
  }

  #memory(field: "VmRSS" | "VmHWM"): number {
    // Read by another program: Deno opens /proc to those alone that may do everything.
    const { stdout } = new Deno.Command("cat", { args: [`/proc/${this.pid}/status`] }).outputSync();
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(new TextDecoder().decode(stdout));
    if (match === null) throw new Error(`no ${field} in /proc/${this.pid}/status`);
    return Number(match[1]) * 1024;
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      add(decoder.decode(bytes, { stream: true }));
      this.#wake();
    }
  }

  #output(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** The program and the arguments that `tunnel …` is, for those who start it by another program. */
export function tunnelCommand(args: string[]): string[] {
  const preload = ["--preload", "tests/support/overwrite_reads.ts"];
  return [Deno.execPath(), "run", "--quiet", ...runtimeFlags, ...preload, "main.ts", ...args];
}

/** `tunnel …` as a process. */
export function tunnel(args: string[], options?: ProcessOptions): ChildProcess {
  const [program, ...rest] = tunnelCommand(args);
  return new ChildProcess(program, rest, options);
}

/** A gateway that is ready, and where. */
export interface RunningGateway extends AsyncDisposable {
  process: ChildProcess;
  port: number;
  url: string;
  wsUrl: string;
}

export const testToken = "test-token";

export async function startGateway(args: string[] = [], options?: ProcessOptions): Promise<RunningGateway> {
  // Without one of its own choice a gateway would look for its usual port among those of other tests.
  const admin = args.includes("--admin-port") ? [] : ["--admin-port", "0"];
  const process = tunnel(
    ["gateway", "--hostname", "127.0.0.1", "--port", "0", "--token", testToken, ...admin, ...args],
    options,
  );
  try {
    const match = await process.line(/listens on (https?):\/\/127\.0\.0\.1:(\d+)/);
    const port = Number(match[2]);
    return {
      process,
      port,
      url: `${match[1]}://127.0.0.1:${port}`,
      wsUrl: `${match[1] === "https" ? "wss" : "ws"}://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts a runner and waits until it is connected. */
export async function startRunner(
  gatewayUrl: string,
  target: string,
  args: string[] = [],
  options?: ProcessOptions,
): Promise<ChildProcess> {
  const process = tunnel(
    ["runner", "--gateway-url", gatewayUrl, "--target", target, "--token", testToken, ...args],
    options,
  );
  try {
    await process.line(/is connected to/);
    return process;
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server to put behind the tunnel. */
export interface RunningOrigin extends AsyncDisposable {
  process: ChildProcess;
  url: string;
}

/** An origin run by plain Node, or by Deno where there is no Node: `tests/support/node_origin.mjs`. */
export function startNodeOrigin(args: string[] = [], options?: ProcessOptions): Promise<RunningOrigin> {
  return startNodeProgram(["tests/support/node_origin.mjs", ...args], options);
}

/** A WebSocket echo origin in plain Node, without any library: `tests/support/raw_ws_origin.mjs`. */
export function startRawWsOrigin(): Promise<RunningOrigin> {
  return startNodeProgram(["tests/support/raw_ws_origin.mjs"]);
}

function startNodeProgram(program: string[], options?: ProcessOptions): Promise<RunningOrigin> {
  try {
    return originOf(new ChildProcess("node", program, options));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const run = ["run", "--quiet", "--allow-net", "--allow-env", ...program];
    return originOf(new ChildProcess(Deno.execPath(), run, options));
  }
}

/** A WebSocket origin on `npm:ws`: `tests/support/ws_origin.ts`. */
export function startWsOrigin(): Promise<RunningOrigin> {
  return startDenoOrigin("tests/support/ws_origin.ts");
}

/** A program of the tests that prints `origin on http://127.0.0.1:PORT`, run by Deno. */
export function startDenoOrigin(program: string, args: string[] = []): Promise<RunningOrigin> {
  return originOf(
    new ChildProcess(Deno.execPath(), ["run", "--quiet", "--allow-net", "--allow-env", program, ...args]),
  );
}

async function originOf(process: ChildProcess): Promise<RunningOrigin> {
  try {
    const match = await process.line(/origin on (http:\/\/127\.0\.0\.1:\d+)/);
    return { url: match[1], process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}
