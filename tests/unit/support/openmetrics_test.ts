import assert from "node:assert/strict";
import { lint } from "../../support/openmetrics_rules.ts";
import { OpenMetricsError, parseOpenMetrics, valueOf } from "../../support/openmetrics.ts";

const histogram = (...lines: string[]) => ["# TYPE h histogram", ...lines, "# EOF", ""].join("\n");
const good = histogram('h_bucket{le="1.0"} 1', 'h_bucket{le="+Inf"} 2', "h_sum 3", "h_count 2");

Deno.test("the parser reads types, units, help, labels, timestamps and exemplars", () => {
  const families = parseOpenMetrics([
    "# HELP requests_seconds What \\\\ it \\n took.",
    "# TYPE requests_seconds counter",
    "# UNIT requests_seconds seconds",
    'requests_seconds_total{code="200",path="a\\"b\\\\\\n"} 1.5 12.5 # {trace="x"} 0.5 12.25',
    "# TYPE temperature gauge",
    "temperature -Inf",
    "# TYPE build info",
    'build_info{version="1"} 1',
    "# EOF",
    "",
  ].join("\n"));
  assert.deepEqual(families.map(({ name, type, unit, help }) => ({ name, type, unit, help })), [
    { name: "requests_seconds", type: "counter", unit: "seconds", help: "What \\ it \n took." },
    { name: "temperature", type: "gauge", unit: null, help: null },
    { name: "build", type: "info", unit: null, help: null },
  ]);
  const [sample] = families[0].samples;
  assert.deepEqual([...sample.labels], [["code", "200"], ["path", 'a"b\\\n']]);
  assert.deepEqual([sample.value, sample.timestamp], [1.5, 12.5]);
  assert.deepEqual(sample.exemplar, { labels: new Map([["trace", "x"]]), value: 0.5, timestamp: 12.25 });
  assert.equal(valueOf(families, "temperature"), -Infinity);
  assert.equal(parseOpenMetrics(good)[0].samples.length, 4);
});

/** Texts that are almost right, and what must be said of them. */
const bad: [what: string, text: string, says: RegExp][] = [
  ["no # EOF", "# TYPE a gauge\na 1\n", /# EOF is missing/],
  ["something after # EOF", "# TYPE a gauge\na 1\n# EOF\na 2\n", /nothing may follow/],
  ["an empty line", "# TYPE a gauge\n\na 1\n# EOF\n", /empty lines/],
  ["CRLF", "# TYPE a gauge\r\na 1\r\n# EOF\r\n", /line feed alone/],
  ["a comment", "# a comment\n# EOF\n", /neither metadata/],
  ["metadata with two spaces", "#  TYPE a gauge\na 1\n# EOF\n", /neither metadata/],
  ["a sample without # TYPE", "a 1\n# EOF\n", /no # TYPE/],
  ["help alone", "# HELP a A.\na 1\n# EOF\n", /no # TYPE/],
  ["an unknown type", "# TYPE a number\n# EOF\n", /no type that is known/],
  ["# TYPE twice", "# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n", /second # TYPE/],
  ["# HELP after samples", "# TYPE a gauge\na 1\n# HELP a A.\n# EOF\n", /after its samples/],
  ["an escape that is none", "# TYPE a gauge\n# HELP a \\t\na 1\n# EOF\n", /escapes nothing/],
  ["a unit that is not in the name", "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n", /end in its unit/],
  ["an empty unit", "# TYPE a gauge\n# UNIT a \na 1\n# EOF\n", /names no unit/],
  ["a counter without _total", "# TYPE a counter\na 1\n# EOF\n", /no sample of the counter/],
  ["a counter called _total", "# TYPE a_total counter\na_total 1\n# EOF\n", /no sample of the counter/],
  ["a negative counter", "# TYPE a counter\na_total -1\n# EOF\n", /counts, and is -1/],
  ["a counter that is NaN", "# TYPE a counter\na_total NaN\n# EOF\n", /counts, and is NaN/],
  [
    "two families mixed",
    "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n# EOF\n",
    /two places/,
  ],
  [
    "samples of another family",
    "# TYPE a gauge\na 1\n# TYPE b gauge\na 2\n# EOF\n",
    /no sample of the gauge b/,
  ],
  [
    "two families that clash",
    "# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n",
    /clash/,
  ],
  ["a series twice", '# TYPE a gauge\na{b="1"} 1\na{b="1"} 1\n# EOF\n', /comes twice/],
  [
    "a series twice, labels swapped",
    '# TYPE a gauge\na{b="1",c="2"} 1\na{c="2",b="1"} 1\n# EOF\n',
    /comes twice/,
  ],
  ["a label twice", '# TYPE a gauge\na{b="1",b="2"} 1\n# EOF\n', /label b comes twice/],
  ["a reserved label", '# TYPE a gauge\na{__b="1"} 1\n# EOF\n', /reserved/],
  ["a label without quotes", "# TYPE a gauge\na{b=1} 1\n# EOF\n", /expected "=/],
  ["a label that does not end", '# TYPE a gauge\na{b="1} 1\n# EOF\n', /expected "\\""/],
  ["a quote that is not escaped", '# TYPE a gauge\na{b="1"2"} 1\n# EOF\n', /expected ","/],
  ["a trailing comma", '# TYPE a gauge\na{b="1",} 1\n# EOF\n', /a label's name/],
  ["two spaces before a value", "# TYPE a gauge\na  1\n# EOF\n", /a value/],
  ["no value", "# TYPE a gauge\na\n# EOF\n", /expected " "/],
  ["a value that is no number", "# TYPE a gauge\na one\n# EOF\n", /a value/],
  ["a hexadecimal value", "# TYPE a gauge\na 0x10\n# EOF\n", /too much/],
  ["a space at the end", "# TYPE a gauge\na 1 \n# EOF\n", /a timestamp/],
  ["timestamps that go back", "# TYPE a gauge\na 1 20\na 2 10\n# EOF\n", /go forward/],
  ["timestamps here and there", '# TYPE a gauge\na{b="1"} 1 20\na{b="2"} 2\n# EOF\n', /others none/],
  ["an exemplar of a gauge", '# TYPE a gauge\na 1 # {b="1"} 1\n# EOF\n', /exemplar/],
  [
    "a metric interrupted",
    histogram(
      'h_bucket{b="1",le="+Inf"} 0',
      'h_bucket{b="2",le="+Inf"} 0',
      'h_sum{b="1"} 0',
      "h_count 0",
    ),
    /interrupted/,
  ],
  [
    "buckets that do not cumulate",
    good.replace('"+Inf"} 2', '"+Inf"} 0').replace("count 2", "count 0"),
    /cumulative/,
  ],
  ["no +Inf bucket", good.replace('h_bucket{le="+Inf"} 2\n', ""), /not le="\+Inf"/],
  [
    "buckets that do not ascend",
    good.replace('h_bucket{le="1.0"} 1', 'h_bucket{le="2.0"} 0\nh_bucket{le="1.0"} 1'),
    /ascend/,
  ],
  ["a bound that is not canonical", good.replace('"1.0"', '"1"'), /canonical/],
  ["a bound with a zero too much", good.replace('"1.0"', '"1.50"'), /canonical/],
  ["a bucket without a bound", good.replace('{le="1.0"}', ""), /belongs to buckets/],
  ["a bound on a sum", good.replace("h_sum", 'h_sum{le="1.0"}'), /belongs to buckets/],
  ["a count that is not the last bucket's", good.replace("count 2", "count 3"), /_count is 3/],
  ["no count", good.replace("h_count 2\n", ""), /belong together/],
  ["half a thing counted", good.replace('"1.0"} 1', '"1.0"} 0.5'), /whole things/],
  ["a negative sum of positive things", good.replace("h_sum 3", "h_sum -3"), /_sum is -3/],
  ["an info that is 2", "# TYPE a info\na_info 2\n# EOF\n", /an info is 1/],
];

for (const [what, text, says] of bad) {
  Deno.test(`the parser refuses ${what}`, () => {
    assert.throws(() => parseOpenMetrics(text), (error) => {
      assert.ok(error instanceof OpenMetricsError);
      assert.match(error.message, says);
      return true;
    });
  });
}

Deno.test("the lint names what breaks Prometheus' conventions", () => {
  const families = parseOpenMetrics([
    "# TYPE delay_ms gauge",
    "delay_ms 1",
    "# TYPE myCounter counter",
    "# HELP myCounter Things.",
    "myCounter_total 1",
    "# TYPE things_total gauge",
    "# HELP things_total Things.",
    "things_total 1",
    "# EOF",
  ].join("\n"));
  assert.deepEqual(lint(families), [
    "delay_ms has no help text",
    "delay_ms is not in base units",
    "myCounter is not in snake_case",
    "things_total, a gauge, ends in a reserved suffix",
  ]);
});
