import { InvalidArgumentError } from "commander";
import { isRunnerName, runnerNameRule } from "../lib/protocol/mod.ts";
import { duration, size } from "./values.ts";

/** A number of probes; 0 stands for no end. */
export function probeCount(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value < 2 ** 32)) {
    throw new InvalidArgumentError(
      "A count is a whole number below 2^32, or 0 to go on until interrupted.",
    );
  }
  return value;
}

/** Percent, 0 to 100, of `1%` or `0.5%`. */
export function percent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text.trim());
  const value = match === null ? NaN : Number(match[1]);
  if (!(value <= 100)) {
    throw new InvalidArgumentError("A share is a number and %, 0% to 100%, such as 1% or 0.5%.");
  }
  return value;
}

/** Milliseconds, fractions kept: a bound on a fast hop may be 0.5ms. */
export function latency(text: string): number {
  const match = /^(\d+(?:\.\d+)?)ms$/.exec(text.trim());
  return match === null ? duration(text) : Number(match[1]);
}

/** The time from one probe to the next: above zero, to the microsecond. */
export function probeInterval(text: string): number {
  const ms = latency(text);
  if (ms < 0.001) throw new InvalidArgumentError("It must be longer than 0, such as 10ms or 1s.");
  return ms;
}

/** Bytes of payload; the gateway may allow less. */
export function payloadSize(text: string): number {
  const bytes = size(text);
  if (bytes > 64 * 1024) throw new InvalidArgumentError("A probe carries 64KiB at most.");
  return bytes;
}

export function runnerName(text: string): string {
  if (!isRunnerName(text)) throw new InvalidArgumentError(`A runner's name is ${runnerNameRule}.`);
  return text;
}
