// Prints the counts of a JUnit report as the last line, and exits with 0 only when all of it is well.
// usage: node .ci/count.mjs REPORT CHECK_STATUS TEST_STATUS
import { readFileSync } from "node:fs";
import process from "node:process";

const [report, check, tests] = process.argv.slice(2);
const xml = readFileSync(report, "utf8");
const cases = xml.match(/<testcase\b/g)?.length ?? 0;
const skipped = xml.match(/<skipped\b/g)?.length ?? 0;
const failed = xml.match(/<(?:failure|error)\b/g)?.length ?? 0;
const passed = cases - skipped - failed;
const say = (line) => process.stdout.write(`${line}\n`);
if (check !== "0") say(`format, lint or type check failed with status ${check}`);
if (tests !== "0" && failed === 0) say(`the test run failed with status ${tests}, outside any test`);
if (skipped > 0) say(`${skipped} skipped`);
say(`${passed} passed, ${failed} failed`);
process.exit(check === "0" && tests === "0" && failed === 0 && passed > 0 ? 0 : 1);
