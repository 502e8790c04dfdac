import assert from "node:assert/strict";
import { ByteSocket, type ByteSocketHandler } from "../../../lib/net/mod.ts";

const ignore: ByteSocketHandler = { data() {}, drained() {}, ended() {}, closed() {} };

/** A connection as it is, that keeps a list of what it was given to write. */
export class WatchedConn implements Deno.Conn {
  /** Lengths of the writes so far, in order. */
  readonly writes: number[] = [];
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  get localAddr(): Deno.Addr {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#conn.readable;
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#conn.writable;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#conn.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.writes.push(bytes.length);
    return this.#conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#conn.close();
  }

  ref(): void {
    this.#conn.ref();
  }

  unref(): void {
    this.#conn.unref();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** Both ends of a connection over loopback: one as the socket under test, the other as it is. */
export async function connected(
  handler: ByteSocketHandler = ignore,
): Promise<{ socket: ByteSocket; conn: WatchedConn; peer: Deno.Conn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const { port } = listener.addr as Deno.NetAddr;
  const conn = new WatchedConn(await Deno.connect({ hostname: "127.0.0.1", port }));
  return { socket: new ByteSocket(conn, handler), conn, peer: await accepted };
}

/** Everything that comes until the other end closes. */
export async function readAll(peer: Deno.Conn): Promise<Uint8Array> {
  return new Uint8Array(await new Response(peer.readable).arrayBuffer());
}

/** The next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A later turn, in which the kernel has taken all that was written. */
export async function written(socket: ByteSocket): Promise<void> {
  await nextTurn();
  for (let turns = 0; socket.bufferedBytes > 0; turns++) {
    assert.ok(turns < 5_000, `${socket.bufferedBytes} bytes are not written`);
    await nextTurn();
  }
}
