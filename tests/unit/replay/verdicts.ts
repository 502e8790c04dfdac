import assert from "node:assert/strict";
import type { Rule } from "../../../lib/replay/mod.ts";
import { RecordedSession } from "./recorded_session.ts";

/** A gateway's capture whose first link is up. */
export function connected(): RecordedSession {
  return new RecordedSession().connect();
}

/** The capture holds this one violation, at its last record. */
export async function violates(capture: RecordedSession, rule: Rule, message: RegExp): Promise<void> {
  const { last } = capture;
  const { violations, damage } = await capture.check();
  assert.equal(damage, null);
  assert.deepEqual(violations.map(({ rule, record }) => ({ rule, record })), [{ rule, record: last }]);
  assert.match(violations[0].message, message);
  assert.equal(violations[0].offset, capture.offsets[last]);
  assert.equal(violations[0].timeUs, last * 1000 + 1000);
}

/** The capture holds no violation. */
export async function passes(capture: RecordedSession): Promise<void> {
  assert.deepEqual((await capture.check()).violations, []);
}
