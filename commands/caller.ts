import { exitCodes } from "./errors.ts";
import { fileProblem } from "./files.ts";
import { writeError } from "./output.ts";

/**
 * Changes to where `deno task` was called, if this process is one that it started: in its checkout. Other programs set the same
 * variable for what they start, wherever that is.
 *
 * @param calledFrom what the variable INIT_CWD says
 */
export function changeToCaller(calledFrom: string | undefined, checkout: string | undefined): void {
  if (calledFrom === undefined || checkout === undefined) return;
  const from = Deno.cwd();
  if (calledFrom === from || Deno.realPathSync(checkout) !== from) return;
  try {
    Deno.chdir(calledFrom);
  } catch (cause) {
    writeError(`error: cannot change to ${calledFrom}, which INIT_CWD names: ${fileProblem(cause)}\n`);
    Deno.exit(exitCodes.usage);
  }
}
