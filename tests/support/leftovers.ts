import type { ChildProcess, RunningGateway } from "./processes.ts";
import { LedgerClient } from "./ledger_client.ts";
import type { ProxiedStack } from "./proxied_stack.ts";
import { eventually, healthOf } from "./stack.ts";

/** Sockets a process has open, as `/proc` counts them. */
export function openSockets(process: ChildProcess): number {
  // Read by another program: Deno opens /proc to those alone that may do everything.
  const { stdout } = new Deno.Command("ls", { args: ["-l", `/proc/${process.pid}/fd`] }).outputSync();
  return new TextDecoder().decode(stdout).match(/socket:/g)?.length ?? 0;
}

/** How many sockets each process had open when nothing was under way. */
export type Baseline = Map<ChildProcess, number>;

/** Takes the baseline of a stack with the origin that keeps books, once it has served for the first time. */
export async function baselineOf(stack: ProxiedStack): Promise<Baseline> {
  using client = await LedgerClient.open(stack.gateway.wsUrl, { id: "baseline" });
  client.sendOne();
  await client.balance();
  await client.ws.close(1000);
  await eventually(() => healthOf(stack.gateway), ({ streams }) => streams === 0);
  return new Map([stack.gateway.process, stack.runner].map((process) => [process, openSockets(process)]));
}

/** Everything is back to zero: streams, sleepers and bytes at the gateway, and open sockets at every process. */
export async function assertNothingLeft(gateway: RunningGateway, baseline: Baseline): Promise<void> {
  await eventually(
    () => healthOf(gateway),
    ({ streams, hibernating, bufferedBytes }) => streams === 0 && hibernating === 0 && bufferedBytes === 0,
  );
  // Connections that are kept alive for a next request end within seconds.
  await eventually(
    () => [...baseline].map(([process, before]) => ({ before, now: openSockets(process) })),
    (counts) => counts.every(({ before, now }) => now <= before),
  );
}
