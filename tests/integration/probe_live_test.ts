import assert from "node:assert/strict";
import { OtlpReceiver } from "../support/otlp_receiver.ts";
import { ChildProcess, startGateway, startRunner, testToken, tunnelCommand } from "../support/processes.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();

/** `tunnel ping-probe` on a pseudo-terminal, which `script` of util-linux provides. */
function onTerminal(
  args: string[],
  env: Record<string, string> = {},
  gatewayUrl = stack.gateway.wsUrl,
): ChildProcess {
  const gateway = ["--gateway-url", gatewayUrl, "--token", testToken];
  const command = tunnelCommand(["ping-probe", ...gateway, ...args]).join(" ");
  return new ChildProcess("script", ["--quiet", "--return", "--command", command, "/dev/null"], { env });
}

const escape = "\x1b";
const redraw = new RegExp(`${escape}\\[\\d+F`);
const colour = new RegExp(`${escape}\\[\\d+(;\\d+)*m`);
const summaryBegins = new RegExp(`(?=\\r\\n(?:${escape}\\[\\dm)?runner "default", session)`);
const twenty = ["--count", "20", "--interval", "30ms"];

Deno.test("on a terminal a view with sparkline and percentiles redraws in place, and a summary follows", async () => {
  await using process = onTerminal(twenty, { NO_COLOR: "", TERM: "xterm" });
  assert.equal((await process.status()).code, 0);
  assert.match(process.stdout, redraw);
  assert.match(process.stdout, colour);
  const [view, summary] = process.stdout.split(summaryBegins);
  assert.match(view, /[▁▂▃▄▅▆▇█]{3}/);
  assert.match(view, /20 sent, 20 received/);
  assert.match(view, /round trip +[\d.]+ /);
  assert.match(summary, /20 sent, 20 received/);
  assert.match(summary, /(Most of the time goes|No hop stands out)/);
  assert.doesNotMatch(summary, redraw);
});

Deno.test("with NO_COLOR the view redraws without colours", async () => {
  await using process = onTerminal(twenty, { NO_COLOR: "1", TERM: "xterm" });
  assert.equal((await process.status()).code, 0);
  assert.match(process.stdout, redraw);
  assert.doesNotMatch(process.stdout, colour);
});

Deno.test("what ends the view is told below it, and nothing is drawn over that", async () => {
  await using receiver = OtlpReceiver.start();
  await using first = await startGateway();
  await using _runner = await startRunner(first.wsUrl, stack.origin.url);
  // Who exports comes to its end by itself: what was still to be drawn would be.
  const env = { ...receiver.env("the-probe"), NO_COLOR: "1", TERM: "xterm" };
  await using process = onTerminal(["--count", "0", "--interval", "30ms"], env, first.wsUrl);
  await process.line(redraw);
  await first[Symbol.asyncDispose]();
  await using _second = await startGateway(["--port", String(first.port), "--token", "another-token"]);
  assert.equal((await process.status()).code, 2);
  assert.match(process.stdout, /error: the gateway refused the probe \(401\)[^\n]*\n$/);
});

Deno.test("a terminal that cannot move its cursor gets plain lines", async () => {
  await using process = onTerminal(twenty, { NO_COLOR: "1", TERM: "dumb" });
  assert.equal((await process.status()).code, 0);
  assert.ok(!process.stdout.includes("\x1b"));
  assert.match(process.stdout, /^seq 19 {2}rtt /m);
});
