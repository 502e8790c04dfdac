import { chromiumPath } from "./browser.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { type ChildProcess, type RunningGateway, startGateway, startRunner } from "./processes.ts";
import { ShopOrigin } from "./shop_origin.ts";

/** A gateway and a runner with their inspectors, a shop behind them, and a proxy on the link between them. */
export interface InspectedStack extends AsyncDisposable {
  readonly origin: ShopOrigin;
  readonly gateway: RunningGateway;
  readonly proxy: FaultProxy;
  readonly runner: ChildProcess;
  /** The gateway's inspector page. */
  readonly page: string;
  /** The runner's. */
  readonly runnerPage: string;
  /** Sends a request through the tunnel and reads its answer. */
  ask(path: string, init?: RequestInit): Promise<string>;
}

export async function startInspectedStack(gatewayArgs: string[] = []): Promise<InspectedStack> {
  await using started = new AsyncDisposableStack();
  const origin = started.use(ShopOrigin.start());
  const gateway = started.use(
    await startGateway(["--ping-interval", "200ms", "--admin-port", "any", ...gatewayArgs]),
  );
  const proxy = started.use(await FaultProxy.start(gateway.port));
  const runner = started.use(
    await startRunner(proxy.wsUrl, origin.url, ["--ping-interval", "200ms", "--admin-port", "any"]),
  );
  const page = await pageOf(gateway.process);
  const runnerPage = await pageOf(runner);
  const owned = started.move();
  return {
    ...{ origin, gateway, proxy, runner, page, runnerPage },
    async ask(path, init) {
      const response = await fetch(gateway.url + path, init);
      return await response.text();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** One stack for all tests of a file, started before the first of them that runs. */
export function sharedInspectedStack(gatewayArgs: string[] = []): () => InspectedStack {
  let running: InspectedStack | null = null;
  if (chromiumPath() !== null) {
    Deno.test.beforeAll(async () => {
      running = await startInspectedStack(gatewayArgs);
    });
    Deno.test.afterAll(async () => {
      await running?.[Symbol.asyncDispose]();
    });
  }
  return () => {
    if (running === null) throw new Error("the stack runs only while tests do");
    return running;
  };
}

/** Where a process says that its inspector page is. */
export async function pageOf(process: ChildProcess): Promise<string> {
  return (await process.line(/inspector (http:\S+)/))[1];
}
