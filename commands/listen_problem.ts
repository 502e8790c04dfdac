import { formatEndpoint } from "../lib/net/mod.ts";

/**
 * Why nothing can listen at an address, and what can be done about it.
 *
 * @param error what `Deno.listen` threw
 * @param at of `flag`: the one that the address was given with
 */
export function listenProblem(
  error: unknown,
  { hostname, port, flag }: { hostname: string; port: number; flag: string },
): string {
  const accepted = `${flag} takes an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them`;
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `cannot listen on ${hostname}, which is no address of this machine: ${accepted}`;
  }
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof URIError || /lookup address/.test(detail)) {
    return `cannot listen on ${JSON.stringify(hostname)}, which is no address: ${accepted}`;
  }
  const where = formatEndpoint({ hostname, port });
  if (error instanceof Deno.errors.PermissionDenied) {
    return `cannot listen on ${where}: permission denied; ports below 1024 may need a privilege`;
  }
  return `cannot listen on ${where}: ${detail}`;
}
