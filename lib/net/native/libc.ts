const symbols = {
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  epollWaitAside: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  sched_getscheduler: { parameters: ["i32"], result: "i32" },
  sched_setscheduler: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },
} as const;

/**
 * The C library's functions that sockets need, under their own names; `epollWaitAside` waits in a thread of the runtime's.
 * What is a `usize` is to be given as a `bigint`: with a `number` a call takes twice as long.
 */
export type Calls = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** Where Linux distributions keep the GNU C library. What may be loaded is granted by path. */
export const libcPaths: readonly string[] = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
];

/** The C library of this system. */
export class Libc {
  readonly calls: Calls;
  readonly #errnoAt: Deno.PointerValue;
  readonly #errno = new Int32Array(1);
  readonly #errnoBytes = new Uint8Array(this.#errno.buffer);

  private constructor(calls: Calls) {
    this.calls = calls;
    this.#errnoAt = calls.__errno_location();
  }

  /** @returns why there is none to be had, when it is a string */
  static open(): Libc | string {
    if (Deno.build.os !== "linux") return `there is no epoll on ${Deno.build.os}`;
    let reason = `the permission --allow-ffi=${libcPaths.join(",")} is missing`;
    for (const path of libcPaths) {
      // Asked for first: without the grant somebody at a terminal would be prompted for it.
      if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") continue;
      try {
        return new Libc(Deno.dlopen(path, symbols).symbols);
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    return reason;
  }

  /** The error number of the call before, which must have failed: nothing resets it. */
  get errno(): number {
    // Read by a call as well: a view of that memory would need the permission to load every library.
    this.calls.memcpy(this.#errnoBytes, this.#errnoAt, 4n);
    return this.#errno[0];
  }

  /** @throws what the call before ended with, when `result` says that it failed */
  checked(result: number): number {
    if (result < 0) throw errorOf(this.errno);
    return result;
  }
}

/** Error numbers of Linux, the same on every architecture that the runtime is made for. */
export const errnos = { EINTR: 4, EAGAIN: 11, EPIPE: 32, ECONNRESET: 104, ETIMEDOUT: 110 } as const;

const classes = new Map<number, [make: new (message: string) => Error, said: string]>([
  [errnos.EPIPE, [Deno.errors.BrokenPipe, "Broken pipe"]],
  [errnos.ECONNRESET, [Deno.errors.ConnectionReset, "Connection reset by peer"]],
  [errnos.ETIMEDOUT, [Deno.errors.TimedOut, "Connection timed out"]],
]);

/** The error that the runtime's own operation would have ended with. */
export function errorOf(errno: number): Error {
  const [make, said] = classes.get(errno) ?? [Error, "System call failed"];
  return new make(`${said} (os error ${errno})`);
}
