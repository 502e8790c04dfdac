import { CaptureError, type CaptureReader, readRecords, type ReadRecordsOptions } from "../../capture/mod.ts";
import { CaptureCheck, type CheckCounts } from "./capture_check.ts";
import type { Violation } from "./violation.ts";

export interface CheckResult {
  counts: CheckCounts;
  /** In the order of the file. The first `maxViolations` of them. */
  violations: Violation[];
  violationCount: number;
  /** Records that were looked at. */
  records: number;
  /** Where the file is damaged; `null` when it is whole. */
  damage: { offset: number; record: number; message: string; truncated: boolean } | null;
  /** Ended by the signal before the end of the file. */
  aborted: boolean;
}

/** Violations kept; beyond that they are counted. */
const defaultMaxViolations = 1000;

/** Checks a whole capture. A damaged file is no error: what lies before the damage is checked. */
export async function checkCapture(
  reader: CaptureReader,
  options: ReadRecordsOptions & { maxViolations?: number; onViolation?: (violation: Violation) => void } = {},
): Promise<CheckResult> {
  const { maxViolations = defaultMaxViolations, onViolation } = options;
  const violations: Violation[] = [];
  let violationCount = 0;
  const check = new CaptureCheck(reader.header, (violation) => {
    violationCount++;
    if (violations.length < maxViolations) violations.push(violation);
    onViolation?.(violation);
  });
  let damage: CheckResult["damage"] = null;
  let aborted = false;
  try {
    aborted = await readRecords(reader, (record) => check.add(record), options) === "aborted";
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const { offset, recordNumber, message, truncated } = error;
    damage = { offset, record: recordNumber, message, truncated };
  }
  return { counts: check.counts, violations, violationCount, records: reader.number, damage, aborted };
}
