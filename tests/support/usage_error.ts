import assert from "node:assert/strict";
import { bounded } from "./bounded.ts";
import { tunnel } from "./processes.ts";

/** Runs the command to its end, which must be exit 2 with one line that matches on standard error. */
export async function assertUsageError(
  args: string[],
  says: RegExp,
  env?: Record<string, string>,
): Promise<void> {
  await using process = tunnel(args, { env });
  const { code } = await bounded(process.status(), `${args.join(" ")} to end`);
  assert.match(process.stderr, /^error: [^\n]+\n$/, "one line");
  assert.match(process.stderr, says);
  assert.doesNotMatch(process.stderr, /\.\.$/m, "one full stop");
  assert.equal(process.stdout, "");
  assert.equal(code, 2);
}
