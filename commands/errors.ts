/** Exit statuses of every subcommand. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** What was asked for cannot be done, though it was asked for rightly: the message is one line that says why. */
export class WorkError extends Error {
  override readonly name = "WorkError";
}

/** Bad usage or configuration: the message is one line that says what is wrong and what is accepted. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
