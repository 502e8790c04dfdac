import { ChildProcess, tunnel } from "../support/processes.ts";
import { type NginxChain, startNginxChain } from "./nginx.ts";
import { childrenOf, cpuSecondsTogether } from "./process_usage.ts";
import { keep, stop } from "./running.ts";

/** A way from the load generator to the origin. */
export const ways = ["direct", "nginx", "tunnel"] as const;
export type Way = typeof ways[number];

/** Shown by everyone who dials the gateway. */
export const token = "bench-token";

/** The gateway and the runner, as `deno task tunnel` runs them: same permissions, default settings and log level. */
export interface TunnelProcesses extends AsyncDisposable {
  gateway: ChildProcess;
  runner: ChildProcess;
  port: number;
}

/** Processes of every way to one origin. Disposing it ends them all. */
export interface Stack extends AsyncDisposable {
  originPort: number;
  tunnel: TunnelProcesses;
  /** Where each way begins; `null` when nginx is not installed. */
  ports: { direct: number; nginx: number | null; tunnel: number };
  /** CPU seconds used so far by what stands between generator and origin; `null` where that cannot be read. */
  cpuSeconds(way: Way): number | null;
}

export interface StackOptions {
  withNginx: boolean;
}

/** Starts fresh processes for one row. */
export async function startStack({ withNginx }: StackOptions): Promise<Stack> {
  const owned: AsyncDisposable[] = [];
  const dispose = async () => {
    for (const process of owned.reverse()) await process[Symbol.asyncDispose]();
  };
  try {
    const origin = await startOrigin();
    owned.push({ [Symbol.asyncDispose]: () => stop(origin.process) });
    const originPort = origin.port;
    const nginx = withNginx ? await startNginxChain(originPort) : null;
    if (nginx !== null) owned.push(nginx);
    const tunnelled = await startTunnel(originPort);
    owned.push(tunnelled);
    const pids = { direct: [], nginx: pidsOf(nginx), tunnel: [tunnelled.gateway.pid, tunnelled.runner.pid] };
    return {
      originPort,
      tunnel: tunnelled,
      ports: { direct: originPort, nginx: nginx?.port ?? null, tunnel: tunnelled.port },
      cpuSeconds: (way) => cpuSecondsTogether(pids[way]),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Starts a gateway on a free port. */
export async function startGateway(): Promise<{ process: ChildProcess; port: number }> {
  const process = keep(tunnel(["gateway", "--hostname", "127.0.0.1", "--port", "0", "--token", token]));
  return { process, port: await portOf(process, /listens on http:\/\/127\.0\.0\.1:(\d+)/) };
}

/** The flags of a command that dials the gateway. */
export function linkArguments(gatewayPort: number): string[] {
  return ["--gateway-url", `ws://127.0.0.1:${gatewayPort}`, "--token", token];
}

/** Starts a runner and waits until it is connected. */
export async function startRunner(gatewayPort: number, originPort: number): Promise<ChildProcess> {
  const target = `http://127.0.0.1:${originPort}`;
  const process = keep(tunnel(["runner", ...linkArguments(gatewayPort), "--target", target]));
  await process.line(/is connected to/);
  return process;
}

/** Starts the origin and says where it listens. */
export async function startOrigin(): Promise<{ process: ChildProcess; port: number }> {
  const process = keep(
    new ChildProcess(Deno.execPath(), [
      ...["run", "--quiet", "--allow-net=127.0.0.1", "tests/bench/origin.ts"],
    ]),
  );
  return { process, port: await portOf(process, /origin on http:\/\/127\.0\.0\.1:(\d+)/) };
}

async function startTunnel(originPort: number): Promise<TunnelProcesses> {
  const gateway = await startGateway();
  const runner = await startRunner(gateway.port, originPort);
  return {
    gateway: gateway.process,
    runner,
    port: gateway.port,
    async [Symbol.asyncDispose]() {
      await stop(runner);
      await stop(gateway.process);
    },
  };
}

/** Masters and workers. */
function pidsOf(nginx: NginxChain | null): number[] {
  return nginx === null ? [] : nginx.pids.flatMap((pid) => [pid, ...childrenOf(pid)]);
}

async function portOf(process: ChildProcess, pattern: RegExp): Promise<number> {
  return Number((await process.line(pattern))[1]);
}
