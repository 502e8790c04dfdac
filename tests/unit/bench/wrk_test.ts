import assert from "node:assert/strict";
import { parseWrk } from "../../bench/load/wrk.ts";

const report = `Running 1s test @ http://127.0.0.1:8000/hello
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   207.29us  372.98us  11.10ms   97.31%
    Req/Sec   192.63k    11.94k  205.08k    81.82%
  Latency Distribution
     50%  146.00us
     75%  194.00us
     90%  292.00us
     99%    1.40ms
  210656 requests in 1.10s, 23.10MB read
Requests/sec: 191546.09
Transfer/sec:     21.01MB
`;

Deno.test("requests, time and percentiles of a report are read in one unit", () => {
  assert.deepEqual(parseWrk(report), { operations: 210656, seconds: 1.1, p50Ms: 0.146, p99Ms: 1.4 });
});

Deno.test("percentiles in seconds and a run of minutes are read too", () => {
  const slow = report.replace("1.40ms", "1.20s").replace("in 1.10s", "in 1.50m");
  const sample = parseWrk(slow);
  assert.equal(sample.p99Ms, 1200);
  assert.equal(sample.seconds, 90);
});

Deno.test("a run in which requests failed is no measurement", () => {
  const errors = "  Socket errors: connect 0, read 3, write 0, timeout 0\n";
  assert.throws(() => parseWrk(report.replace("Requests/sec", errors + "Requests/sec")), /read 3/);
  const refused = "  Non-2xx or 3xx responses: 17\n";
  assert.throws(() => parseWrk(report.replace("Requests/sec", refused + "Requests/sec")), /responses: 17/);
});

Deno.test("a report without requests or percentiles is refused", () => {
  assert.throws(() => parseWrk("unable to connect"), /completed no request/);
  assert.throws(() => parseWrk(report.replace("210656 requests", "0 requests")), /completed no request/);
  assert.throws(() => parseWrk(report.replace(/ +99%.*\n/, "")), /no 99 % latency/);
});
