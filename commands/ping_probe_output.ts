import type { ProbeEvent, Prober } from "../lib/probe/mod.ts";
import { endAtOnce } from "./end.ts";
import { exitCodes } from "./errors.ts";
import { LiveView } from "./ping_probe_live.ts";
import type { ProbeDocument } from "./ping_probe_document.ts";
import { brokenLine, eventLine, summaryLines } from "./ping_probe_text.ts";
import { printLine, printText, writeError } from "./output.ts";
import { makeStyle, type Style } from "./style.ts";

/** What is known before the first probe leaves. */
export interface ProbeRunStart {
  headline: string;
  runner: string;
  probers: readonly Prober[];
}

/** Where a run's events and its end are shown. */
export interface ProbeOutput {
  begin(start: ProbeRunStart): void;
  event(prober: Prober, event: ProbeEvent): void;
  end(document: ProbeDocument): void;
  /** In place of the end, when the run failed: the error comes next, and nothing after it. */
  failed?(): void;
}

export interface OutputOptions {
  json?: boolean;
  ndjson?: boolean;
  quiet?: boolean;
}

/** The output that flags and terminal call for: JSON, a live view, or plain lines. */
export function makeOutput(options: OutputOptions): ProbeOutput {
  if (options.json) return new JsonOutput();
  if (options.ndjson) return new NdjsonOutput(options.quiet ?? false);
  const isTerminal = Deno.stdout.isTerminal();
  const style = makeStyle(isTerminal && !Deno.noColor);
  const live = isTerminal && !options.quiet && Deno.env.get("TERM") !== "dumb";
  return live ? new LiveOutput(style) : new LineOutput(style, options.quiet ?? false);
}

/** `--json`: one document at the end. */
class JsonOutput implements ProbeOutput {
  begin(): void {}
  event(): void {}
  end(document: ProbeDocument): void {
    print(JSON.stringify(document, null, 2));
  }
}

/** `--ndjson`: an object a probe, and the document as the last. */
class NdjsonOutput implements ProbeOutput {
  constructor(private readonly quiet: boolean) {}

  begin(): void {}

  event(prober: Prober, event: ProbeEvent): void {
    if (this.quiet) return;
    const session = prober.session.id;
    if (event.kind === "answered") {
      const { sample, late, outOfOrder } = event;
      print(JSON.stringify({ type: "probe", outcome: "answered", session, ...sample, late, outOfOrder }));
      return;
    }
    const { kind: outcome, ...rest } = event;
    print(JSON.stringify({ type: "probe", outcome, session, ...rest }));
  }

  end(document: ProbeDocument): void {
    print(JSON.stringify({ type: "summary", ...document }));
  }
}

/** Plain lines, one a probe, and a summary. */
class LineOutput implements ProbeOutput {
  #several = false;

  constructor(private readonly style: Style, private readonly quiet: boolean) {}

  begin(start: ProbeRunStart): void {
    this.#several = start.probers.length > 1;
    print(start.headline);
  }

  event(prober: Prober, event: ProbeEvent): void {
    if (this.quiet) return;
    print(eventLine(event, { style: this.style, session: this.#several ? prober.session.id : undefined }));
  }

  end(document: ProbeDocument): void {
    printSummary(document, this.style);
  }
}

/** A view that redraws in place, and a summary. */
class LiveOutput implements ProbeOutput {
  #view: LiveView | null = null;

  constructor(private readonly style: Style) {}

  begin(start: ProbeRunStart): void {
    this.#view = new LiveView({ ...start, style: this.style, write });
  }

  event(prober: Prober, event: ProbeEvent): void {
    this.#view?.event(prober, event);
  }

  end(document: ProbeDocument): void {
    this.#view?.close();
    printSummary(document, this.style);
  }

  failed(): void {
    this.#view?.stop();
  }
}

function printSummary(document: ProbeDocument, style: Style): void {
  const { runner, sessions, bounds } = document;
  for (const report of sessions) {
    for (const line of summaryLines(report, { style, runner, sessions: sessions.length })) print(line);
  }
  for (const bound of bounds) if (bound.broken) print(style.bad(brokenLine(bound)));
}

function print(line: string): void {
  untilClosed(() => printLine(line));
}

function write(text: string): void {
  untilClosed(() => printText(text));
}

/** Whoever read the output (`| head`) has seen enough, or its disk is full: there is nobody left to measure for. */
function untilClosed(output: () => void): void {
  try {
    output();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      writeError(`error: ${error instanceof Error ? error.message : error}\n`);
    }
    endAtOnce(exitCodes.failed);
  }
}
