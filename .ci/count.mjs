// Prints the counts of a JUnit report as the last line, and exits with 0 only when all of it is well.
// usage: node .ci/count.mjs REPORT CHECK_STATUS TEST_STATUS
import { readFileSync } from "node:fs";

const [report, check, tests] = process.argv.slice(2);
const xml = readFileSync(report, "utf8");
const cases = xml.match(/<testcase\b/g)?.length ?? 0;
const skipped = xml.match(/<skipped\b/g)?.length ?? 0;
const failed = xml.match(/<(?:failure|error)\b/g)?.length ?? 0;
const passed = cases - skipped - failed;
if (check !== "0") console.log(`format, lint or type check failed with status ${check}`);
if (tests !== "0" && failed === 0) console.log(`the test run failed with status ${tests}, outside any test`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(check === "0" && tests === "0" && failed === 0 && passed > 0 ? 0 : 1);
