import type { Command } from "commander";
import type { AdminPort } from "./admin.ts";
import { UsageError } from "./errors.ts";

/** What a flag has to stand beside to mean anything. */
export interface Purpose {
  /** Whether that is there. */
  isMeant: (command: Command) => boolean;
  /** What the error says behind the flag's name. */
  says: string;
}

const capture: Purpose = {
  isMeant: (command) => command.getOptionValue("capture") !== undefined,
  says: "is for --capture: name where captures go",
};
const adminPort: Purpose = {
  isMeant: (command) => (command.getOptionValue("adminPort") as AdminPort).kind !== "off",
  says: "is for --admin-port, which is 0 here: give a port, or any",
};
const certificate: Purpose = {
  isMeant: (command) => command.getOptionValue("tlsCert") !== undefined,
  says: "is for --tls-cert and --tls-key: give both",
};

/** Those of gateway and runner, by the names that commander gives the values of flags. */
export const serverPurposes: Record<string, Purpose> = {
  captureMax: capture,
  captureAge: capture,
  captureFiles: capture,
  captureBody: capture,
  captureRaw: capture,
  redact: capture,
  adminHostname: adminPort,
  adminToken: adminPort,
  inspectRequests: adminPort,
  tlsReload: certificate,
};

/**
 * Refuses flags that would change nothing: whoever gives one believes in something that is not there. The environment and a
 * config file may hold them for other commands, or other times.
 *
 * @param purposes by the names that commander gives the values of flags
 * @throws {UsageError} when one is given
 */
export function refuseNeedlessFlags(command: Command, purposes: Record<string, Purpose>): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const purpose = purposes[name];
    if (purpose === undefined || command.getOptionValueSource(name) !== "cli") continue;
    if (!purpose.isMeant(command)) throw new UsageError(`${option.long} ${purpose.says}`);
  }
}
