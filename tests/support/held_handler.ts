/**
 * A program behind the tunnel that serves streams itself, for tests of acknowledgement by hand: it prints every
 * WebSocket message it begins and finishes with, and never finishes with the one that `--stall` names.
 *
 * Usage: held_handler.ts --gateway-url ws://127.0.0.1:PORT --token TOKEN [--stall TEXT]
 */
import { parseArgs } from "node:util";
import { Runner } from "../../lib/runner/mod.ts";

const { values } = parseArgs({
  options: {
    "gateway-url": { type: "string" },
    token: { type: "string" },
    stall: { type: "string" },
  },
});

function say(line: string): void {
  // deno-lint-ignore no-console -- a program's own output
  console.log(line);
}

const runner = Runner.start({
  gatewayUrl: new URL(values["gateway-url"]!),
  token: values.token!,
  handler: {
    fetch: () => new Response("handled\n"),
    websocket: () => ({
      async message(_socket, data) {
        say(`begins ${data}`);
        if (data === values.stall) await new Promise(() => {});
        say(`done ${data}`);
      },
    }),
  },
  onState: ({ state }) => say(`is ${state}`),
});
await runner.finished;
