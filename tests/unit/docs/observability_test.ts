import assert from "node:assert/strict";
import { metricFamilies, TunnelMetrics } from "../../../lib/telemetry/mod.ts";

const guide = await Deno.readTextFile(new URL("../../../docs/observability.md", import.meta.url));

const families = metricFamilies(
  new TunnelMetrics(),
  { agent: "tunnel/1", links: [], streams: [], bufferedBytes: 0, certificateEndsMs: null },
  { startedAtSeconds: 0, cpuSeconds: 0, residentBytes: 0, heapBytes: 0, nativeSockets: 0 },
);

/** By the name that a query has: counters with `_total`. */
const exposed = families.map(({ name, type, samples }) => ({
  name: type === "counter" ? `${name}_total` : name,
  type,
  labels: [...new Set(samples.flatMap(({ labels = {} }) => Object.keys(labels)))].filter((label) =>
    label !== "le"
  ),
}));

Deno.test("the guide's table has every metric with its type and labels, and no other", () => {
  const rows = [...guide.matchAll(/^\| `([a-z_]+)` +\| (counter|gauge|histogram) +\|(.*?)\|/gm)].map(
    ([, name, type, labels]) => ({
      name,
      type,
      labels: [...labels.matchAll(/`([a-z]+)`/g)].map(([, label]) => label),
    }),
  );
  // Codes have a series each once there was one.
  const expected = exposed.map((metric) =>
    metric.name === "tunnel_requests_total" ? { ...metric, labels: ["code"] } : metric
  );
  const byName = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
  assert.deepEqual(rows.toSorted(byName), expected.toSorted(byName));
});

Deno.test("the guide's alerts ask for metrics that there are, with labels that they have", () => {
  const alerts = /```yaml\ngroups:[^]*?```/.exec(guide)![0];
  const asked = [...alerts.matchAll(/(tunnel_[a-z_]+?)(_bucket)?(?:\{([a-z]+)=~?"([^"]*)"\})?(?=[^a-z_])/g)];
  assert.ok(asked.length >= 8, `${asked.length} queries`);
  for (const [, name, , label] of asked) {
    const metric = exposed.find((metric) => metric.name === name);
    assert.ok(metric !== undefined, name);
    if (label !== undefined && name !== "tunnel_requests_total") {
      assert.ok(metric.labels.includes(label), label);
    }
  }
});
