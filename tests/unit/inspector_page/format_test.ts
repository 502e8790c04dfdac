import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatBytes,
  formatMs,
  formatOffset,
  preview,
  printable,
} from "../../../lib/inspector/page/model/format.js";

Deno.test("sizes are written with the unit that keeps them short", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9_940, "9.9 kB"],
    [9_960, "10 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [34_000_000, "34 MB"],
    [7.2e12, "7.2 TB"],
    [7.2e15, "7200 TB"],
  ];
  for (const [bytes, text] of sizes) assert.equal(formatBytes(bytes), text);
});

Deno.test("spans of time are written in the unit a reader expects, from hundredths of a millisecond to days", () => {
  const spans: [number, string][] = [
    [0.004, "0.00 ms"],
    [9.99, "9.99 ms"],
    [9.996, "10.0 ms"],
    [99.94, "99.9 ms"],
    [99.96, "100 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [59_940, "59.9 s"],
    [59_960, "1m 00s"],
    [3_599_400, "59m 59s"],
    [3_599_600, "1h 00m"],
    [86_400_000, "1d 00h"],
  ];
  for (const [ms, text] of spans) assert.equal(formatMs(ms), text);
});

Deno.test("a longer time is never written as a shorter one", () => {
  const msOf = (text: string) => {
    const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    let sum = 0;
    for (const [, value, unit] of text.matchAll(/([\d.]+) ?(ms|[smhd])/g)) sum += Number(value) * units[unit];
    return sum;
  };
  const times = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(fc.property(times, times, (a, b) => {
    const [less, more] = a < b ? [a, b] : [b, a];
    assert.ok(msOf(formatMs(less)) <= msOf(formatMs(more)), `${formatMs(less)} and ${formatMs(more)}`);
  }));
});

Deno.test("a clock that is behind has a minus, one that is not known a dash", () => {
  assert.equal(formatOffset({ offsetMs: -2.5, uncertaintyMs: 0.25 }), "−2.50 ms ± 0.25 ms");
  assert.equal(formatOffset({ offsetMs: 1500, uncertaintyMs: 20 }), "+1.50 s ± 20.0 ms");
  assert.equal(formatOffset(null), "–");
});

Deno.test("characters that cannot be seen or turn the direction of text are written out", () => {
  assert.equal(
    printable("a\x00b\x1b[31m\u202egnp.exe\u200b\x9b"),
    "a\\x00b\\x1b[31m\\u202egnp.exe\\u200b\\x9b",
  );
  // A soft hyphen, a Mongolian separator, an annotation anchor, a Hangul filler, a tag, a variation selector.
  assert.equal(
    printable("a\u00ad\u180e\ufff9\u3164\u{e0041}\ufe01z"),
    "a\\xad\\u180e\\ufff9\\u3164\\u{e0041}\\ufe01z",
  );
  assert.equal(printable("/straße/日本?q=<b>&x='\""), "/straße/日本?q=<b>&x='\"");
});

Deno.test("whatever was captured becomes one line without controls", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    // deno-lint-ignore no-control-regex -- what must not be left
    assert.doesNotMatch(printable(text), /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    assert.doesNotMatch(printable(text), /[\p{Cf}\p{DI}]/u);
    assert.ok(preview(text, 20).length <= 20 * 6 + 1);
  }));
});
