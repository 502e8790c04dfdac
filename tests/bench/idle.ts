import { setTimeout as delay } from "node:timers/promises";
import { printLine } from "../../commands/output.ts";
import { formatNumber } from "./format.ts";
import { holdIdleSockets } from "./load/generator.ts";
import { type ProcessUsage, processUsage } from "./process_usage.ts";
import type { FigureResult } from "./results.ts";
import type { IdleRow } from "./rows.ts";
import { stop } from "./running.ts";
import { type Stack, startStack } from "./stack.ts";

/**
 * Opening thousands of sockets leaves garbage, which V8 collects some seconds after nothing else is to be done; what is
 * still held then is what they cost.
 */
const settleMs = 15_000;
const quickSettleMs = 1_500;

/** How long CPU is counted. */
const watchMs = 10_000;
const quickWatchMs = 3_000;

/** User and system time come in ticks of 10 ms, each rounded down. */
const cpuReadingSeconds = 0.02;

/** Collected garbage goes back to the system when V8 sees fit: a few MiB over all sockets. */
const memoryResolutionKibibytes = 1;

const maxGatewayKibibytes = 20;
const maxCpuPercent = 1;

interface BothUsages {
  gateway: ProcessUsage;
  runner: ProcessUsage;
}

/**
 * Opens the row's WebSockets through a fresh gateway and leaves them silent: memory of each, and CPU of all, by
 * process. There is nothing to compare with, so nginx is not asked.
 */
export async function measureIdle(row: IdleRow, { quick }: { quick: boolean }): Promise<FigureResult[]> {
  await using stack = await startStack({ withNginx: false });
  const before = usagesOf(stack);
  if (before === null) {
    printLine("  not measured: this system has no /proc");
    return [];
  }
  const holder = await holdIdleSockets({ port: stack.ports.tunnel, path: "/echo", count: row.sockets });
  try {
    await delay(quick ? quickSettleMs : settleMs);
    const begin = requireUsages(stack);
    const beginMs = performance.now();
    await delay(quick ? quickWatchMs : watchMs);
    const end = requireUsages(stack);
    const seconds = (performance.now() - beginMs) / 1000;
    const results = figures(row, { before, begin, end, seconds });
    for (const { title, values, unit } of results) {
      printLine(`  ${title}: ${formatNumber(values[0])} ${unit}`);
    }
    return results;
  } finally {
    await stop(holder);
  }
}

function figures(
  { sockets }: IdleRow,
  measured: { before: BothUsages; begin: BothUsages; end: BothUsages; seconds: number },
): FigureResult[] {
  const { before, begin, end, seconds } = measured;
  const count = sockets.toLocaleString("en-US");
  const kibibytes = (process: "gateway" | "runner") =>
    (end[process].residentBytes - before[process].residentBytes) / 1024 / sockets;
  const percent = (process: "gateway" | "runner") =>
    (end[process].cpuSeconds - begin[process].cpuSeconds) / seconds * 100;
  const memory = { kind: "figure", unit: "KiB", resolution: memoryResolutionKibibytes } as const;
  const cpu = {
    kind: "figure",
    unit: "% of a core",
    target: { atMost: maxCpuPercent },
    resolution: cpuReadingSeconds / seconds * 100,
  } as const;
  return [
    {
      ...memory,
      id: "idle.gateway-memory",
      title: `Memory of each of ${count} idle WebSockets, gateway`,
      target: { atMost: maxGatewayKibibytes },
      values: [kibibytes("gateway")],
    },
    {
      ...memory,
      id: "idle.runner-memory",
      title: `Memory of each of ${count} idle WebSockets, runner`,
      target: null,
      values: [kibibytes("runner")],
    },
    {
      ...cpu,
      id: "idle.gateway-cpu",
      title: `CPU of ${count} idle WebSockets, gateway`,
      values: [percent("gateway")],
    },
    {
      ...cpu,
      id: "idle.runner-cpu",
      title: `CPU of ${count} idle WebSockets, runner`,
      values: [percent("runner")],
    },
  ];
}

function usagesOf(stack: Stack): BothUsages | null {
  const gateway = processUsage(stack.tunnel.gateway.pid);
  const runner = processUsage(stack.tunnel.runner.pid);
  return gateway === null || runner === null ? null : { gateway, runner };
}

function requireUsages(stack: Stack): BothUsages {
  const usages = usagesOf(stack);
  if (usages === null) throw new Error("the gateway or the runner ended while WebSockets were idle");
  return usages;
}
