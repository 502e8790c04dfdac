import { UsageError } from "./errors.ts";

/**
 * A text file's content, without the byte order mark that some programs put in front.
 *
 * @param what what the file is, for the error
 * @throws {UsageError} when it cannot be read
 */
export function readTextFile(path: string, what: string): string {
  try {
    return Deno.readTextFileSync(path).replace(/^\ufeff/, "");
  } catch (cause) {
    throw new UsageError(`cannot read the ${what} ${path}: ${fileProblem(cause)}`, { cause });
  }
}

/** What is wrong with a file, in a few words. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "permission denied";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists) {
    return "a part of its path is a file, where a directory is needed";
  }
  return error instanceof Error ? error.message : String(error);
}
