/**
 * Makes one executable a platform in `dist/`. `deno compile` fetches each platform's runtime once, so this needs
 * a network; `DENORT_BIN` names a runtime that is there already.
 *
 * usage: deno task compile [--target TRIPLE]...
 */
const targets = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

/** What the executable may do: the same as `deno task tunnel`. */
export const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];

/** Arguments of `deno compile` for one platform. */
export function compileArgs(target: string): string[] {
  const suffix = target.includes("windows") ? ".exe" : "";
  return [
    "compile",
    "--frozen",
    ...permissions,
    "--target",
    target,
    "--output",
    `dist/tunnel-${target}${suffix}`,
    "main.ts",
  ];
}

if (import.meta.main) {
  const asked = Deno.args.filter((arg) => arg !== "--target");
  const unknown = asked.find((target) => !targets.includes(target));
  if (unknown !== undefined) {
    // deno-lint-ignore no-console -- a program's own output
    console.error(`error: unknown target "${unknown}"; accepted are ${targets.join(", ")}`);
    Deno.exit(2);
  }
  for (const target of asked.length > 0 ? asked : targets) {
    const { code } = await new Deno.Command(Deno.execPath(), { args: compileArgs(target) }).spawn().status;
    if (code !== 0) Deno.exit(1);
  }
}
