import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { replay } from "./captures.ts";

const ajv = new Ajv2020({ allErrors: true, strict: true });
for (const name of ["replay-timeline", "replay-check"]) {
  ajv.addSchema(
    JSON.parse(Deno.readTextFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url))),
  );
}

/** What is wrong with a document by its schema, `tunnel:replay-timeline` or `tunnel:replay-check`; empty when nothing is. */
export function violationsOfSchema(id: string, document: unknown): string {
  const validate = ajv.getSchema(id)!;
  return validate(document) === true ? "" : ajv.errorsText(validate.errors);
}

// deno-lint-ignore no-explicit-any -- what it is the schema says, and has been checked
type Document = any;

/** `tunnel replay FILE --json …`, its document held to the schema. */
export async function timelineJson(file: string, args: string[] = []): Promise<Document> {
  const document: Document = JSON.parse((await replay([file, "--json", ...args])).stdout);
  assert.equal(violationsOfSchema("tunnel:replay-timeline", document), "");
  return document;
}

/** `tunnel replay FILE --check --json`, its document held to the schema, with the exit status. */
export async function checkJson(file: string): Promise<Document> {
  const { code, stdout } = await replay([file, "--check", "--json"]);
  const document: Document = JSON.parse(stdout);
  assert.equal(violationsOfSchema("tunnel:replay-check", document), "");
  return { code, ...document };
}
