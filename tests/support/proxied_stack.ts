import { FaultProxy, type FaultProxyOptions } from "./fault_proxy.ts";
import {
  type ChildProcess,
  type RunningGateway,
  type RunningOrigin,
  startGateway,
  startNodeOrigin,
  startRunner,
} from "./processes.ts";

/** An origin, a gateway, and a runner that reaches the gateway through a {@link FaultProxy}. */
export interface ProxiedStack extends AsyncDisposable {
  readonly origin: RunningOrigin;
  readonly gateway: RunningGateway;
  readonly proxy: FaultProxy;
  readonly runner: ChildProcess;
  /** Starts one more runner through the proxy; it ends with the stack. */
  addRunner(args?: string[]): Promise<ChildProcess>;
}

export interface ProxiedStackOptions {
  /** @default the origin in plain Node */
  origin?: () => Promise<RunningOrigin>;
  gatewayArgs?: string[];
  runnerArgs?: string[];
  proxy?: FaultProxyOptions;
}

export async function startProxiedStack(options: ProxiedStackOptions = {}): Promise<ProxiedStack> {
  await using started = new AsyncDisposableStack();
  const origin = started.use(await (options.origin ?? startNodeOrigin)());
  const gateway = started.use(await startGateway(options.gatewayArgs));
  const proxy = started.use(await FaultProxy.start(gateway.port, options.proxy));
  const runner = started.use(await startRunner(proxy.wsUrl, origin.url, options.runnerArgs));
  const owned = started.move();
  return {
    origin,
    gateway,
    proxy,
    runner,
    async addRunner(args: string[] = options.runnerArgs ?? []) {
      return owned.use(await startRunner(proxy.wsUrl, origin.url, args));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
