import { monotonicMs } from "../lib/link/mod.ts";
import {
  type Bounds,
  checkBounds,
  dialProbe,
  listedSessions,
  type ProbeLink,
  Prober,
  rankSessions,
} from "../lib/probe/mod.ts";
import type { ProbeDocument } from "./ping_probe_document.ts";
import type { ProbeOutput } from "./ping_probe_output.ts";
import { shortId } from "./ping_probe_text.ts";

/** What the flags ask for. */
export interface ProbeSettings {
  gatewayUrl: URL;
  token: string;
  runner: string;
  /** Probe every session of the name. */
  all: boolean;
  /** 0: until stopped. */
  count: number;
  intervalMs: number;
  sizeBytes: number;
  timeoutMs: number;
  origin: boolean;
  bounds: Bounds;
  caCerts?: string[];
}

/**
 * Connects, probes until done or `signal` aborts, shows it all on `output`.
 *
 * @throws {DialError} when the gateway cannot be reached
 * @throws {LinkRefusedError} when it refuses: a wrong token, an unknown runner, a limit
 * @throws {ProbeRefusedError} when it ends the probe
 */
export async function runProbes(
  settings: ProbeSettings,
  options: { output: ProbeOutput; signal: AbortSignal },
): Promise<ProbeDocument> {
  const { output, signal } = options;
  const links = await connect(settings, signal);
  const startMs = monotonicMs();
  const startedAt = new Date().toISOString();
  const probers = links.map((link) => {
    const prober: Prober = new Prober({
      link,
      redial: (redialSignal) => dial(settings, settings.all ? link.welcome.sessionId : null, redialSignal),
      startMs,
      intervalMs: settings.intervalMs,
      count: settings.count === 0 ? Infinity : settings.count,
      timeoutMs: settings.timeoutMs,
      sizeBytes: settings.sizeBytes,
      origin: settings.origin,
      onEvent: (event) => output.event(prober, event),
    });
    return prober;
  });
  const stop = () => probers.forEach((prober) => prober.stop());
  signal.addEventListener("abort", stop);
  output.begin({ headline: headline(settings, probers), runner: settings.runner, probers });
  try {
    await Promise.all(probers.map((prober) => prober.run()));
  } catch (error) {
    output.failed?.();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  const sessions = rankSessions(probers.map((prober) => prober.report()));
  const bounds = checkBounds(sessions, settings.bounds);
  const document: ProbeDocument = {
    version: 1,
    gatewayUrl: settings.gatewayUrl.href,
    gatewayAgent: links[0].welcome.agent,
    runner: settings.runner,
    origin: settings.origin,
    startedAt,
    durationMs: Math.round(monotonicMs() - startMs),
    intervalMs: settings.intervalMs,
    timeoutMs: settings.timeoutMs,
    sizeBytes: settings.sizeBytes,
    count: settings.count === 0 ? null : settings.count,
    interrupted: signal.aborted,
    passed: bounds.every(({ broken }) => !broken),
    bounds,
    sessions,
  };
  output.end(document);
  return document;
}

async function connect(settings: ProbeSettings, signal: AbortSignal): Promise<ProbeLink[]> {
  const first = await dial(settings, null, signal);
  if (!settings.all) return [first];
  const others = listedSessions(first.welcome.sessions).filter(({ id }) => id !== first.welcome.sessionId);
  try {
    return [first, ...await Promise.all(others.map(({ id }) => dial(settings, id, signal)))];
  } catch (error) {
    first.destroy();
    throw error;
  }
}

function dial(settings: ProbeSettings, sessionId: string | null, signal: AbortSignal): Promise<ProbeLink> {
  const { gatewayUrl, token, runner: runnerName, intervalMs, sizeBytes, caCerts } = settings;
  return dialProbe({ gatewayUrl, token, runnerName, sessionId, intervalMs, sizeBytes, caCerts, signal });
}

function headline(settings: ProbeSettings, probers: Prober[]): string {
  const { runner, gatewayUrl, count, sizeBytes, intervalMs, origin } = settings;
  const { session } = probers[0];
  const where = probers.length === 1
    ? `session ${shortId(session.id)} at ${session.address}`
    : `${probers.length} sessions`;
  const probes = count === 0 ? "probes" : `${count} ${count === 1 ? "probe" : "probes"}`;
  const pace = count === 1 ? "" : `, one every ${intervalMs} ms`;
  const end = origin ? " and its origin" : "";
  return `probing runner "${runner}"${end} (${where}) through ${gatewayUrl.host}: ` +
    `${probes} of ${sizeBytes} ${sizeBytes === 1 ? "byte" : "bytes"}${pace}`;
}
