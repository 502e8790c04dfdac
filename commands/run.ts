import { type Command, CommanderError } from "commander";
import type { Command as TypedCommand } from "@commander-js/extra-typings";
import { keepDebuggerClosed } from "./debugger.ts";
import { end } from "./end.ts";
import { exitCodes, UsageError, WorkError } from "./errors.ts";
import { printText, writeError } from "./output.ts";
import { withoutSecrets } from "./secrets.ts";

/** Runs the command tree on `args` and ends the process with the status it calls for, once it has nothing more to do. */
export async function run(program: TypedCommand, args: string[]): Promise<void> {
  keepDebuggerClosed();
  end(await statusOf(program, args));
}

async function statusOf(program: TypedCommand, args: string[]): Promise<number> {
  for (const command of [program, ...program.commands] as unknown as Command[]) {
    command.exitOverride();
    command.showSuggestionAfterError(true);
    command.configureOutput({
      writeErr: writeError,
      writeOut: writeOut,
      outputError: (text, write) => write(oneLine(withCommands(program, text))),
    });
  }
  program.helpCommand("help [command]", "display help for command");
  if (args.length === 0) {
    writeError((program as unknown as Command).helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(withoutUnknownHelp(program, args), { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for and have been printed; all else is bad usage and has been said.
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    if (!(error instanceof UsageError || error instanceof WorkError)) throw error;
    writeError(oneLine(`error: ${error.message}`));
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
  return Deno.exitCode;
}

/** What commander says of an unknown command, with those that there are, unless it has one to suggest. */
function withCommands(program: TypedCommand, text: string): string {
  if (!text.includes("unknown command") || text.includes("Did you mean")) return text;
  return `${text.trim()}; accepted are ${program.commands.map((command) => command.name()).join(", ")}`;
}

/** Help on what is no command is told like the command itself: that there is none of that name. */
function withoutUnknownHelp(program: TypedCommand, args: string[]): string[] {
  const [first, topic] = args;
  if (first !== "help" || topic === undefined || topic.startsWith("-")) return args;
  if (topic === "help") return [first];
  return program.commands.some((command) => command.name() === topic) ? args : [topic];
}

/** An error as one line without secrets, whatever it was made of. */
function oneLine(text: string): string {
  return withoutSecrets(text.trim().replace(/\s*\n\s*/g, " ")) + "\n";
}

/** @throws {WorkError} when it cannot be written; what nobody reads any more is dropped */
function writeOut(text: string): void {
  try {
    printText(text);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
