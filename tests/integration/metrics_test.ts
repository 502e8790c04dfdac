import assert from "node:assert/strict";
import { adminUrl, openMetricsType, Scrape, withAdmin } from "../support/admin.ts";
import { fetchOnce } from "../support/fetch_once.ts";
import { LinkClient } from "../support/link_client.ts";
import { lint } from "../support/openmetrics_rules.ts";
import { rawRequest } from "../support/raw_http.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack({ gatewayArgs: withAdmin, runnerArgs: withAdmin });

const sides = {
  gateway: () => stack.gateway.process,
  runner: () => stack.runner,
};

/** Every metric that dashboards may count on, by its type and labels. */
const promised: [name: string, type: string, ...labels: string[]][] = [
  ["tunnel_ping_duration_seconds", "histogram", "le"],
  ["tunnel_pong_gap_seconds", "histogram", "le"],
  ["tunnel_ping_timeouts", "counter"],
  ["tunnel_pongs_dropped", "counter", "reason"],
  ["tunnel_clock_offset_seconds", "gauge"],
  ["tunnel_links", "gauge", "state"],
  ["tunnel_streams", "gauge", "kind", "state"],
  ["tunnel_buffered_bytes", "gauge"],
  ["tunnel_frames", "counter", "direction", "type"],
  ["tunnel_bytes", "counter", "direction"],
  ["tunnel_requests", "counter", "code"],
  ["tunnel_request_duration_seconds", "histogram", "le"],
  ["tunnel_resumes", "counter", "outcome"],
  ["tunnel_streams_collected", "counter", "reason"],
  ["tunnel_runner_reconnects", "counter"],
  ["process_cpu_seconds", "counter"],
  ["process_resident_memory_bytes", "gauge"],
  ["process_heap_bytes", "gauge"],
  ["process_start_time_seconds", "gauge"],
];

for (const [side, process] of Object.entries(sides)) {
  Deno.test(`a scrape of the ${side} is strict OpenMetrics, with every metric and its labels`, async () => {
    const { families } = await Scrape.of(process());
    assert.deepEqual(lint(families), []);
    for (const [name, type, ...labels] of promised) {
      const family = families.find((family) => family.name === name);
      assert.equal(family?.type, type, name);
      const found = new Set(family!.samples.flatMap((sample) => [...sample.labels.keys()]));
      // A code has a series once there was an answer with it.
      if (name !== "tunnel_requests") assert.deepEqual([...found].sort(), labels.sort(), name);
    }
  });

  Deno.test(`process metrics of the ${side} are those of its process`, async () => {
    const scrape = await Scrape.of(process());
    const resident = process().residentBytes();
    const told = scrape.value("process_resident_memory_bytes");
    assert.ok(told > resident / 2 && told < resident * 2, `${told} of ${resident} bytes`);
    assert.ok(scrape.value("process_heap_bytes") < told);
    assert.ok(scrape.value("process_heap_bytes") > 1_000_000);
    const ageSeconds = Date.now() / 1000 - scrape.value("process_start_time_seconds");
    assert.ok(ageSeconds > 0 && ageSeconds < 600, `${ageSeconds} s`);
    const before = scrape.value("process_cpu_seconds_total");
    for (let i = 0; i < 20; i++) await (await fetchOnce(`${await adminUrl(process())}/metrics`)).text();
    const spent = (await Scrape.of(process())).value("process_cpu_seconds_total") - before;
    assert.ok(spent > 0 && spent < 30, `${spent} s`);
  });
}

/** What scrapers send, and what they are to get. */
const accepts: [accept: string, type: string][] = [
  ["application/openmetrics-text; version=1.0.0", openMetricsType],
  [
    "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    openMetricsType,
  ],
  ["*/*", openMetricsType],
  ["text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"],
  [
    "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0",
    "text/plain; version=0.0.4; charset=utf-8",
  ],
  [
    "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.1",
    "text/plain; version=0.0.4; charset=utf-8",
  ],
];

for (const [accept, type] of accepts) {
  Deno.test(`a scraper that accepts "${accept}" gets ${type.split(";")[0]}`, async () => {
    const response = await fetchOnce(`${await adminUrl(stack.gateway.process)}/metrics`, {
      headers: { accept },
    });
    assert.equal(response.headers.get("content-type"), type);
    const text = await response.text();
    if (type === openMetricsType) return void new Scrape(text);
    assert.doesNotMatch(text, /# EOF/);
    // In this format a counter's name is that of its sample.
    assert.match(text, /^# TYPE tunnel_ping_timeouts_total counter\ntunnel_ping_timeouts_total 0$/m);
  });
}

Deno.test("no label takes a value that a client, an origin or a runner chooses freely", async () => {
  const bounded: Record<string, RegExp> = {
    le: /^(?:\+Inf|[0-9.]+)$/,
    code: /^(?:0|[1-9][0-9]{2})$/,
    state: /^(?:connecting|alive|late|hibernating|open|stopping)$/,
    kind: /^(?:http|websocket)$/,
    direction: /^(?:sent|received)$/,
    reason: /^(?:unknown|duplicate|future|finished|reset|reset-by-peer|lost)$/,
    outcome: /^(?:resumed|restarted|refused|expired)$/,
    type: /^[a-z-]{3,15}$/,
    version: /^[0-9.]+$/,
  };
  const before = await Scrape.of(stack.gateway.process);
  const links = [];
  for (let i = 0; i < 20; i++) {
    const name = `hostile-${i}`;
    links.push(
      (await LinkClient.welcomed(stack.gateway.wsUrl, { runnerName: name, agent: `evil/${i}"\n` })).link,
    );
    for (const head of [`METHOD${i} /p${i}?q=${i}`, `GET /status?code=${600 + i * 20}`]) {
      await rawRequest(
        stack.gateway.port,
        `${head} HTTP/1.1\r\nHost: h${i}.example\r\nConnection: close\r\n\r\n`,
      );
    }
    const lost = `GET / HTTP/1.1\r\nHost: a\r\nX-Tunnel-Runner: nobody-${i}\r\nConnection: close\r\n\r\n`;
    assert.equal((await rawRequest(stack.gateway.port, lost)).status, 503);
  }
  for (const process of Object.values(sides)) {
    const { families } = await Scrape.of(process());
    for (const { samples } of families) {
      for (const { name, labels } of samples) {
        for (const [label, value] of labels) {
          assert.match(value, bounded[label], `${name} ${label}="${value}"`);
        }
      }
    }
    const series = (of: Scrape["families"]) =>
      of.filter(({ name }) => name !== "tunnel_requests").flatMap(({ samples }) => samples).length;
    assert.equal(series(families), series(before.families));
  }
  for (const link of links) link[Symbol.dispose]();
});
