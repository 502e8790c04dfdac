import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { pageFiles } from "../../../lib/inspector/page_files.ts";

const folder = fileURLToPath(new URL("../../../lib/inspector/page/", import.meta.url));

/** Files below `path` that belong to the page, by the path they are served at. */
function* filesBelow(path = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder + path)) {
    if (isDirectory) yield* filesBelow(`${path}${name}/`);
    else if (/\.(?:js|css|svg)$/.test(name)) yield `/${path}${name}`;
  }
}

Deno.test("every file of the page is served, and every import and link leads to one that is", () => {
  const served = [...pageFiles.keys()];
  for (const path of filesBelow()) assert.ok(served.includes(path), `${path} is not served`);
  for (const [path, { text }] of pageFiles) {
    if (path === "/uplot.js") continue;
    const base = `http://page${path}`;
    for (const [, link] of text.matchAll(/(?:^import[^"]*|^\} from |\b(?:src|href)=)"([^"]+)"/gm)) {
      const target = new URL(link, base).pathname;
      assert.ok(served.includes(target), `${path} leads to ${target}`);
    }
  }
});

Deno.test("types are those that browsers ask for: none is guessed", () => {
  const types: Record<string, RegExp> = {
    js: /^text\/javascript;/,
    css: /^text\/css;/,
    svg: /^image\/svg\+xml$/,
  };
  for (const [path, { type }] of pageFiles) {
    assert.match(type, types[path.slice(path.lastIndexOf(".") + 1)] ?? /^text\/html; charset=utf-8$/, path);
  }
});

Deno.test("the page has no script or style of its own in it, and makes no markup of text", () => {
  const html = pageFiles.get("/")?.text ?? "";
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:/i);
  for (const [path, { text }] of pageFiles) {
    if (!path.endsWith(".js") || path === "/uplot.js") continue;
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser/,
      path,
    );
  }
});
