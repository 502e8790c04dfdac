/** What a source file imports and which globals it uses, read from its syntax tree rather than from its text. */

/** One file of the project as the rules of its architecture see it. */
export interface ScannedSource {
  /** Relative to the project's root, with forward slashes. */
  path: string;
  /** Modules it names, as written: static, type-only, dynamic and re-exported ones. */
  imports: string[];
  /** Globals it uses that give access to a clock, chance, the outside or the terminal, such as `Deno.listen`. */
  globals: string[];
}

/** Globals that give access to something outside of a pure function. `Math.random` is looked for besides. */
const watchedGlobals = new Set([
  ..."Deno Date performance setTimeout setInterval setImmediate queueMicrotask fetch crypto".split(" "),
  ..."console alert confirm prompt globalThis self process WebSocket EventSource Worker localStorage".split(
    " ",
  ),
  ..."addEventListener Temporal".split(" "),
]);

/** Scans one file. Only in `deno test`: the parser is that of lint plugins. */
export function scanSource(path: string, text: string): ScannedSource {
  const imports: string[] = [];
  const globals = new Set<string>();
  const plugin: Deno.lint.Plugin = {
    name: "scan",
    rules: {
      scan: {
        create: (context) => ({
          ImportDeclaration: (node) => void imports.push(node.source.value),
          ExportAllDeclaration: (node) => void imports.push(node.source.value),
          ExportNamedDeclaration: (node) => void (node.source && imports.push(node.source.value)),
          ImportExpression: (node) => void imports.push(nameOf(context.sourceCode.getText(node.source))),
          TSImportType: (node) => void imports.push(nameOf(context.sourceCode.getText(node))),
          MemberExpression: (node) => {
            const text = context.sourceCode.getText(node);
            if (text === "Math.random") globals.add(text);
          },
          Identifier: (node) => {
            if (!watchedGlobals.has(node.name) || isOnlyAName(node)) return;
            globals.add(
              node.name === "Deno" ? denoMember(context.sourceCode.getText(node.parent)) : node.name,
            );
          },
        }),
      },
    },
  };
  Deno.lint.runPlugin(plugin, path, text);
  return { path, imports, globals: [...globals].sort() };
}

/** The module a dynamic import names; a computed one stands as its whole text, which no rule accepts. */
function nameOf(text: string): string {
  return /["'`]([^"'`$]+)["'`]/.exec(text)?.[1] ?? text;
}

function denoMember(text: string): string {
  return /^Deno\.\w+/.exec(text)?.[0] ?? "Deno";
}

/** Whether an identifier is the name of a member, which is no use of the global of that name. */
function isOnlyAName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return !parent.computed && isSame(parent.property, node);
    case "Property":
      return !parent.computed && !parent.shorthand && isSame(parent.key, node);
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return !parent.computed && isSame(parent.key, node);
    default:
      return false;
  }
}

function isSame(a: { range: Deno.lint.Range }, b: { range: Deno.lint.Range }): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}

/** Scans every TypeScript file under `folders`, and `files`. All are relative to `root`. */
export async function scanProject(
  root: string,
  options: { folders: string[]; files: string[] },
): Promise<ScannedSource[]> {
  const paths = [...options.files];
  for (const folder of options.folders) await collect(root, folder, paths);
  return await Promise.all(
    paths.sort().map(async (path) => scanSource(path, await Deno.readTextFile(`${root}/${path}`))),
  );
}

async function collect(root: string, folder: string, into: string[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    if (isDirectory) await collect(root, `${folder}/${name}`, into);
    else if (name.endsWith(".ts")) into.push(`${folder}/${name}`);
  }
}
