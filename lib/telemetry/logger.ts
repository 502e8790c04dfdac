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

/** Structured log: one line an event, as text for people or as JSON for machines. */
export class Logger {
  readonly #options: LoggerOptions;
  readonly #threshold: number;

  constructor(options: LoggerOptions) {
    this.#options = options;
    this.#threshold = logLevels.indexOf(options.level);
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

  #log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const time = new Date(this.#options.now()).toISOString();
    const line = this.#options.format === "json"
      ? JSON.stringify({ time, level, event, ...fields })
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
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}
