import { RepeatFilter } from "./repeat_filter.ts";

/** Levels from most to least talkative. */
export const logLevels = ["debug", "info", "warn", "error", "off"] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFormat = "text" | "json";

/** What a log line says besides its event: ids, addresses, numbers. Never secrets. */
export type LogFields = Record<string, string | number | boolean | undefined>;

export interface LoggerOptions {
  level: LogLevel;
  format: LogFormat;
  /** Where lines go, each with its line feed. */
  write: (line: string) => void;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Structured log: one line an event, as text for people or as JSON for machines. Above debug, events that repeat
 * by the hundred are summed up: call {@link flush} now and then.
 */
export class Logger {
  readonly #options: LoggerOptions;
  readonly #threshold: number;
  readonly #fields: LogFields;
  readonly #repeats: RepeatFilter;

  constructor(options: LoggerOptions, inherited?: { fields: LogFields; repeats: RepeatFilter }) {
    this.#options = options;
    this.#threshold = logLevels.indexOf(options.level);
    this.#fields = inherited?.fields ?? {};
    this.#repeats = inherited?.repeats ?? new RepeatFilter();
  }

  /** A logger whose lines all bear these fields, too. */
  with(fields: LogFields): Logger {
    return new Logger(this.#options, { fields: { ...this.#fields, ...fields }, repeats: this.#repeats });
  }

  /** Whether lines of `level` are written: check it before building costly fields. */
  enabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= this.#threshold;
  }

  debug(event: string, fields?: LogFields): void {
    this.#log("debug", event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#log("info", event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#log("warn", event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#log("error", event, fields);
  }

  /** Says how often events came that were not told one by one. @param all also of stretches that go on */
  flush(all = false): void {
    for (const { key, times, withinMs } of this.#repeats.ended(this.#options.now(), all)) {
      const [level, of, problem] = key.split("\t");
      this.#write(level as LogLevel, "log.repeated", { of, problem, times, withinMs: Math.round(withinMs) });
    }
  }

  #log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    if (level !== "debug") {
      this.flush();
      // Of what may differ from line to line only the kind of problem makes another kind of event.
      const key = [level, event, ...(fields.problem === undefined ? [] : [fields.problem])].join("\t");
      if (!this.#repeats.admit(key, this.#options.now())) return;
    }
    this.#write(level, event, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, event: string, fields: LogFields): void {
    const time = new Date(this.#options.now()).toISOString();
    const line = this.#options.format === "json"
      ? quote({ time, level, event, ...fields })
      : textLine(time, level, event, fields);
    this.#options.write(line + "\n");
  }
}

/** A logger that writes nothing: the default of the libraries. */
export const silentLogger = new Logger({ level: "off", format: "text", write: () => {}, now: () => 0 });

function textLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  let line = `${time} ${level.padEnd(5)} ${event}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${quoteIfNeeded(String(value))}`;
  }
  return line;
}

/** Values with spaces, quotes or control characters are quoted, so that no value can fake another field or line. */
function quoteIfNeeded(text: string): string {
  return /^[^\s"=\p{Cc}\p{Cf}]+$/u.test(text) ? text : quote(text);
}

/** As JSON, with everything escaped that could make a terminal do or show something else. */
function quote(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u2028\u2029\p{Cf}]/gu,
    (character) =>
      Array.from(
        { length: character.length },
        (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
