import type { Calls } from "./libc.ts";

/** So many are looked at that are not known: files of the runtime's, connections that are not ours. */
const mostUnknown = 1024;
/** No process has more descriptors, unless its system was told otherwise: proc(5), `nr_open`. A quarter of a second for all of them. */
const mostDescriptors = 1 << 20;
const families = { ip4: 2, ip6: 10 };
/** A `struct sockaddr_in6`, which is the larger one, and its length. */
const address = new Uint8Array(28);
const addressLength = new Uint8Array(4);

/**
 * The descriptor of a connected TCP socket, by its two addresses, which no other socket has both of.
 *
 * @param known those that are something else
 * @returns -1 when there is none
 */
export function connectedDescriptor(
  { localAddr, remoteAddr }: Pick<Deno.TcpConn, "localAddr" | "remoteAddr">,
  calls: Calls,
  known: readonly boolean[] = [],
): number {
  // The system gives out the lowest number that is free: it is among the first that are not known.
  for (let fd = 0, unknown = 0; unknown < mostUnknown; fd++) {
    if (known[fd]) continue;
    unknown++;
    if (isPeer(calls, fd, remoteAddr) && isOwn(calls, fd, localAddr)) return fd;
  }
  return -1;
}

/** The descriptor of a TCP socket that listens, by its address. @returns -1 when there is none */
export function listeningDescriptor(addr: Deno.NetAddr, calls: Calls): number {
  // Behind as many connections as were open when it began to listen.
  for (let fd = 0; fd < mostDescriptors; fd++) {
    if (isOwn(calls, fd, addr) && calls.getpeername(fd, address, longest()) !== 0) return fd;
  }
  return -1;
}

function isOwn(calls: Calls, fd: number, addr: Deno.NetAddr): boolean {
  return calls.getsockname(fd, address, longest()) === 0 && isAddress(addr);
}

function isPeer(calls: Calls, fd: number, addr: Deno.NetAddr): boolean {
  return calls.getpeername(fd, address, longest()) === 0 && isAddress(addr);
}

function longest(): Uint8Array {
  addressLength[0] = address.length;
  addressLength[1] = addressLength[2] = addressLength[3] = 0;
  return addressLength;
}

/** Whether `address` holds this one. */
function isAddress({ hostname, port }: Deno.NetAddr): boolean {
  if ((address[2] << 8 | address[3]) !== port) return false;
  const family = address[0] | address[1] << 8;
  if (family === families.ip4) return address.subarray(4, 8).join(".") === hostname;
  return family === families.ip6 && ip6Text(groupsOf(address.subarray(8, 24))) === ip6Text(hostname);
}

function groupsOf(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) groups.push((bytes[at] << 8 | bytes[at + 1]).toString(16));
  return groups.join(":");
}

/** In the one way of writing it (RFC 5952), or as it is when it is no address. */
function ip6Text(address: string): string {
  return URL.parse(`http://[${address}]`)?.hostname ?? address;
}
