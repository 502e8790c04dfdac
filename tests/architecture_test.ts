import assert from "node:assert/strict";
import { relative } from "node:path";
import { normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { knownFolders, violationsOf } from "./support/architecture_rules.ts";
import { scanProject, scanSource } from "./support/source_scan.ts";

const root = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

function scanAll() {
  return scanProject(root, { folders: ["lib", "commands"], files: ["main.ts"] });
}

Deno.test("imports go down the layers, pure folders are pure, and only commands print", async () => {
  const sources = await scanAll();
  assert.ok(sources.length > 100, "the scan found the project");
  assert.deepEqual(violationsOf(sources), []);
});

Deno.test("every folder of lib/ has its layer, and stands in docs/architecture.md", async () => {
  const guide = await Deno.readTextFile(`${root}/docs/architecture.md`);
  for await (const { name, isDirectory } of Deno.readDir(`${root}/lib`)) {
    assert.ok(isDirectory, `lib/${name} is in no folder`);
    assert.ok(knownFolders().includes(name), `lib/${name} has no layer`);
    assert.match(guide, new RegExp(`^  ${name}/ `, "m"), `docs/architecture.md does not name lib/${name}`);
  }
});

Deno.test("the scan sees the same imports as Deno's own module graph", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: root,
  }).output();
  interface Dependency {
    specifier: string;
  }
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string; kind: string; dependencies?: Dependency[] }[];
  };
  const scanned = new Map((await scanAll()).map((source) => [source.path, source]));
  let compared = 0;
  for (const { specifier, kind, dependencies = [] } of modules) {
    if (kind !== "esm" || !specifier.startsWith("file:") || specifier.endsWith(".json")) continue;
    const path = relative(root, fileURLToPath(specifier));
    const seen = new Set(scanned.get(path)?.imports);
    assert.deepEqual([...seen].sort(), dependencies.map((dependency) => dependency.specifier).sort(), path);
    compared++;
  }
  assert.ok(compared > 50, `${compared} modules were compared`);
});

Deno.test("no file of the program is longer than 400 lines", async () => {
  for (const { path } of await scanAll()) {
    const lines = (await Deno.readTextFile(`${root}/${path}`)).split("\n").length - 1;
    assert.ok(lines <= 400, `${path} has ${lines} lines`);
  }
});

/** Sources that break a rule, and what must be said of them. */
const breaches: [what: string, path: string, text: string, says: RegExp][] = [
  [
    "an import upwards",
    "lib/session/a.ts",
    'import { b } from "../link/mod.ts"; b();',
    /lib\/link is not below/,
  ],
  [
    "a type import upwards",
    "lib/net/a.ts",
    'import type { B } from "../gateway/mod.ts"; export type A = B;',
    /not below/,
  ],
  ["a sibling", "lib/gateway/a.ts", 'import { b } from "../runner/mod.ts"; b();', /lib\/runner is not below/],
  ["a sibling of the lowest layer", "lib/http1/a.ts", 'export * from "../websocket/mod.ts";', /is not below/],
  ["a re-export upwards", "lib/link/a.ts", 'export { b } from "../probe/mod.ts";', /lib\/probe is not below/],
  [
    "a dynamic import upwards",
    "lib/link/a.ts",
    'await import("../gateway/mod.ts");',
    /lib\/gateway is not below/,
  ],
  [
    "an import type upwards",
    "lib/link/a.ts",
    'type B = import("../gateway/mod.ts").B;',
    /lib\/gateway is not below/,
  ],
  ["a computed import", "lib/link/a.ts", "await import(name);", /imports name/],
  ["a way past mod.ts", "lib/link/a.ts", 'import { b } from "../session/stream.ts"; b();', /by its mod\.ts/],
  [
    "a way past mod.ts from a deeper folder",
    "lib/replay/b/a.ts",
    'import "../../session/stream.ts";',
    /by its mod\.ts/,
  ],
  ["a command in the library", "lib/gateway/a.ts", 'import "../../commands/run.ts";', /it is not below/],
  ["the library in main.ts", "main.ts", 'import "./lib/gateway/mod.ts";', /the command tree alone/],
  ["a test in a command", "commands/a.ts", 'import "../tests/support/stack.ts";', /it is not below/],
  [
    "commander in the library",
    "lib/runner/a.ts",
    'import { Command } from "commander"; Command;',
    /main and commands alone/,
  ],
  ["an unknown package", "lib/runner/a.ts", 'import "left-pad";', /no such dependency/],
  ["a package by URL", "lib/runner/a.ts", 'import "https://example.com/a.ts";', /no such dependency/],
  [
    "a socket in a pure folder",
    "lib/session/a.ts",
    "Deno.connect({ port: 1 });",
    /uses Deno\.connect: .* pure/,
  ],
  ["a type of Deno's in a pure folder", "lib/http1/a.ts", "export let a: Deno.Conn;", /uses Deno\.Conn/],
  ["a clock in a pure folder", "lib/session/a.ts", "Date.now();", /uses Date/],
  ["another clock", "lib/session/a.ts", "performance.now();", /uses performance/],
  ["a timer in a pure folder", "lib/session/a.ts", "setTimeout(() => {}, 1);", /uses setTimeout/],
  ["chance in a pure folder", "lib/session/a.ts", "Math.random();", /uses Math\.random/],
  ["crypto's chance in a pure folder", "lib/protocol/a.ts", "crypto.randomUUID();", /uses crypto/],
  ["a request in a pure folder", "lib/websocket/a.ts", "fetch('http://a');", /uses fetch/],
  ["a way round by globalThis", "lib/session/a.ts", "globalThis.setTimeout(() => {}, 1);", /uses globalThis/],
  ["a shorthand property", "lib/session/a.ts", "export const a = { fetch };", /uses fetch/],
  ["a node module in a pure folder", "lib/session/a.ts", 'import "node:net";', /lib\/session is pure/],
  ["printing in the library", "lib/gateway/a.ts", "console.log(1);", /uses console: .*commands\/ alone/],
  [
    "printing by Deno",
    "lib/runner/a.ts",
    "Deno.stdout.writeSync(a);",
    /uses Deno\.stdout: .*commands\/ alone/,
  ],
  ["an exit in the library", "lib/link/a.ts", "Deno.exit(1);", /uses Deno\.exit/],
  ["the environment in the library", "lib/link/a.ts", 'Deno.env.get("A");', /uses Deno\.env/],
  ["a call into another library", "lib/net/a.ts", "Deno.dlopen(a, {});", /libc\.ts alone/],
  ["the same of a command", "commands/a.ts", "new Deno.UnsafeCallback(a, b);", /libc\.ts alone/],
  [
    "a folder without a layer",
    "lib/misc/a.ts",
    'import "../session/mod.ts";',
    /no layer is known for lib\/misc/,
  ],
];

for (const [what, path, text, says] of breaches) {
  Deno.test(`the rules catch ${what}`, () => {
    const found = violationsOf([scanSource(path, text)]);
    assert.equal(found.length, 1, Deno.inspect(found));
    assert.match(found[0], says);
    assert.ok(found[0].startsWith(normalize(path)));
  });
}

/** Sources that come near a breach and are none. */
const sound: [what: string, path: string, text: string][] = [
  ["an import downwards", "lib/gateway/a.ts", 'import { b } from "../session/mod.ts"; b();'],
  ["a file of its own folder", "lib/session/a.ts", 'import { b } from "./stream.ts"; b();'],
  ["a file of its own deeper folder", "lib/replay/b/a.ts", 'import "../mod.ts";'],
  [
    "a member of the same name",
    "lib/session/a.ts",
    "export const a = { fetch: 1 }; a.fetch; class B { Date() {} } B;",
  ],
  ["the words in a comment", "lib/session/a.ts", "// Deno.connect, Date.now() and console.log\nexport {};"],
  ["the words in a string", "lib/session/a.ts", 'export const a = "Deno.connect" + `Date.now()`;'],
  ["an interface's member", "lib/session/a.ts", "export interface A { fetch(): void; crypto: number }"],
  ["a clock above the pure folders", "lib/link/a.ts", "export const a = performance.now();"],
  ["a call into the C library where it is", "lib/net/native/libc.ts", "Deno.dlopen(a, {});"],
  ["a command that prints", "commands/a.ts", "Deno.stdout.writeSync(a);"],
];

for (const [what, path, text] of sound) {
  Deno.test(`the rules leave ${what} alone`, () => {
    assert.deepEqual(violationsOf([scanSource(path, text)]), []);
  });
}
