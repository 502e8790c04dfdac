import { setTimeout as delay } from "node:timers/promises";
import { printLine } from "../../commands/output.ts";
import type { ChildProcess } from "../support/processes.ts";
import { formatNumber } from "./format.ts";
import { connectRunners, holdIdleSockets, runProgram } from "./load/generator.ts";
import { rateOf } from "./load/sample.ts";
import type { WebSocketLoad } from "./load/ws_load.ts";
import { processUsage } from "./process_usage.ts";
import type { ScalePoint, ScaleResult } from "./results.ts";
import { stop } from "./running.ts";
import { startGateway, startOrigin, startStack, token } from "./stack.ts";
import { median } from "./statistics.ts";

const streamCounts = [1, 10, 100, 1_000, 10_000];
const linkCounts = [1, 3, 10, 30, 100];

/** More streams than these are open, but do not send: what is asked is what the others cost. */
const mostSending = 32;

/** The same load for every number of links, enough to keep each of them busy. */
const sendingOverLinks = 100;

const rounds = 3;
const watchIdleMs = 5_000;

/** After thousands of handshakes there is garbage to collect first. */
const settleMs = 2_000;

export interface ScaleOptions {
  seconds: number;
  quick: boolean;
}

/** Measures how cost grows from 1 to 10,000 streams on one link, and from 1 to 100 links. */
export async function measureScale(options: ScaleOptions): Promise<ScaleResult> {
  const streams: ScalePoint[] = [];
  printLine("\nStreams on one link …");
  for (const count of streamCounts) streams.push(await measureStreams(count, options));
  const links: ScalePoint[] = [];
  printLine("\nLinks to one gateway …");
  for (const count of linkCounts) links.push(await measureLinks(count, options));
  return { streams, links };
}

async function measureStreams(count: number, options: ScaleOptions): Promise<ScalePoint> {
  await using stack = await startStack({ withNginx: false });
  const port = stack.ports.tunnel;
  const sending = Math.min(count, mostSending);
  const silent = await holdIdleSockets({ port, path: "/echo", count: count - sending });
  const load = { port, path: "/echo", connections: sending, runners: 0, inFlight: 1, messageBytes: 64 };
  const point = await measurePoint(count, { gateway: stack.tunnel.gateway, load, ...options });
  await stop(silent);
  return point;
}

async function measureLinks(count: number, options: ScaleOptions): Promise<ScalePoint> {
  const origin = await startOrigin();
  const gateway = await startGateway();
  const runners = await connectRunners({ gatewayPort: gateway.port, originPort: origin.port, token, count });
  const load = {
    port: gateway.port,
    path: "/echo",
    connections: sendingOverLinks,
    runners: count,
    inFlight: 1,
    messageBytes: 64,
  };
  const point = await measurePoint(count, { gateway: gateway.process, load, ...options });
  for (const process of [runners, gateway.process, origin.process]) await stop(process);
  return point;
}

async function measurePoint(
  count: number,
  options: ScaleOptions & { gateway: ChildProcess; load: Omit<WebSocketLoad, "seconds"> },
): Promise<ScalePoint> {
  const { gateway, load, seconds, quick } = options;
  await runProgram("ws_load.ts", { ...load, seconds: 1 });
  await delay(settleMs);
  const idleCpuPercent = await watchIdle(gateway, quick ? watchIdleMs / 5 : watchIdleMs);
  const rates: number[] = [];
  const p50Ms: number[] = [];
  const micros: (number | null)[] = [];
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    const before = processUsage(gateway.pid)?.cpuSeconds;
    const sample = await runProgram("ws_load.ts", { ...load, seconds });
    const after = processUsage(gateway.pid)?.cpuSeconds;
    rates.push(rateOf(sample));
    if (sample.p50Ms !== null) p50Ms.push(sample.p50Ms);
    const used = before === undefined || after === undefined ? null : after - before;
    micros.push(used === null ? null : used / sample.operations * 1e6);
  }
  const known = micros.filter((value) => value !== null);
  const point: ScalePoint = {
    count,
    rates,
    p50Ms,
    gatewayMicros: known.length === micros.length ? known : null,
    gatewayResidentBytes: processUsage(gateway.pid)?.residentBytes ?? null,
    idleCpuPercent,
  };
  printLine(`  ${count}: ${pointText(point)}`);
  return point;
}

async function watchIdle(gateway: ChildProcess, forMs: number): Promise<number | null> {
  const before = processUsage(gateway.pid)?.cpuSeconds;
  const beginMs = performance.now();
  await delay(forMs);
  const after = processUsage(gateway.pid)?.cpuSeconds;
  if (before === undefined || after === undefined) return null;
  return (after - before) / (performance.now() - beginMs) * 1000 * 100;
}

function pointText(point: ScalePoint): string {
  const micros = point.gatewayMicros === null ? null : median(point.gatewayMicros);
  const mebibytes = point.gatewayResidentBytes === null ? null : point.gatewayResidentBytes / 1024 ** 2;
  return `${formatNumber(median(point.rates))} messages/s, gateway ${formatNumber(micros)} µs a message, ` +
    `${formatNumber(mebibytes)} MiB, idle ${formatNumber(point.idleCpuPercent)} % of a core`;
}
