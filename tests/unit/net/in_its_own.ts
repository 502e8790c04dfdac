import assert from "node:assert/strict";

const libc = new URL("../../../lib/net/native/libc.ts", import.meta.url);

/** Runs a program that has `Libc`, in a process of its own, to its end. @returns the numbers it printed, as JSON */
export async function inItsOwn(program: string): Promise<number[]> {
  const source = `import { Libc } from "${libc}";\n${program}`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--ext=ts", source],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
