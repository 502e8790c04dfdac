import { libcPaths } from "../lib/net/native/libc.ts";

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

/**
 * How the program runs, as an executable or by `deno task tunnel`: what it may do, and how V8 goes about it.
 *
 * How large the space of young objects may grow: by default to 16 MiB twice, which thousands of idle connections and a long
 * replay fill with what is garbage already; 4 MiB cost no measurable speed. So little is collected soonest by the thread that waits
 * for it: a helper that has to wait for a core makes it wait as well.
 *
 * What a message runs through is compiled in larger pieces, and sooner. That makes it a quarter shorter, and a processor that has
 * done something else between two messages has to fetch all of it again.
 */
export const runtimeFlags = [
  "--v8-flags=--max-semi-space-size=4,--no-parallel-scavenge,--max-inlined-bytecode-size-cumulative=3000," +
  "--invocation-count-for-turbofan=1000",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  // To close the debugger that the runtime opens at SIGUSR1.
  "--allow-sys",
  // For sockets by the system's own calls, on Linux: the C library and nothing else may be loaded.
  `--allow-ffi=${libcPaths.join(",")}`,
];

/** Arguments of `deno compile` for one platform. */
export async function compileArgs(target: string): Promise<string[]> {
  const suffix = target.includes("windows") ? ".exe" : "";
  return [
    "compile",
    "--frozen",
    "--exclude-unused-npm",
    ...(await excludedPaths()).flatMap((path) => ["--exclude", path]),
    ...runtimeFlags,
    "--target",
    target,
    "--output",
    `dist/tunnel-${target}${suffix}`,
    "main.ts",
  ];
}

/**
 * Test data of a package that a dependency brings along: 2 MB of numbers without an extension, which the compiler
 * takes for a script and overflows its stack on.
 */
async function excludedPaths(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string };
  const paths: string[] = [];
  for (const registry of Deno.readDirSync(npmCache)) {
    const path = `${npmCache}/${registry.name}/bintrees/1.0.2/test`;
    if (registry.isDirectory && await isThere(path)) paths.push(path);
  }
  return paths;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const asked = Deno.args.filter((arg) => arg !== "--target");
  const unknown = asked.find((target) => !targets.includes(target));
  if (unknown !== undefined) {
    // deno-lint-ignore no-console -- a program's own output
    console.error(`error: unknown target "${unknown}"; accepted are ${targets.join(", ")}`);
    Deno.exit(2);
  }
  // Every dependency must lie in the cache before what is left out of it can be named.
  const cached = await new Deno.Command(Deno.execPath(), { args: ["cache", "--quiet", "main.ts"] }).spawn()
    .status;
  if (!cached.success) Deno.exit(1);
  for (const target of asked.length > 0 ? asked : targets) {
    const args = await compileArgs(target);
    const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (code !== 0) Deno.exit(1);
  }
}
