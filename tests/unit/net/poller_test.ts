/** Which event queue of the process has a socket: the poller's, or the runtime's. Told by /proc, from outside of both. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { connectedDescriptor } from "../../../lib/net/native/descriptors.ts";
import { type Calls, Libc } from "../../../lib/net/native/libc.ts";
import { NativeIo } from "../../../lib/net/native/native_io.ts";
import { Poller } from "../../../lib/net/native/poller.ts";
import type { SocketIoOwner } from "../../../lib/net/socket_io.ts";
import { afterTurn, promisesFollow, turnEnd } from "../../../lib/net/turn.ts";
import { bounded } from "../../support/bounded.ts";
import { eventually } from "../../support/stack.ts";
import { inItsOwn } from "./in_its_own.ts";
import { connection, onLinux } from "./native_pair.ts";

const descriptors = new URL("../../../lib/net/native/descriptors.ts", import.meta.url);

/** The epoll descriptors of this process that watch `fd`. */
function queuesWith(fd: number): number[] {
  const queues: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
    let text: string;
    try {
      text = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
    } catch (error) {
      // Closed since: other tests run in this process.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      continue;
    }
    if (new RegExp(`^tfd:\\s+${fd} `, "m").test(text)) queues.push(Number(name));
  }
  return queues;
}

/** The same calls, which count how often the thread sleeps for events, and how often none comes. */
function countingSleeps(calls: Calls, slept: { times: number; inVain: number }): Calls {
  return {
    ...calls,
    epoll_wait(fd, events, max, timeoutMs) {
      const count = calls.epoll_wait(fd, events, max, timeoutMs);
      if (timeoutMs > 0) slept.times++;
      if (timeoutMs > 0 && count === 0) slept.inVain++;
      return count;
    },
  };
}

class Owner implements SocketIoOwner {
  readonly largestReadBytes = 1024;
  readonly endsOnReset = false;
  readonly reads: (number | null)[] = [];
  readDone(bytes: Uint8Array | null): void {
    this.reads.push(bytes?.length ?? null);
  }
  readFailed(): void {}
  wrote(): void {}
  writeFailed(): void {}
}

Deno.test({
  name: "a socket leaves the runtime's queue for the poller's, and is back in it when the runtime closes it",
  ignore: !onLinux,
  async fn() {
    const libc = Libc.open() as Libc;
    const poller = new Poller(libc);
    const [own, other] = await connection();
    const fd = connectedDescriptor(own, libc.calls);
    // Two numbers, of which one is a copy of the other.
    const runtime = queuesWith(fd);
    assert.notEqual(runtime.length, 0);
    const owner = new Owner();
    let atClose: number[] = [];
    const close = () => {
      // Where the runtime looks for it: without that it would keep what it knows of each for ever.
      atClose = queuesWith(fd);
      own.close();
    };
    const io = new NativeIo({ fd, poller, libc, owner, close });
    assert.equal(io.isPolled, true);
    assert.equal(poller.sockets, 1);
    const [polled, ...rest] = queuesWith(fd);
    assert.deepEqual(rest, []);
    assert.ok(!runtime.includes(polled), `${polled}`);
    io.read();
    await other.write(new Uint8Array(7));
    await eventually(() => owner.reads, (reads) => reads.length > 0);
    assert.deepEqual(owner.reads, [7]);
    io.close();
    assert.deepEqual(atClose, runtime);
    assert.equal(poller.sockets, 0);
    // It was the last one: the peer is told, although the poller's thread has slept.
    assert.equal(await bounded(other.read(new Uint8Array(1)), "the end"), null);
    other.close();
  },
});

Deno.test({
  name: "what the runtime's queue does not hold is refused, and left as it was",
  ignore: !onLinux,
  async fn() {
    const libc = Libc.open() as Libc;
    const poller = new Poller(libc);
    const eventfd = libc.checked(libc.calls.eventfd(0, 0));
    const io = new NativeIo({ fd: eventfd, poller, libc, owner: new Owner(), close() {} });
    assert.equal(io.isPolled, false);
    assert.equal(poller.sockets, 0);
    assert.deepEqual(queuesWith(eventfd), []);
    const missing = new NativeIo({ fd: 1_000_000, poller, libc, owner: new Owner(), close() {} });
    assert.equal(missing.isPolled, false);
    await Promise.resolve();
  },
});

Deno.test({
  name: "a connection is found by its two addresses, and one that is closed is not",
  ignore: !onLinux,
  async fn() {
    const { calls } = Libc.open() as Libc;
    for (const hostname of ["127.0.0.1", "::1"]) {
      const [own, other] = await connection(hostname);
      const fds = [connectedDescriptor(own, calls), connectedDescriptor(other, calls)];
      assert.ok(fds.every((fd) => fd > 2) && fds[0] !== fds[1], `${fds}`);
      const known: boolean[] = [];
      known[fds[0]] = true;
      assert.equal(connectedDescriptor(own, calls, known), -1);
      const { localAddr, remoteAddr } = own;
      own.close();
      other.close();
      await eventually(() => connectedDescriptor({ localAddr, remoteAddr }, calls), (fd) => fd === -1);
    }
  },
});

Deno.test({
  name: "a socket that listens is found behind a thousand descriptors, and one that is closed is not",
  ignore: !onLinux,
  async fn() {
    // In a process of its own, for others that look for a socket have to look behind them, too.
    const [open, closed] = await inItsOwn(`
      import { listeningDescriptor } from "${descriptors}";
      const { calls } = Libc.open();
      for (let i = 0; i < 1_100; i++) Deno.openSync("/dev/null");
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { addr } = listener;
      const open = listeningDescriptor(addr, calls);
      listener.close();
      console.log(JSON.stringify([open, listeningDescriptor(addr, calls)]));
    `);
    assert.ok(open >= 1_100, `${open}`);
    assert.equal(closed, -1);
  },
});

Deno.test({
  name: "what a read has the runtime do is not put off by the poller's sleep",
  ignore: !onLinux,
  async fn() {
    const libc = Libc.open() as Libc;
    const { calls } = libc;
    let isAside = false;
    const slept = { times: 0, inVain: 0 };
    const watched: Calls = {
      ...countingSleeps(calls, slept),
      async epollWaitAside(fd, events, max, timeoutMs) {
        isAside = timeoutMs < 0;
        const count = await calls.epollWaitAside(fd, events, max, timeoutMs);
        isAside = false;
        return count;
      },
    };
    const poller = new Poller({ calls: watched, checked: libc.checked.bind(libc) } as Libc);
    const [own, other] = await connection();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    let connected: PromiseWithResolvers<number>;
    const owner = new Owner();
    owner.readDone = () => {
      const before = slept.inVain;
      void Deno.connect({ hostname: "127.0.0.1", port }).then((conn) => {
        conn.close();
        connected.resolve(slept.inVain - before);
      });
      io.read();
    };
    const fd = connectedDescriptor(own, calls);
    const io = new NativeIo({ fd, poller, libc, owner, close: () => own.close() });
    io.read();
    const sleptThrough: number[] = [];
    for (let i = 0; i < 20; i++) {
      await eventually(() => isAside, (isAside) => isAside);
      connected = Promise.withResolvers();
      const [accepted] = await Promise.all([listener.accept(), other.write(new Uint8Array(1))]);
      sleptThrough.push(await connected.promise);
      accepted.close();
    }
    io.close();
    other.close();
    // Now and then it is ready in the moment between the last look and the sleep.
    assert.ok(sleptThrough.filter((count) => count > 0).length <= 2, `${sleptThrough}`);
  },
});

const leadsTo: Record<string, (done: () => void) => void> = {
  "what is put off to the end of the turn, and off again there": (done) =>
    afterTurn(() => afterTurn(() => afterTurn(done))),
  "a chain of promises that is said to follow": async (done) => {
    promisesFollow("in this turn");
    for (let i = 0; i < 6; i++) await turnEnd;
    done();
  },
};

for (const [what, lead] of Object.entries(leadsTo)) {
  Deno.test({
    name: `the poller does not sleep before ${what} is done`,
    ignore: !onLinux,
    async fn() {
      const libc = Libc.open() as Libc;
      const { calls } = libc;
      const slept = { times: 0, inVain: 0 };
      const watched = countingSleeps(calls, slept);
      const poller = new Poller({ calls: watched, checked: libc.checked.bind(libc) } as Libc);
      const [own, other] = await connection();
      let led: PromiseWithResolvers<number>;
      const owner = new Owner();
      owner.readDone = () => {
        const before = slept.inVain;
        lead(() => led.resolve(slept.inVain - before));
        io.read();
      };
      const fd = connectedDescriptor(own, calls);
      const io = new NativeIo({ fd, poller, libc, owner, close: () => own.close() });
      io.read();
      const sleptThrough: number[] = [];
      for (let i = 0; i < 200; i++) {
        // Every other time that it finds nothing it sleeps before the next look, and then between looks that follow at once.
        const idle = i % 10 === 0 ? 2 + (i / 10) % 2 : 0;
        for (let round = 0; round < idle; round++) await new Promise((resolve) => setImmediate(resolve));
        led = Promise.withResolvers();
        await other.write(new Uint8Array(1));
        sleptThrough.push(await led.promise);
      }
      io.close();
      other.close();
      assert.ok(slept.times > 0, "it never slept");
      assert.deepEqual(sleptThrough.filter((count) => count > 0), []);
    },
  });
}
