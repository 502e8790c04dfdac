import { Option } from "@commander-js/extra-typings";
import { InvalidArgumentError } from "commander";
import process from "node:process";
import type { AdminServer, History, Inspected } from "../lib/inspector/mod.ts";
import { monotonicMs } from "../lib/link/mod.ts";
import { formatEndpoint, nativeSocketCount, turnMs } from "../lib/net/mod.ts";
import { type Logger, type ProcessUsage, Tracing } from "../lib/telemetry/mod.ts";
import { envName } from "./common_options.ts";
import { isExporting } from "./end.ts";
import { UsageError } from "./errors.ts";
import { listenProblem } from "./listen_problem.ts";
import { requestCount, token } from "./values.ts";
import { version } from "./version.ts";

/** `off`: no admin port; `any`: whichever is free; `from`: this one or, when it is taken, one of the next nine. */
export type AdminPort = { kind: "off" } | { kind: "any" } | { kind: "from" | "exactly"; port: number };

const portsTried = 10;

/** @param defaultPort what is served when the flag is not given, or `null` for nothing */
export const adminPortOption = (defaultPort: number | null) =>
  new Option(
    "--admin-port <port>",
    "port for the inspector page, metrics and JSON API; 0: none, any: whichever is free",
  )
    .env(envName("admin-port"))
    .default(
      (defaultPort === null ? { kind: "off" } : { kind: "from", port: defaultPort }) as AdminPort,
      defaultPort === null ? "0" : `${defaultPort} or the next free one`,
    )
    .argParser(adminPort);

export const adminHostnameOption = () =>
  new Option(
    "--admin-hostname <address>",
    "address the admin port listens on; others than loopback need a token",
  )
    .env(envName("admin-hostname")).default("127.0.0.1").argParser(withoutBrackets);

/** An IPv6 address may be written as in a URL. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

export const adminTokenOption = () =>
  new Option("--admin-token <token>", "token that users of the admin port must show")
    .env(envName("admin-token")).argParser(token);

export const inspectRequestsOption = () =>
  new Option("--inspect-requests <count>", "requests and WebSockets the inspector remembers; 10000 at most")
    .env(envName("inspect-requests")).default(500).argParser(requestCount);

/** What the options above come to. */
export interface AdminSettings {
  adminPort: AdminPort;
  adminHostname: string;
  adminToken?: string;
  inspectRequests: number;
}

/**
 * Holds the options to each other, before anything is started.
 *
 * @throws {UsageError} when others than this machine could use the admin port without a token
 */
export async function checkAdmin({ adminPort, adminHostname, adminToken }: AdminSettings): Promise<void> {
  if (adminPort.kind === "off" || adminToken !== undefined) return;
  const { isLoopback } = await loadInspector();
  if (isLoopback(adminHostname)) return;
  throw new UsageError(
    `--admin-token is missing: whoever reaches ${adminHostname} could use the admin port; ` +
      "give a token, or listen on loopback (127.0.0.1, ::1 or localhost)",
  );
}

/** The history that the inspector shows, or `undefined` when there is no admin port. */
export async function makeHistory(settings: AdminSettings): Promise<History | undefined> {
  if (settings.adminPort.kind === "off") return undefined;
  const { History } = await loadInspector();
  return new History({ maxRecords: settings.inspectRequests, now: turnMs, wallMs: Date.now });
}

/** A running admin port, and what is to be printed of it. */
export interface StartedAdmin {
  server: AdminServer | null;
  lines: string[];
}

/**
 * Starts the admin port.
 *
 * @throws {UsageError} when the port asked for cannot be had
 */
export async function startAdmin(
  settings: AdminSettings,
  options: { inspected: Inspected; history: History | undefined; logger: Logger },
): Promise<StartedAdmin> {
  const { adminPort, adminHostname: hostname } = settings;
  const { history, inspected, logger } = options;
  if (adminPort.kind === "off" || history === undefined) return { server: null, lines: [] };
  const { AdminServer } = await loadInspector();
  const server = listen({ adminPort, hostname }, (port) =>
    AdminServer.listen({
      hostname,
      port,
      token: settings.adminToken ?? null,
      inspected,
      history,
      startedAt: performance.timeOrigin,
      now: monotonicMs,
      wallMs: Date.now,
      usage: processUsage,
      logger,
    }));
  if (server === null) {
    const from = (adminPort as { port: number }).port;
    const ports = `${from} to ${from + portsTried - 1}`;
    return { server, lines: [`  no inspector: ports ${ports} are in use; give one with --admin-port`] };
  }
  const shown = hostname === "0.0.0.0" || hostname === "::" ? "localhost" : hostname;
  const url = `http://${formatEndpoint({ hostname: shown, port: server.address.port })}/`;
  return { server, lines: [`  inspector ${url}`] };
}

function listen(
  { adminPort, hostname }: { adminPort: AdminPort; hostname: string },
  start: (port: number) => AdminServer,
): AdminServer | null {
  if (adminPort.kind === "off") return null;
  const first = adminPort.kind === "any" ? 0 : adminPort.port;
  const tries = adminPort.kind === "from" ? portsTried : 1;
  for (let port = first; port < first + tries; port++) {
    try {
      return start(port);
    } catch (cause) {
      const taken = cause instanceof Deno.errors.AddrInUse;
      if (taken && adminPort.kind === "from") continue;
      throw new UsageError(
        taken
          ? `admin port ${port} is in use: stop what listens there, or give another with --admin-port`
          : listenProblem(cause, { hostname, port, flag: "--admin-hostname" }),
        { cause },
      );
    }
  }
  return null;
}

function adminPort(text: string): AdminPort {
  if (text === "any") return { kind: "any" };
  if (text === "0") return { kind: "off" };
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new InvalidArgumentError(
      "An admin port is a whole number from 1 to 65535, 0 (none), or any (free one).",
    );
  }
  return { kind: "exactly", port };
}

/**
 * Spans and metrics by OTLP when `OTEL_DENO=true` asks Deno to export them; else `undefined`, and nothing is loaded.
 */
export async function loadTracing(): Promise<Tracing | undefined> {
  return isExporting() ? await Tracing.load(version) : undefined;
}

/** Has the metrics of `inspected` exported along with the spans. */
export async function exportMetrics(tracing: Tracing, inspected: Inspected): Promise<void> {
  const { familiesOf } = await loadInspector();
  tracing.exportMetrics(() => familiesOf(inspected, processUsage()));
}

/** Only who asks for an admin port waits for it to load. */
async function loadInspector(): Promise<typeof import("../lib/inspector/mod.ts")> {
  return await import("../lib/inspector/mod.ts");
}

/** What the process takes of the machine now. */
function processUsage(): ProcessUsage {
  const cpu = process.cpuUsage();
  const memory = Deno.memoryUsage();
  return {
    startedAtSeconds: performance.timeOrigin / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    residentBytes: memory.rss,
    heapBytes: memory.heapUsed,
    nativeSockets: nativeSocketCount(),
  };
}
