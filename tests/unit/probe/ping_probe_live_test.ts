import assert from "node:assert/strict";
import fc from "fast-check";
import { liveFrame, type LiveSession, sparkline } from "../../../commands/ping_probe_live.ts";
import { ProbeStatistics } from "../../../lib/probe/probe_statistics.ts";

const levels = "▁▂▃▄▅▆▇█";

function sessionOf(recent: (number | null)[]): LiveSession {
  const statistics = new ProbeStatistics();
  for (const ms of recent) if (ms !== null) statistics.roundTrip.add(ms);
  const lost = recent.filter((ms) => ms === null).length;
  const counts = {
    sent: recent.length,
    received: recent.length - lost,
    lost,
    late: 0,
    failed: 0,
    duplicated: 0,
    outOfOrder: 0,
    pending: 0,
  };
  const session = { id: "0123456789abcdef", address: "192.0.2.7", agent: "tunnel/1" };
  return { prober: { session, counts, statistics }, recent };
}

Deno.test("a sparkline reaches from the least to the largest round trip shown, and marks what had no answer", () => {
  assert.equal(sparkline([1, 8, null, 4.5], 80), "▁█×▅");
  assert.equal(sparkline([5, 5, 5], 80), "▁▁▁");
  assert.equal(sparkline([], 80), "");
  assert.equal(sparkline([100, 1, 2, 3], 3), "▁▅█");
});

Deno.test("a sparkline has a mark for each of the newest round trips that fit", () => {
  const trip = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }));
  fc.assert(fc.property(fc.array(trip), fc.integer({ min: 1, max: 50 }), (recent, columns) => {
    const line = [...sparkline(recent, columns)];
    assert.equal(line.length, Math.min(recent.length, columns));
    recent.slice(-columns).forEach((ms, i) =>
      assert.ok(ms === null ? line[i] === "×" : levels.includes(line[i]))
    );
  }));
});

Deno.test("a frame of any number of sessions fits the terminal, whatever its size", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 10, max: 200 }),
    fc.integer({ min: 3, max: 60 }),
    (sessions, columns, rows) => {
      const lines = liveFrame(Array.from({ length: sessions }, () => sessionOf([1, 2, null, 300])), {
        headline: "probing runner",
        events: ["seq 0", "seq 1"],
        columns,
        rows,
      });
      assert.ok(lines.length < rows);
      for (const line of lines) assert.ok([...line].length <= columns, line);
    },
  ));
});

Deno.test("a frame of one session shows its percentiles, of several a line for each", () => {
  const options = { headline: "probing", events: [], columns: 120, rows: 40 };
  const one = liveFrame([sessionOf([1, 2, 3])], options).join("\n");
  assert.match(one, /^3 sent, 3 received, 0 % unanswered/m);
  assert.match(one, /^round trip +1\.000 +2\.000/m);
  const two = liveFrame([sessionOf([1]), sessionOf([null])], options).join("\n");
  assert.match(two, /^01234567 at 192\.0\.2\.7 {2}1 sent, 0 % unanswered {2}p50 1\.000 /m);
  assert.match(two, /1 sent, 100 % unanswered/);
});
