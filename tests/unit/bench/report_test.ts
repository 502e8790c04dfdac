import assert from "node:assert/strict";
import { formatNumber, formatRatio } from "../../bench/format.ts";
import { parseSample } from "../../bench/load/sample.ts";
import { markdownTable } from "../../bench/markdown_table.ts";
import { cpuSecondsOf } from "../../bench/process_usage.ts";
import { environmentText, reportText } from "../../bench/report_text.ts";
import { parseReport, ReportError } from "../../bench/results.ts";
import { loadResult, measurement, reportOf } from "./reports.ts";

Deno.test("a table's columns line up, the first to the left and the others to the right", () => {
  assert.equal(
    markdownTable(["row", "rate"], [["a", "1,000"], ["longer", "– µs"]]),
    ["| row    |  rate |", "| ------ | ----: |", "| a      | 1,000 |", "| longer |  – µs |"].join("\n"),
  );
});

Deno.test("numbers keep three digits that count, and a missing one is a dash", () => {
  assert.deepEqual([0.0123, 1.234, 12.34, 123.4, 123456, null].map(formatNumber), [
    "0.012",
    "1.23",
    "12.3",
    "123",
    "123,456",
    "–",
  ]);
  assert.equal(formatRatio({ median: 0.931, min: 0.9, max: 1 }), "0.93 (0.90–1.00)");
});

Deno.test("a report's tables have the ratios with their range, latencies, memory and the verdict", () => {
  const row = loadResult({
    direct: [measurement(1000), measurement(1000)],
    nginx: [measurement(100), measurement(100)],
    tunnel: [measurement(90), measurement(110)],
  }, { target: { rateRatio: 1 } });
  const figure = {
    kind: "figure",
    id: "f",
    title: "Start-up",
    unit: "ms",
    target: null,
    values: [5],
    resolution: 0,
  } as const;
  const text = reportText(reportOf([row, { ...figure, values: [...figure.values] }]));
  assert.match(text, /1\.00 \(0\.90–1\.10\)/);
  assert.match(text, /≥ 1 × nginx: met/);
  assert.match(text, /\| Start-up +\| +ms \| +5\.00/);
  assert.match(text, /\| +80 \| +– \|/, "memory of the gateway; the runner's is unknown");
});

Deno.test("a report says when nginx was not there to compare with", () => {
  const row = loadResult({ direct: [measurement(2)], nginx: null, tunnel: [measurement(1)] });
  const report = reportOf([row]);
  const text = reportText({ ...report, environment: { ...report.environment, nginx: null } });
  assert.match(text, /nginx is not installed/);
  assert.match(environmentText({ ...report.environment, nginx: null }, "own"), /nginx not installed/);
});

Deno.test("growth has a table for streams and one for links, and needs no rows beside it", () => {
  const point = {
    count: 10_000,
    rates: [100, 300, 200],
    p50Ms: [2],
    gatewayMicros: [7],
    gatewayResidentBytes: 64 * 1024 ** 2,
    idleCpuPercent: null,
  };
  const text = reportText(reportOf([], { scale: { streams: [point], links: [{ ...point, count: 3 }] } }));
  assert.match(text, /^\| streams on one link/);
  assert.match(text, /\| 10,000 +\| +200 \| +2\.00 \| +7\.00 \| +64 \| +– \|/);
  assert.match(text, /\| links to one gateway/);
  assert.match(text, /\| 3 +\| +200 \|/);
});

Deno.test("a report reads back as it was written", () => {
  const report = reportOf([loadResult({ direct: [measurement(2)], nginx: null, tunnel: [measurement(1)] })]);
  assert.deepEqual(parseReport(JSON.stringify(report)), report);
});

Deno.test("a file that is no report of this version is refused with the reason", () => {
  const cases: [string, RegExp][] = [
    ["{", /not JSON/],
    ["null", /not a benchmark/],
    ['{"format":"other"}', /not a benchmark/],
    [JSON.stringify({ ...reportOf([]), version: 2 }), /version is 2/],
    ['{"format":"tunnel-bench","version":1}', /missing/],
  ];
  for (const [text, reason] of cases) {
    assert.throws(
      () => parseReport(text),
      (error) => error instanceof ReportError && reason.test(error.message),
    );
  }
});

Deno.test("what a load generator prints is checked before it is believed", () => {
  const sample = { operations: 5, seconds: 1, p50Ms: null, p99Ms: null };
  assert.deepEqual(parseSample(JSON.stringify(sample)), sample);
  for (
    const bad of [{ ...sample, seconds: 0 }, { ...sample, operations: "5" }, { operations: 5, seconds: 1 }]
  ) {
    assert.throws(() => parseSample(JSON.stringify(bad)), /not a sample/);
  }
});

Deno.test("CPU time is found behind a program's name that holds spaces and brackets", () => {
  const stat = "42 (my (odd) name) S 1 42 42 0 -1 4194304 1 0 0 0 150 50 7 8 20 0 1 0 100 0 0";
  assert.equal(cpuSecondsOf(stat), 2);
});
