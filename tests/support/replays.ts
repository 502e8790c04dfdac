import assert from "node:assert/strict";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { replay, stopAndWait } from "./captures.ts";
import {
  type RunningGateway,
  type RunningOrigin,
  startDenoOrigin,
  startGateway,
  startRunner,
} from "./processes.ts";

/** An exchange in the document of `tunnel replay --to --json`. */
export interface ReplayedExchange {
  startedAtUs: number;
  method: string;
  target: string;
  result: string;
  reason: string | null;
  differences: {
    part: string;
    message?: number;
    at: string;
    recorded: string | null;
    replayed: string | null;
  }[];
  notes: string[];
  withheld: string[];
}

export interface ReplaySummary {
  same: number;
  different: number;
  failed: number;
  skipped: number;
  durationMs: number;
  comparedInPart: number;
  comparedHeaders: string[];
  ignoredHeaders: { name: string }[];
  withheldHeaders: { name: string; requests: number }[];
}

/** `tests/support/changed_origin.ts`, with the word `changed` or without. */
export function startOrigin(...args: string[]): Promise<RunningOrigin> {
  return startDenoOrigin("tests/support/changed_origin.ts", args);
}

/**
 * Runs clients against a tunnel to that origin, whose runner captures.
 *
 * @param args further ones of the runner's
 * @returns the capture's path
 */
export async function captureClients(
  directory: string,
  clients: (gateway: RunningGateway) => Promise<void>,
  args: string[] = [],
): Promise<string> {
  const file = join(directory, "run.tunnelcap");
  await using origin = await startOrigin();
  await using gateway = await startGateway();
  await using runner = await startRunner(gateway.wsUrl, origin.url, ["--capture", file, ...args]);
  await clients(gateway);
  await stopAndWait(runner);
  return file;
}

const validate = new Ajv2020({ formats: { uri: /^https?:/, "date-time": /^\d{4}-.*Z$/ } }).compile(
  JSON.parse(Deno.readTextFileSync(new URL("../../schemas/replay-to.schema.json", import.meta.url))),
);

/** `tunnel replay … --json`, its document held to the schema. */
export async function replayJson(args: string[]) {
  const { code, stdout, stderr } = await replay([...args, "--json"]);
  assert.equal(stderr, "");
  const isValid = validate(JSON.parse(stdout));
  assert.ok(isValid, JSON.stringify(validate.errors));
  const { exchanges, summary }: { exchanges: ReplayedExchange[]; summary: ReplaySummary } = JSON.parse(
    stdout,
  );
  // They come as they end; tests have them as they began.
  exchanges.sort((a, b) => a.startedAtUs - b.startedAtUs);
  return { code, exchanges, summary };
}

/** Each difference as its target, its place and both sides. */
export function differencesOf(exchanges: readonly ReplayedExchange[]) {
  return exchanges.flatMap(({ target, differences }) =>
    differences.map(({ part, message, at, recorded, replayed }) => {
      const place = [part, message, at].filter((word) => word !== undefined && word !== "").join(" ");
      return [target, place, recorded, replayed];
    })
  );
}
