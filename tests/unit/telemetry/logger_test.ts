import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type LogFields,
  type LogFormat,
  Logger,
  type LogLevel,
  logLevels,
} from "../../../lib/telemetry/mod.ts";

const epoch = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

function logger(format: LogFormat, level: LogLevel = "debug") {
  const lines: string[] = [];
  let nowMs = epoch;
  const log = new Logger({ format, level, now: () => nowMs, write: (line) => lines.push(line) });
  return { log, lines, wait: (ms: number) => nowMs += ms };
}

Deno.test("a line for people has time, level, event and fields; one for machines is JSON of the same", () => {
  const fields = { stream: "9f3ac01b-1", status: 200, resumed: true, missing: undefined };
  const text = logger("text");
  text.log.with({ runner: "api" }).info("link.up", fields);
  assert.deepEqual(text.lines, [
    "2026-01-02T03:04:05.006Z info  link.up runner=api stream=9f3ac01b-1 status=200 resumed=true\n",
  ]);
  const json = logger("json");
  json.log.with({ runner: "api" }).info("link.up", fields);
  assert.deepEqual(JSON.parse(json.lines[0]), {
    time: "2026-01-02T03:04:05.006Z",
    level: "info",
    event: "link.up",
    runner: "api",
    stream: "9f3ac01b-1",
    status: 200,
    resumed: true,
  });
});

/** Texts made of what would break a line, a field or a terminal. */
const hostileText = fc.string({
  unit: fc.constantFrom(
    "a",
    " ",
    "=",
    '"',
    "\\",
    "\n",
    "\r",
    "\t",
    "\x1b",
    "\x7f",
    "\x9b",
    "\u2028",
    "\u202e",
    "\u{e0041}",
    "é",
    "😀",
  ),
});

Deno.test("whatever a field's value is, a line for people is one line, with just the fields that it has", () => {
  fc.assert(fc.property(hostileText, hostileText, (one, other) => {
    const { log, lines } = logger("text");
    log.debug("event", { one, other });
    const match = /^\S+ debug event one=([^\s"=]+|"(?:[^"\\]|\\.)*") other=([^\s"=]+|"(?:[^"\\]|\\.)*")\n$/
      .exec(lines[0]);
    assert.ok(match !== null, lines[0]);
    const values = match.slice(1).map((value) => value.startsWith('"') ? JSON.parse(value) : value);
    assert.deepEqual(values, [one, other]);
  }));
});

Deno.test("no line has a character that a terminal obeys or hides, in either format", () => {
  fc.assert(fc.property(hostileText, fc.constantFrom<LogFormat>("text", "json"), (text, format) => {
    const { log, lines } = logger(format);
    log.debug("event", { text });
    assert.doesNotMatch(lines[0].slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    if (format === "json") assert.equal(JSON.parse(lines[0]).text, text);
  }));
});

Deno.test("a level writes itself and what is worse", () => {
  for (const [at, level] of logLevels.entries()) {
    const { log, lines } = logger("text", level);
    const says: [LogLevel, (event: string, fields?: LogFields) => void][] = [
      ["debug", (event) => log.debug(event)],
      ["info", (event) => log.info(event)],
      ["warn", (event) => log.warn(event)],
      ["error", (event) => log.error(event)],
    ];
    for (const [name, say] of says) {
      say("event");
      assert.equal(log.enabled(name), says.findIndex(([other]) => other === name) >= at);
    }
    assert.deepEqual(lines.map((line) => line.split(/ +/)[1]), ["debug", "info", "warn", "error"].slice(at));
  }
});

Deno.test("what repeats is summed up by event and problem, over all loggers of a process; debug is told in full", () => {
  const { log, lines, wait } = logger("text");
  for (let i = 0; i < 30; i++) {
    log.with({ stream: String(i) }).info("request", { problem: "no_runner" });
    log.info("request", { problem: "other" });
    log.debug("frame");
  }
  assert.equal(lines.filter((line) => line.includes("no_runner")).length, 20);
  assert.equal(lines.filter((line) => line.includes("frame")).length, 30);
  lines.length = 0;
  wait(10_000);
  log.flush();
  assert.deepEqual(lines.map((line) => line.slice(25)), [
    "info  log.repeated of=request problem=no_runner times=10 withinMs=10000\n",
    "info  log.repeated of=request problem=other times=10 withinMs=10000\n",
  ]);
});
