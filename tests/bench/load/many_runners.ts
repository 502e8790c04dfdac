/**
 * Connects many runners named r0, r1, … to one gateway, from one process. A program: takes {@link ManyRunners} as
 * JSON, prints `connected` when all are, and serves until it is ended.
 */
import { Runner } from "../../../lib/runner/mod.ts";

export interface ManyRunners {
  gatewayPort: number;
  originPort: number;
  token: string;
  count: number;
}

const { gatewayPort, originPort, token, count }: ManyRunners = JSON.parse(Deno.args[0]);

function connect(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const runner = Runner.start({
      gatewayUrl: new URL(`ws://127.0.0.1:${gatewayPort}`),
      token,
      name,
      origin: { target: new URL(`http://127.0.0.1:${originPort}`) },
      onState: ({ state }) => state === "connected" && resolve(),
    });
    runner.finished.catch(reject);
  });
}

await Promise.all(Array.from({ length: count }, (_, index) => connect(`r${index}`)));
// deno-lint-ignore no-console -- a program's own output
console.log("connected");
