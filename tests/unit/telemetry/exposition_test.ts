import assert from "node:assert/strict";
import fc from "fast-check";
import {
  exposition,
  expositionType,
  type MetricFamily,
  openMetricsType,
  prometheusTextType,
} from "../../../lib/telemetry/mod.ts";
import { parseOpenMetrics } from "../../support/openmetrics.ts";

/** Texts with everything that has to be escaped, and things that should pass as they are. */
const hostileText = fc.string({
  unit: fc.constantFrom("\\", '"', "\n", "a", "{", "}", ",", "=", "#", " ", "é", "😀"),
});

const anyFamilies: fc.Arbitrary<MetricFamily[]> = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z]{3,10}_things$/),
    help: fc.constantFrom("Things.", "Things, and more of them."),
    type: fc.constantFrom("counter" as const, "gauge" as const),
    samples: fc.uniqueArray(
      fc.record({
        labels: fc.record({ kind: hostileText, state: hostileText }),
        value: fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0),
      }),
      { selector: ({ labels }) => JSON.stringify(labels), maxLength: 5 },
    ),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
);

Deno.test("whatever labels and values are, the exposition is strict OpenMetrics that says just that", async () => {
  await fc.assert(fc.asyncProperty(anyFamilies, async (families) => {
    const parsed = parseOpenMetrics(await exposition(families, openMetricsType));
    assert.deepEqual(
      parsed.map(({ name, type, help, samples }) => ({
        name,
        type,
        help,
        samples: samples.map(({ labels, value }) => ({ labels: Object.fromEntries(labels), value })),
      })),
      families.map(({ name, type, help, samples }) => ({
        name,
        type,
        help,
        samples: samples.map(({ labels, value }) => ({ labels: { ...labels }, value })),
      })),
    );
  }));
});

Deno.test("in the older text format a counter is called as its sample is, and nothing marks the end", async () => {
  const families: MetricFamily[] = [{
    name: "tunnel_things",
    help: "Things.",
    type: "counter",
    samples: [{ labels: { kind: "a" }, value: 1 }],
  }];
  assert.equal(
    await exposition(families, prometheusTextType),
    '# HELP tunnel_things_total Things.\n# TYPE tunnel_things_total counter\ntunnel_things_total{kind="a"} 1\n',
  );
});

Deno.test("who does not say what it takes gets OpenMetrics", () => {
  for (const accept of [null, "", "image/png", "*/*", "application/*"]) {
    assert.equal(expositionType(accept), openMetricsType, String(accept));
  }
});

Deno.test("of the two formats a scraper gets the one it gives more weight", () => {
  const openMetrics = "application/openmetrics-text;version=1.0.0";
  assert.equal(expositionType("text/plain"), prometheusTextType);
  assert.equal(expositionType("text/*;q=0.9"), prometheusTextType);
  assert.equal(expositionType(`${openMetrics};q=0.5, text/plain;q=0.6`), prometheusTextType);
  assert.equal(expositionType(`${openMetrics};q=0.6, text/plain;q=0.5`), openMetricsType);
  assert.equal(expositionType(`${openMetrics}, text/plain`), openMetricsType);
  assert.equal(expositionType("text/plain;q=0, */*"), openMetricsType);
  assert.equal(expositionType("application/openmetrics-text;q=0, */*"), prometheusTextType);
});
