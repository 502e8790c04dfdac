import assert from "node:assert/strict";
import { runtimeFlags } from "../../packaging/compile.ts";
import { ChildProcess, startGateway } from "../support/processes.ts";
import { eventually, healthOf } from "../support/stack.ts";

Deno.test({
  name:
    "SIGUSR1, at which the runtime opens a debugger to everybody on the machine, leaves no port open and ends nothing",
  ignore: Deno.build.os === "windows",
}, async () => {
  await using gateway = await startGateway();
  // The runtime listens to it some time after its start.
  const opened = await eventually(() => {
    gateway.process.signal("SIGUSR1");
    return /^SIGUSR1 is of no use here: .* opened on (\S+) is closed again$/m.exec(gateway.process.stderr);
  }, (match) => match !== null);
  // The last signal may have come behind that.
  const isOpen = () => fetch(`http://${opened![1]}/json`).then((response) => response.text(), () => null);
  await eventually(isOpen, (answer) => answer === null);
  assert.equal((await healthOf(gateway)).streams, 0);
  gateway.process.signal("SIGTERM");
  assert.equal((await gateway.process.status()).code, 0);
});

Deno.test({
  name: "without the permission to close it a process goes on, and says that a debugger is open",
  ignore: Deno.build.os === "windows",
}, async () => {
  const without = runtimeFlags.filter((flag) => flag !== "--allow-sys");
  const args = ["gateway", "--hostname", "127.0.0.1", "--port", "0", "--admin-port", "0"];
  const command = ["run", "--quiet", ...without, "main.ts", ...args];
  await using gateway = new ChildProcess(Deno.execPath(), command);
  const [, port] = await gateway.line(/listens on http:\/\/127\.0\.0\.1:(\d+)/);
  gateway.signal("SIGUSR1");
  await gateway.line(
    /^warning: SIGUSR1 opens a debugger, which is not closed without the permission --allow-sys$/m,
  );
  assert.equal((await fetch(`http://127.0.0.1:${port}/.tunnel/health`)).ok, true);
});
