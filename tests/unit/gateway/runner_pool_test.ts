/** Clients that wait for a runner, and for its origin, in virtual time. */
import assert from "node:assert/strict";
import type { Sleeper } from "../../../lib/gateway/hibernation.ts";
import { LinkAcceptor } from "../../../lib/gateway/link_acceptor.ts";
import { Registry } from "../../../lib/gateway/registry.ts";
import { RunnerPool } from "../../../lib/gateway/runner_pool.ts";
import { RequestIds, type Runner } from "../../../lib/gateway/runner_session.ts";
import { frameTypes, initialWindowBytes } from "../../../lib/protocol/mod.ts";
import type { Stream } from "../../../lib/session/mod.ts";
import { silentLogger, TunnelMetrics } from "../../../lib/telemetry/mod.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { VirtualLink } from "../../support/virtual_link.ts";

/** A gateway's pool of runners, which connect over links in virtual time, and are swept once a second. */
class Pool {
  readonly clock = new VirtualClock();
  readonly registry = new Registry(() => 0);
  readonly pool: RunnerPool;
  readonly #acceptor: LinkAcceptor;
  #sessions = 0;

  constructor(wake: "any" | "same") {
    const shared = {
      ...{ gatewayId: 7, registry: this.registry, logger: silentLogger, metrics: new TunnelMetrics() },
      clock: this.clock,
    };
    this.pool = new RunnerPool({ ...shared, wake, maxBufferedBytes: 1024 });
    this.#acceptor = new LinkAcceptor({
      ...{ ...shared, agent: "", pingIntervalMs: 3_000, pingTimeoutMs: 30_000, resumeWindowMs: 0 },
      requestIds: new RequestIds(),
      random: () => 0.5,
      collected: () => {},
      probeReply: () => {},
      ready: (session, resumed) => this.pool.ready(session, resumed),
    });
    this.#sweepLater();
  }

  /** A runner of that name connects. */
  connect(runnerName = "default"): { runner: Runner; link: VirtualLink } {
    const link = new VirtualLink(this.clock);
    this.clock.turn(() => this.#acceptor.accept(link.connect, ""));
    const sessionId = new Uint8Array(16).fill(++this.#sessions);
    link.receive({
      ...{ type: frameTypes.hello, minVersion: 1, maxVersion: 1, sessionId, runnerName, agent: "" },
      ...{ resumeGatewayId: 0, initialWindow: initialWindowBytes },
    }, { type: frameTypes.resume, last: true, streams: [] });
    return { runner: this.registry.get(sessionId.toHex())!, link };
  }

  #sweepLater(): void {
    this.clock.after(1_000, () => {
      this.pool.sweep();
      this.#sweepLater();
    });
  }
}

/** A client whose origin is away: it tries again whenever it is woken, until `answers` says that the origin is there. */
class Client implements Sleeper {
  readonly runnerName = "default";
  readonly heldBytes = 0;
  readonly wokenAtMs: number[] = [];
  readonly wokenOn: Runner[] = [];
  expiredAtMs: number | null = null;
  readonly #pool: Pool;
  readonly #untilMs: number;
  readonly #answers: (runner: Runner) => boolean;

  constructor(pool: Pool, options: { waitsMs: number; answers?: (runner: Runner) => boolean }) {
    this.#pool = pool;
    this.#untilMs = pool.clock.monotonicMs() + options.waitsMs;
    this.#answers = options.answers ?? (() => false);
    assert.equal(pool.pool.carryOn(this, options.waitsMs), "wait");
  }

  wake(runner: Runner): void {
    this.wokenAtMs.push(this.#pool.clock.monotonicMs());
    this.wokenOn.push(runner);
    if (this.#answers(runner)) return this.#pool.pool.originAnswers(this.runnerName);
    if (!this.#pool.pool.tryAgain(this, { runner, untilMs: this.#untilMs })) this.expire();
  }

  expire(): void {
    this.expiredAtMs = this.#pool.clock.monotonicMs();
  }

  shed(): void {}
}

for (const wake of ["any", "same"] as const) {
  Deno.test(`--wake ${wake}: a client whose origin is away is woken about once a second until its window ends`, () => {
    const pool = new Pool(wake);
    const client = new Client(pool, { waitsMs: 10_000 });
    pool.clock.advance(2_300);
    const { runner } = pool.connect();
    pool.clock.advance(60_000);
    assert.deepEqual(client.wokenAtMs, [2_300, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000]);
    assert.ok(client.wokenOn.every((on) => on === runner));
    assert.equal(client.expiredAtMs, 10_000);
    assert.equal(pool.pool.hibernating, 0);
  });
}

Deno.test("a client whose window has ended when it finds its origin away is given up at once", () => {
  const pool = new Pool("any");
  const client = new Client(pool, { waitsMs: 2_000 });
  pool.clock.freeze(2_000);
  pool.connect();
  assert.deepEqual([client.wokenAtMs, client.expiredAtMs], [[2_000], 2_000]);
});

Deno.test("--wake any: another runner of the name, whose origin is there, takes the client at the next try", () => {
  const pool = new Pool("any");
  let good: Runner | null = null;
  const client = new Client(pool, { waitsMs: 60_000, answers: (runner) => runner === good });
  const bad = pool.connect().runner;
  pool.clock.advance(5_250);
  good = pool.connect().runner;
  // It is the busier of the two by far.
  for (let i = 0; i < 10; i++) good.open("http", { frame() {}, writable() {}, reset() {} });
  pool.clock.advance(60_000);
  assert.deepEqual(client.wokenOn.slice(-2), [bad, good]);
  assert.equal(client.expiredAtMs, null);
});

Deno.test("--wake same: the client waits for the restarted runner's origin, whoever else is there", () => {
  const pool = new Pool("same");
  const other = pool.connect().runner;
  const client = new Client(pool, { waitsMs: 10_000, answers: (runner) => runner === other });
  const { runner, link } = pool.connect();
  pool.clock.advance(3_000);
  assert.ok(client.wokenOn.length >= 3);
  assert.ok(client.wokenOn.every((on) => on === runner));
  // It goes as well: there is nobody to try any more, but one that comes anew.
  pool.clock.turn(() => link.destroy());
  pool.clock.advance(2_000);
  const tries = client.wokenOn.length;
  const restarted = pool.connect().runner;
  assert.deepEqual(client.wokenOn.slice(tries), [restarted]);
});

Deno.test("many clients try an origin that is away a hundred at a time, each in its turn, and all once it answers", () => {
  const pool = new Pool("any");
  let answers = false;
  const clients = Array.from(
    { length: 1_000 },
    () => new Client(pool, { waitsMs: 600_000, answers: () => answers }),
  );
  pool.clock.advance(250);
  pool.connect();
  const tries = () => clients.reduce((sum, { wokenOn }) => sum + wokenOn.length, 0);
  assert.equal(tries(), 1_000, "all when the runner comes");
  pool.clock.advance(10_000);
  assert.equal(tries(), 2_000, "then a hundred a second");
  assert.ok(clients.every(({ wokenOn }) => wokenOn.length === 2), "each in its turn");
  answers = true;
  pool.clock.advance(2_000);
  assert.equal(pool.pool.hibernating, 0);
});

Deno.test("a gateway that drains lets nobody wait for an origin", () => {
  const pool = new Pool("any");
  const client = new Client(pool, { waitsMs: 60_000 });
  pool.connect();
  pool.pool.drain("the gateway is shutting down");
  assert.notEqual(client.expiredAtMs, null);
  const { runner } = pool.connect();
  assert.equal(pool.pool.tryAgain(client, { runner, untilMs: Infinity }), false);
});

const nobody = { frame() {}, writable() {}, reset() {} };

/** A request, which counts 256 bytes, with a body, which counts as much and its length, or without one. */
function post(runner: Runner, bodyBytes?: number): Stream {
  const hasBody = bodyBytes !== undefined;
  const ids = { gatewayId: 0, requestId: 0, index: 0 };
  const stream = runner.open("http", nobody);
  stream.push({
    type: frameTypes.requestStart,
    ...ids,
    ...{ method: "POST", target: "/", headers: [], hasBody },
  });
  if (hasBody) stream.push({ type: frameTypes.bodyChunk, ...ids, bytes: new Uint8Array(bodyBytes) });
  return stream;
}

Deno.test("past the limit a stream that holds next to nothing is left to end as it does", () => {
  const pool = new Pool("any");
  const { runner } = pool.connect();
  const small = post(runner);
  const large = post(runner, 60_000);
  // Its client is through with it, and it would be the first to go.
  small.release();
  pool.pool.held(1024 * 1024);
  assert.equal(small.phase, "open");
  large.release();
  pool.pool.held(1024 * 1024);
  assert.deepEqual([small.phase, large.phase], ["open", "stopping"]);
});

Deno.test("streams of which each holds little are ended, too, where they are so many that they pass the limit by themselves", () => {
  const pool = new Pool("any");
  const { runner } = pool.connect();
  const idle = runner.open("http", nobody);
  const bodies = [0, 300, 100, 3_000, 50];
  const streams = bodies.map((bytes) => post(runner, bytes));
  for (const stream of [idle, ...streams]) stream.release();
  pool.pool.held(1024 * 1024);
  // The least that brings the sum below 1024: what holds most goes first.
  assert.deepEqual(streams.map(({ phase }) => phase), [
    "open",
    "stopping",
    "stopping",
    "stopping",
    "stopping",
  ]);
  assert.equal(idle.phase, "open");
  assert.equal(pool.pool.bufferedBytes, 512);
});
