import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Paths of all documents, from the top of the project. */
function documents(folder = "."): string[] {
  const skipped = ["node_modules", "dist", "tests", "lib", "commands"];
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = normalize(join(folder, name));
    if (isDirectory) return name.startsWith(".") || skipped.includes(name) ? [] : documents(path);
    return name.endsWith(".md") ? [path] : [];
  });
}

/** Text without what stands in fences, where a bracket is no link and a hash no heading. */
function proseOf(path: string): string {
  return Deno.readTextFileSync(join(root, path)).replace(/^```[^]*?^```$/gm, "");
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(join(root, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Names that headings are linked by, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** Links of one document that lead nowhere. */
function brokenIn(path: string): string[] {
  const links = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file, anchor] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    return !isThere(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

Deno.test("every link between documents leads to a file, and to a heading that it has", () => {
  const paths = documents();
  assert.ok(paths.length > 15, `${paths.length} documents`);
  assert.deepEqual(paths.flatMap((path) => brokenIn(path).map((link) => `${path}: ${link}`)), []);
});

Deno.test("every file of this project that a document names is there", () => {
  const named = documents().flatMap((path) =>
    [...proseOf(path).matchAll(/`((?:lib|tests|docs|schemas|examples|packaging|commands)\/[\w./-]*)[`:]/g)]
      .map(([, file]) => ({ path, file }))
  );
  assert.ok(named.length > 50, `${named.length} names`);
  assert.deepEqual(named.filter(({ file }) => !isThere(file)), []);
});

Deno.test("every schema is named in a document", () => {
  const all = documents().map(proseOf).join("\n");
  const schemas = [...Deno.readDirSync(join(root, "schemas"))].map(({ name }) => name);
  assert.ok(schemas.length >= 7);
  assert.deepEqual(schemas.filter((name) => !all.includes(name)), []);
});
