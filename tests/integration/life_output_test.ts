import assert from "node:assert/strict";
import { freePorts } from "../bench/free_ports.ts";
import { api, withAdmin } from "../support/admin.ts";
import {
  ChildProcess,
  startGateway,
  startNodeOrigin,
  testToken,
  tunnelCommand,
} from "../support/processes.ts";
import { rawRequest } from "../support/raw_http.ts";
import { eventually, healthOf } from "../support/stack.ts";

/** Links that a gateway's log has seen come up. */
const linksSeen = ({ stderr }: ChildProcess) => stderr.match(/ runner\.(?:connected|resumed) /g)?.length ?? 0;

/** A command whose outputs go where a redirection of the shell says. */
function redirected(args: string[], redirection: string): ChildProcess {
  return new ChildProcess("sh", ["-c", `exec "$@" ${redirection}`, "sh", ...tunnelCommand(args)]);
}

const statusOf = async (port: number) =>
  (await rawRequest(port, "GET /bytes?n=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).status;

// `/dev/full` is Linux's own.
const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "a runner serves on over link after link when nobody can write what it says",
  ignore,
  fn: async () => {
    await using origin = await startNodeOrigin();
    await using gateway = await startGateway(withAdmin);
    const args = ["runner", "--gateway-url", gateway.wsUrl, "--token", testToken, "--target", origin.url];
    for (const redirection of [">/dev/full", ">/dev/full 2>/dev/full"]) {
      const before = linksSeen(gateway.process);
      await using runner = redirected(args, redirection);
      for (let count = 0; count < 3; count++) {
        await eventually(() => linksSeen(gateway.process), (links) => links > before + count);
        assert.equal(await statusOf(gateway.port), 200);
        const { links: [{ id }] } = (await api<{ links: { id: string }[] }>(gateway.process, "links")).body;
        await api(gateway.process, `links/${id}`, { method: "DELETE" });
      }
      if (!redirection.includes("2>")) {
        await runner.line(/ warn +output\.failed reason="No space left on device/);
        assert.equal(runner.stderr.match(/output\.failed/g)!.length, 1);
      }
      runner.signal("SIGTERM");
      assert.equal((await runner.status()).code, 0);
      await eventually(() => healthOf(gateway), (health) => health.links === 0);
    }
  },
});

Deno.test({
  name: "a gateway serves on when nobody can write what it says and logs",
  ignore,
  fn: async () => {
    await using origin = await startNodeOrigin();
    const [port] = freePorts(1);
    const listens = ["--hostname", "127.0.0.1", "--port", String(port), "--log-level", "debug"];
    await using gateway = redirected(["gateway", "--token", testToken, ...listens], ">/dev/full 2>/dev/full");
    const url = `ws://127.0.0.1:${port}`;
    const args = ["runner", "--gateway-url", url, "--token", testToken, "--target", origin.url];
    await using runner = redirected(args, "");
    await runner.line(/is connected to/);
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(port), 200);
    gateway.signal("SIGTERM");
    assert.equal((await gateway.status()).code, 0);
  },
});

Deno.test({
  name:
    "a command whose report cannot be written says so in one line, and fails; one that nobody reads on is silent",
  ignore,
  fn: async () => {
    await using gateway = await startGateway();
    const probe = ["ping-probe", "--gateway-url", gateway.wsUrl, "--token", testToken, "--count", "1"];
    await using origin = await startNodeOrigin();
    const args = ["runner", "--gateway-url", gateway.wsUrl, "--token", testToken, "--target", origin.url];
    await using runner = redirected(args, "");
    await runner.line(/is connected to/);
    for (const args of [["--version"], ["--help"], ["gateway", "--help"], probe, [...probe, "--json"]]) {
      await using full = redirected(args, ">/dev/full");
      assert.equal((await full.status()).code, 1, args.join(" "));
      assert.match(full.stderr, /^error: cannot write to standard output: No space left on device.*\n$/);
      await using closed = redirected(args, "| true");
      await closed.status();
      assert.equal(closed.stderr, "", args.join(" "));
    }
  },
});
