import { fetchOnce } from "./fetch_once.ts";
import {
  type ChildProcess,
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
} from "./processes.ts";

/** An origin, a gateway and a runner between them, each a process of its own. */
export interface Stack {
  readonly origin: RunningOrigin;
  readonly gateway: RunningGateway;
  readonly runner: ChildProcess;
}

export interface StackOptions {
  /** @default the origin in plain Node */
  origin?: () => Promise<RunningOrigin>;
  gatewayArgs?: string[];
  runnerArgs?: string[];
}

/** A stack for one test. */
export async function startStack(options: StackOptions = {}): Promise<Stack & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const origin = started.use(await (options.origin ?? startNodeOrigin)());
  const gateway = started.use(await startGateway(options.gatewayArgs));
  const runner = started.use(await startRunner(gateway.wsUrl, origin.url, options.runnerArgs));
  const owned = started.move();
  return { origin, gateway, runner, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** One stack for all tests of a file: starts before the first of them, ends after the last. */
export function sharedStack(options: StackOptions = {}): Stack {
  let running: (Stack & AsyncDisposable) | null = null;
  Deno.test.beforeAll(async () => {
    running = await startStack(options);
  });
  Deno.test.afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
  });
  const stack = () => {
    if (running === null) throw new Error("the stack runs only while tests do");
    return running;
  };
  return {
    get origin() {
      return stack().origin;
    },
    get gateway() {
      return stack().gateway;
    },
    get runner() {
      return stack().runner;
    },
  };
}

/** What `/.tunnel/health` says. */
export interface Health {
  status: string;
  links: number;
  streams: number;
  hibernating: number;
  /** Payload held for runners. */
  bufferedBytes: number;
}

export async function healthOf(gateway: RunningGateway): Promise<Health> {
  return await (await fetchOnce(`${gateway.url}/.tunnel/health`)).json();
}

const pollEveryMs = 20;

/** Asks again and again until `holds`, and gives what was seen then. Fails after `withinMs`. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (true) {
    const seen = await ask();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) {
      throw new Error(`it did not come to hold within ${withinMs} ms; last seen: ${Deno.inspect(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}
