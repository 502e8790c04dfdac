import assert from "node:assert/strict";
import { type Frame, frameTypes, type PingFrame } from "../../lib/protocol/mod.ts";
import { Scrape, withAdmin } from "../support/admin.ts";
import { LinkClient } from "../support/link_client.ts";
import { LinkServer } from "../support/link_server.ts";
import { type ChildProcess, startGateway, tunnel } from "../support/processes.ts";
import { startProxiedStack } from "../support/proxied_stack.ts";
import { eventually } from "../support/stack.ts";

/** One end of a link that a test holds, and the process at the other end whose metrics are looked at. */
interface Watched extends AsyncDisposable {
  process: ChildProcess;
  ping(): Promise<PingFrame>;
  send(...frames: Frame[]): void;
}

/** A gateway, and its runner by hand. */
async function watchedGateway(args: string[]): Promise<Watched> {
  await using started = new AsyncDisposableStack();
  const { process, wsUrl } = started.use(await startGateway([...withAdmin, ...args]));
  const { link } = await LinkClient.welcomed(wsUrl);
  started.use(link);
  const owned = started.move();
  return {
    process,
    ping: () => link.frame(frameTypes.ping),
    send: (...frames) => link.send(...frames),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A runner, and its gateway by hand. */
async function watchedRunner(args: string[]): Promise<Watched> {
  await using started = new AsyncDisposableStack();
  const gateway = started.use(await LinkServer.start({ answersPings: false }));
  const target = ["--target", "http://127.0.0.1:9", "--token", "any-token"];
  const process = started.use(
    tunnel(["runner", "--gateway-url", gateway.wsUrl, ...target, ...withAdmin, ...args]),
  );
  const link = await gateway.welcomed();
  await process.line(/is connected to/);
  const owned = started.move();
  return {
    process,
    ping: () => link.frame(frameTypes.ping),
    send: (...frames) => link.send(...frames),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The right answer to a ping; by a clock that is `aheadUs` ahead of this machine's. */
function pong({ sequence, sentAtUs }: PingFrame, aheadUs = 0): Frame {
  const at = sentAtUs + aheadUs;
  return { type: frameTypes.pong, sequence, sentAtUs, receivedAtUs: at, repliedAtUs: at };
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const [side, watched] of Object.entries({ gateway: watchedGateway, runner: watchedRunner })) {
  Deno.test(`the ${side} puts a round trip into its bucket, and the gap from pong to pong into another`, async () => {
    await using end = await watched(["--ping-interval", "400ms", "--ping-timeout", "60s"]);
    end.send(pong(await end.ping()));
    const before = await eventually(
      () => Scrape.of(end.process),
      (scrape) => scrape.value("tunnel_ping_duration_seconds_count") === 1,
    );
    const second = await end.ping();
    // Held for longer than half a second: no machine is so fast that it makes another bucket of that.
    await delay(600);
    end.send(pong(second));
    const scrape = await eventually(
      () => Scrape.of(end.process),
      (scrape) => scrape.value("tunnel_ping_duration_seconds_count") === 2,
    );
    const slow = (of: Scrape) => of.observed("tunnel_ping_duration_seconds", { from: "0.5", to: "10.0" });
    assert.equal(slow(scrape) - slow(before), 1);
    const held = scrape.value("tunnel_ping_duration_seconds_sum");
    assert.ok(held >= 0.6 && held < 10, `${held} s in two round trips`);
    assert.equal(scrape.value("tunnel_pong_gap_seconds_count"), 1);
    // The second ping came at least 360 ms after the first, and its pong 600 ms after that.
    assert.equal(scrape.observed("tunnel_pong_gap_seconds", { to: "0.5" }), 0);
    assert.equal(scrape.observed("tunnel_pong_gap_seconds", { from: "0.5", to: "30.0" }), 1);
    assert.ok(scrape.value("tunnel_pong_gap_seconds_sum") >= 0.6);
  });

  Deno.test(`the ${side} counts pongs that it drops by their reason, and measures none of them`, async () => {
    await using end = await watched(["--ping-interval", "20ms", "--ping-timeout", "60s"]);
    const first = await end.ping();
    const second = await end.ping();
    end.send(pong(second), pong(second), pong(second));
    end.send({ ...pong(second), sequence: 1_000_000 } as Frame);
    // Of so many without an answer the first is no longer known.
    for (let pings = 0; pings < 70; pings++) await end.ping();
    end.send(pong(first));
    const dropped = (scrape: Scrape, reason: string) =>
      scrape.value("tunnel_pongs_dropped_total", { reason });
    const scrape = await eventually(
      () => Scrape.of(end.process),
      (scrape) => dropped(scrape, "unknown") === 1,
    );
    assert.equal(dropped(scrape, "duplicate"), 2);
    assert.equal(dropped(scrape, "future"), 1);
    assert.equal(scrape.value("tunnel_ping_duration_seconds_count"), 1);
  });

  Deno.test(`the ${side} tells how far the other end's wall clock is off, ahead or behind`, async () => {
    for (const offSeconds of [5, -3]) {
      await using end = await watched(["--ping-interval", "100ms", "--ping-timeout", "60s"]);
      for (let pings = 0; pings < 5; pings++) end.send(pong(await end.ping(), offSeconds * 1_000_000));
      const scrape = await eventually(
        () => Scrape.of(end.process),
        (scrape) => scrape.value("tunnel_ping_duration_seconds_count") >= 5,
      );
      const told = scrape.value("tunnel_clock_offset_seconds");
      // Half a round trip is what it may be wrong by.
      assert.ok(Math.abs(told - offSeconds) < 1, `${told} s instead of ${offSeconds} s`);
    }
  });
}

Deno.test("a link that falls silent is a ping timeout at both ends, once each", async () => {
  // The gateway first: once the runner is back, there is nothing left to time out.
  const heartbeat = (timeout: string) => ["--ping-interval", "100ms", "--ping-timeout", timeout];
  await using stack = await startProxiedStack({
    gatewayArgs: [...withAdmin, ...heartbeat("800ms")],
    runnerArgs: [...withAdmin, ...heartbeat("2s")],
  });
  const timeouts = async (process: ChildProcess) =>
    (await Scrape.of(process)).value("tunnel_ping_timeouts_total");
  const before = [await timeouts(stack.gateway.process), await timeouts(stack.runner)];
  stack.proxy.cut("silence");
  await stack.proxy.accepted(2);
  await eventually(() => timeouts(stack.gateway.process), (count) => count === before[0] + 1);
  await eventually(() => timeouts(stack.runner), (count) => count === before[1] + 1);
});

Deno.test("a gateway that stands still is a ping timeout at its runner", async () => {
  const heartbeat = ["--ping-interval", "100ms", "--ping-timeout", "800ms"];
  await using gateway = await startGateway([...withAdmin, "--ping-timeout", "60s"]);
  const target = ["--target", "http://127.0.0.1:9", "--token", "test-token"];
  await using runner = tunnel([
    "runner",
    "--gateway-url",
    gateway.wsUrl,
    ...target,
    ...withAdmin,
    ...heartbeat,
  ]);
  await runner.line(/is connected to/);
  gateway.process.signal("SIGSTOP");
  const scrape = await eventually(
    () => Scrape.of(runner),
    (scrape) => scrape.value("tunnel_ping_timeouts_total") > 0,
  );
  assert.equal(scrape.value("tunnel_ping_timeouts_total"), 1);
  gateway.process.signal("SIGCONT");
});

Deno.test("links are counted by their state: connecting, alive, late, hibernating", async () => {
  const heartbeat = ["--ping-interval", "200ms", "--ping-timeout", "60s"];
  await using stack = await startProxiedStack({
    gatewayArgs: [...withAdmin, ...heartbeat],
    runnerArgs: [...withAdmin, ...heartbeat],
  });
  const states = async (process: ChildProcess) => {
    const scrape = await Scrape.of(process);
    return Object.fromEntries(
      ["connecting", "alive", "late", "hibernating"].map((state) => [
        state,
        scrape.value("tunnel_links", { state }),
      ]),
    );
  };
  await eventually(() => states(stack.gateway.process), ({ alive }) => alive === 1);
  assert.deepEqual(await states(stack.runner), { connecting: 0, alive: 1, late: 0, hibernating: 0 });
  using silent = await LinkClient.open(stack.gateway.wsUrl);
  const { link: mute } = await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: "mute" });
  await eventually(
    () => states(stack.gateway.process),
    ({ connecting, alive, late, hibernating }) =>
      connecting === 1 && alive === 1 && late === 1 && hibernating === 0,
  );
  stack.proxy.refuse(true);
  stack.proxy.cut();
  mute[Symbol.dispose]();
  await eventually(
    () => states(stack.gateway.process),
    ({ connecting, alive, late, hibernating }) =>
      connecting === 1 && alive === 0 && late === 0 && hibernating === 2,
  );
  await eventually(() => states(stack.runner), ({ alive, hibernating }) => alive === 0 && hibernating === 1);
  stack.proxy.refuse(false);
  await eventually(() => states(stack.gateway.process), ({ alive }) => alive === 1);
  await eventually(() => states(stack.runner), ({ alive, hibernating }) => alive === 1 && hibernating === 0);
  assert.equal(silent.frames(frameTypes.welcome).length, 0);
});
