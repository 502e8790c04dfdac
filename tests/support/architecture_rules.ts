import { dirname, normalize } from "node:path/posix";
import type { ScannedSource } from "./source_scan.ts";

/** The layers of docs/architecture.md, lowest first: a folder imports from those below it, not from its siblings. */
const layers = [
  ["repeats", "warm"],
  ["protocol", "http1", "websocket"],
  ["session", "codings"],
  ["telemetry", "net"],
  ["link"],
  ["capture"],
  ["gateway", "runner", "probe", "replay", "inspector"],
];

/** Folders that decide everything and touch nothing, and the modules of the runtime's that are no way out of them. */
const pureFolders: Record<string, { modules: string[]; globals: string[] }> = {
  repeats: { modules: [], globals: [] },
  warm: { modules: [], globals: [] },
  protocol: { modules: ["node:buffer"], globals: [] },
  http1: { modules: ["node:buffer"], globals: [] },
  codings: { modules: ["node:buffer", "node:stream", "node:zlib"], globals: [] },
  session: { modules: [], globals: [] },
  // RFC 6455 asks for a hash in the handshake, and for mask keys that cannot be foretold (5.3).
  websocket: { modules: ["node:buffer", "node:crypto"], globals: ["crypto"] },
};

/** What only `commands/` and `main.ts` may use: the terminal, the process, its arguments and environment. */
const commandGlobals = new Set([
  ..."console alert confirm prompt process Deno.stdin Deno.stdout Deno.stderr Deno.args Deno.env".split(" "),
  ..."Deno.exit Deno.exitCode Deno.addSignalListener Deno.removeSignalListener Deno.consoleSize".split(" "),
]);

/** Calls into other libraries, which nothing checks: all in one file, which says what may be called. */
const foreignCalls = /^Deno\.(?:dlopen|Unsafe\w+)$/;
const foreignCallsPlace = "lib/net/native/libc.ts";

/** The only packages the program itself may import, and where. */
const packagePlaces: Record<string, string[]> = {
  "commander": ["main", "commands"],
  "@commander-js/extra-typings": ["main", "commands"],
  "diff": ["replay"],
  "hdr-histogram-js": ["probe"],
  "hdr-histogram-js/dist/Int32Histogram.js": ["probe"],
  "prom-client": ["telemetry"],
  "@opentelemetry/api": ["telemetry"],
  "uplot/dist/uPlot.iife.min.js": ["inspector"],
  "uplot/dist/uPlot.min.css": ["inspector"],
};

/** Every breach of the architecture in `sources`, one line each, with the file and what is wrong. */
export function violationsOf(sources: ScannedSource[]): string[] {
  return sources.flatMap((source) => [...importViolations(source), ...globalViolations(source)]);
}

/** The `lib/` folders that rules are written for. */
export function knownFolders(): string[] {
  return layers.flat();
}

/** The folder of `lib/` that `path` is in, `commands`, or `main` for the files of the root. */
function placeOf(path: string): string {
  const [top, folder] = path.split("/");
  if (top === "lib") return folder;
  return top === "commands" ? "commands" : "main";
}

function importViolations({ path, imports }: ScannedSource): string[] {
  const found: string[] = [];
  const from = placeOf(path);
  for (const specifier of imports) {
    const problem = specifier.startsWith(".")
      ? localProblem(from, normalize(`${dirname(path)}/${specifier}`), path)
      : packageProblem(from, specifier);
    if (problem !== null) found.push(`${path} imports ${specifier}: ${problem}`);
  }
  return found;
}

function localProblem(from: string, target: string, path: string): string | null {
  if (!target.startsWith("lib/")) {
    if (target === "deno.json") return from === "commands" ? null : "the manifest is read by commands alone";
    if (from === "main") return target.startsWith("commands/") ? null : "main.ts is the command tree alone";
    return from === "commands" && target.startsWith("commands/") ? null : "it is not below";
  }
  const to = placeOf(target);
  if (to === from) return null;
  if (from === "main") return "main.ts is the command tree alone";
  if (target !== `lib/${to}/mod.ts`) return `other folders use lib/${to} by its mod.ts`;
  if (from === "commands") return null;
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (fromLayer === -1 || toLayer === -1) return `no layer is known for lib/${fromLayer === -1 ? from : to}`;
  return toLayer < fromLayer ? null : `lib/${to} is not below ${dirname(path)}`;
}

function packageProblem(from: string, specifier: string): string | null {
  const places = packagePlaces[specifier];
  if (places !== undefined) return places.includes(from) ? null : `that is for ${places.join(" and ")} alone`;
  if (!specifier.startsWith("node:")) return "the program has no such dependency";
  const pure = pureFolders[from];
  return pure === undefined || pure.modules.includes(specifier) ? null : `lib/${from} is pure`;
}

function globalViolations({ path, globals }: ScannedSource): string[] {
  const from = placeOf(path);
  const foreign = path === foreignCallsPlace ? [] : globals.filter((name) => foreignCalls.test(name));
  if (foreign.length > 0) {
    return foreign.map((name) => `${path} uses ${name}: that is for ${foreignCallsPlace} alone`);
  }
  if (from === "main" || from === "commands") return [];
  const pure = pureFolders[from];
  const forbidden = globals.filter((name) =>
    commandGlobals.has(name) || (pure !== undefined && !pure.globals.includes(name))
  );
  return forbidden.map((name) =>
    commandGlobals.has(name)
      ? `${path} uses ${name}: that is for commands/ alone`
      : `${path} uses ${name}: lib/${from} is pure`
  );
}

function layerOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder));
}
