/** Sockets that are read and written by the system's own calls, over loopback. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import {
  ByteSocket,
  type ByteSocketHandler,
  nativeSocketCount,
  useNativeSockets,
} from "../../../lib/net/mod.ts";
import { libcPaths } from "../../../lib/net/native/libc.ts";
import { eventually } from "../../support/stack.ts";

/** There is epoll on Linux alone. */
export const onLinux = Deno.build.os === "linux";

/** What came in and what was told, of one end. */
export class End implements ByteSocketHandler {
  readonly socket: ByteSocket;
  readonly received: Buffer[] = [];
  drains = 0;
  hasEnded = false;
  /** Why it closed; `undefined` as long as it has not. */
  closedBy: Error | null | undefined = undefined;

  constructor(conn: Deno.Conn) {
    this.socket = new ByteSocket(conn, this);
  }

  data(bytes: Uint8Array): void {
    this.received.push(Buffer.from(bytes));
  }

  drained(): void {
    this.drains++;
  }

  ended(): void {
    this.hasEnded = true;
  }

  closed(error: Error | null): void {
    assert.equal(this.closedBy, undefined, "closed is told once");
    this.closedBy = error;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }
}

/** Both ends of a connection, as the runtime has them. */
export async function connection(
  hostname = "127.0.0.1",
): Promise<[near: Deno.TcpConn, far: Deno.TcpConn]> {
  using listener = Deno.listen({ hostname, port: 0 });
  const accepted = listener.accept();
  const { port } = listener.addr;
  return [await Deno.connect({ hostname, port }), await accepted];
}

/** Both ends, each native. */
export async function nativePair(hostname?: string): Promise<[near: End, far: End]> {
  assert.equal(useNativeSockets(), null);
  const before = nativeSocketCount();
  const [near, far] = (await connection(hostname)).map((conn) => new End(conn));
  assert.equal(nativeSocketCount(), before + 2, "both were taken over");
  near.socket.start();
  far.socket.start();
  return [near, far];
}

/** Drops ends, and waits until nothing of theirs is left. */
export async function dropped(...ends: End[]): Promise<void> {
  for (const { socket } of ends) socket.destroy(null);
  await eventually(nativeSocketCount, (count) => count === 0);
}

const calls = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** A native end whose peer can go as a process that crashed does: by a reset, and no FIN before it. */
export async function withBrittlePeer(): Promise<
  { near: End; reset: () => void; paused: () => Promise<void>; send: (count: number) => void }
> {
  assert.equal(useNativeSockets(), null);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const path = libcPaths.find((path) => existsSync(path))!;
  const library = Deno.dlopen(path, calls);
  const { symbols } = library;
  const [family, stream] = [2, 1];
  const fd = symbols.socket(family, stream, 0);
  const address = new Uint8Array([family, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(symbols.connect(fd, address, address.length), 0);
  const near = new End(await listener.accept());
  near.socket.start();
  const reset = () => {
    // SO_LINGER with a time of 0.
    const [level, option, linger] = [1, 13, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])];
    assert.equal(symbols.setsockopt(fd, level, option, linger, linger.length), 0);
    assert.equal(symbols.close(fd), 0);
    library.close();
  };
  const send = (count: number) => {
    assert.equal(symbols.send(fd, new Uint8Array(count), BigInt(count), 0), count);
  };
  // The read under way is still made.
  const paused = async () => {
    near.socket.pause();
    for (let i = 0; i < 2; i++) {
      send(1);
      await eventually(() => near.socket.receivedBytes, (count) => count === 1);
    }
  };
  return { near, reset, paused, send };
}
