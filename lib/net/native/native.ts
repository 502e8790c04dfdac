import { readMonotonicBy } from "../monotonic.ts";
import type { SocketIo, SocketIoOwner } from "../socket_io.ts";
import { connectedDescriptor, listeningDescriptor } from "./descriptors.ts";
import { Libc } from "./libc.ts";
import { NativeIo } from "./native_io.ts";
import { Poller } from "./poller.ts";
import { nativeClock } from "./native_clock.ts";

/** What is made once for the process; `null` as long as nobody asked for it, or where it is not to be had. */
let libc: Libc | null = null;
let poller: Poller | null = null;
/** Descriptors that were taken over, which no new connection can have. */
const taken: boolean[] = [];

/** IPPROTO_TCP and TCP_NODELAY. */
const tcp = 6;
const noDelay = 1;

/**
 * Lets this process make the system's own calls: for the options of sockets that the runtime has no word for.
 *
 * @returns why that cannot be done here, or `null`
 */
export function useNativeCalls(): string | null {
  if (libc !== null) return null;
  const opened = Libc.open();
  if (typeof opened === "string") return opened;
  libc = opened;
  return null;
}

/**
 * Has TCP sockets read and written by the system's own calls from now on, in this process. TLS stays the runtime's.
 *
 * @returns why that cannot be done here, or `null`
 */
export function useNativeSockets(): string | null {
  if (poller !== null) return null;
  const problem = useNativeCalls();
  if (problem !== null) return problem;
  try {
    poller = new Poller(libc!);
    readMonotonicBy(nativeClock(libc!.calls));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** How many sockets are read and written by the system's own calls. */
export function nativeSocketCount(): number {
  return poller === null ? 0 : poller.sockets;
}

/** Tells that so many messages were read or are sent together: see {@link Poller.together}. */
export function messagesGoTogether(messages: number): void {
  poller?.together(messages);
}

/**
 * Takes a connection over from the runtime, which keeps it open and hears nothing of it any more.
 *
 * @returns `null` when that is not wanted or cannot be done, and `conn` is as it was
 */
export function adopt(conn: Deno.Conn, owner: SocketIoOwner): SocketIo | null {
  // TLS has no such method.
  if (poller === null || libc === null || !("setNoDelay" in conn)) return null;
  const fd = connectedDescriptor(conn as Deno.TcpConn, libc.calls, taken);
  if (fd === -1) return null;
  const close = () => {
    taken[fd] = false;
    conn.close();
  };
  const io = new NativeIo({ fd, poller, libc, owner, close });
  if (!io.isPolled) return null;
  taken[fd] = true;
  return io;
}

/**
 * Turns Nagle's algorithm off for all that `listener` will accept: Linux passes the option on. For TLS, whose connections the
 * runtime gives no such method: what is written while something else waits for its acknowledgement would wait 40 ms.
 *
 * @returns whether that was done
 */
export function acceptWithoutDelay(listener: Pick<Deno.Listener, "addr">): boolean {
  if (libc === null) return false;
  const fd = listeningDescriptor(listener.addr as Deno.NetAddr, libc.calls);
  const on = new Uint8Array([1, 0, 0, 0]);
  return fd !== -1 && libc.calls.setsockopt(fd, tcp, noDelay, on, on.length) === 0;
}
