/** A runner's name: a DNS label, so that it can stand in a host name. */
const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const runnerNameRule =
  "1 to 63 characters, lower-case letters, digits and hyphens, no hyphen at either end";

export function isRunnerName(name: string): boolean {
  return namePattern.test(name);
}
