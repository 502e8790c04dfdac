import { headerValue, type RawHeaders } from "../http1/mod.ts";

/** Clients may name their runner here; the header goes no further than the gateway. */
export const runnerHeader = "x-tunnel-runner";

export const defaultRunnerName = "default";

/**
 * Which runner a request is for: the `x-tunnel-runner` header, else the label of `Host` next to the
 * gateway's domain, else `default`.
 *
 * @param domain the gateway's own domain in lower case, or `null` when it routes by header alone
 */
export function runnerNameOf(headers: RawHeaders, domain: string | null): string {
  const named = headerValue(headers, runnerHeader);
  if (named !== undefined) return named.trim().toLowerCase();
  if (domain === null) return defaultRunnerName;
  // A dot at the end says that the name is whole (RFC 1034, 3.1), which it is anyway.
  const host = hostWithoutPort(headerValue(headers, "host") ?? "").toLowerCase().replace(/\.$/, "");
  if (!host.endsWith("." + domain)) return defaultRunnerName;
  const prefix = host.slice(0, host.length - domain.length - 1);
  const dot = prefix.lastIndexOf(".");
  // The label next to the domain names the runner; deeper ones are the application's.
  return prefix.slice(dot + 1);
}

/** `host` of `host:port`, brackets of an IPv6 address kept. */
export function hostWithoutPort(host: string): string {
  const colon = host.lastIndexOf(":");
  return colon > host.lastIndexOf("]") ? host.slice(0, colon) : host;
}
