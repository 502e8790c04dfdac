import type { Outcome, SendProgress, SendSummary } from "../lib/replay/mod.ts";
import type { ExchangeSource } from "./replay_exchanges.ts";
import type { LineOutput } from "./replay_output.ts";
import type { SendEnd } from "./replay_to.ts";
import { outcomeLines, sendHeading, sendSummaryLines, speedWords } from "./replay_to_text.ts";
import { makeStyle, type Style } from "./style.ts";

/** What is sent where. */
export interface Sending {
  file: string;
  target: URL;
  speed: number;
}

/** Where a replay is shown. */
export interface SendView {
  begin(source: ExchangeSource, sending: Sending): void;
  outcome(outcome: Outcome): void;
  end(summary: SendSummary, end: SendEnd): void;
}

/** For people: a row an exchange as it ends, what differs below it, and a summary. */
export class TextSendView implements SendView {
  readonly #output: LineOutput;
  readonly #style: Style;

  constructor(output: LineOutput, colour: boolean) {
    this.#output = output;
    this.#style = makeStyle(colour);
  }

  begin({ lines }: ExchangeSource, { target, speed }: Sending): void {
    for (const line of lines) this.#output.line(line);
    this.#output.line(
      `sending to ${target.origin}${target.pathname.replace(/\/$/, "")} ${speedWords(speed)}`,
    );
    this.#output.line("");
    this.#output.line(sendHeading);
    this.#output.flush();
  }

  outcome(outcome: Outcome): void {
    for (const line of outcomeLines(outcome, this.#style)) this.#output.line(line);
    this.#output.flush();
  }

  end(summary: SendSummary, end: SendEnd): void {
    this.#output.line("");
    for (const line of sendSummaryLines(summary, end, this.#style)) this.#output.line(line);
  }
}

/** For machines: one JSON document, written as it goes; `schemas/replay-to.schema.json`. */
export class JsonSendView implements SendView {
  readonly #output: LineOutput;
  #count = 0;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  begin({ startedAtUs }: ExchangeSource, { file, target, speed }: Sending): void {
    const head = {
      file,
      target: target.href,
      speed: speed === Infinity ? "max" : speed,
      startedAt: new Date(startedAtUs / 1000).toISOString(),
    };
    this.#output.write(`${JSON.stringify(head).slice(0, -1)},\n"exchanges":[`);
  }

  outcome(outcome: Outcome): void {
    this.#output.write(`${this.#count++ === 0 ? "\n" : ",\n"}${JSON.stringify(outcome)}`);
  }

  end(summary: SendSummary, { damage, interrupted }: SendEnd): void {
    const said = damage === null ? null : { offset: damage.offset, message: damage.message };
    this.#output.line(
      `\n],\n"summary":${JSON.stringify(summary)},\n"damage":${
        JSON.stringify(said)
      },\n"interrupted":${interrupted}}`,
    );
  }
}

const updateEveryMs = 250;

/** Says on a terminal how far a replay is; nothing where standard error is no terminal. */
export class SendingProgress implements Disposable {
  readonly #startedMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval> | null;
  #progress: SendProgress | null = null;
  #shown = false;

  constructor() {
    this.#timer = Deno.stderr.isTerminal() ? setInterval(() => this.#show(), updateEveryMs) : null;
  }

  update(progress: SendProgress): void {
    this.#progress = progress;
  }

  /** Takes the line away, so that others can be written. */
  clear(): void {
    if (this.#shown) this.#write("\r\x1b[K");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.clear();
  }

  #show(): void {
    const { begun = 0, count = 0, different = 0, failed = 0 } = this.#progress ?? {};
    const time = ((performance.now() - this.#startedMs) / 1000).toFixed(0);
    const of = count === 0 ? "" : `${begun} of ${count}, ${different} differ, ${failed} failed, `;
    this.#write(`\r\x1b[Kreplaying: ${of}${time} s`);
    this.#shown = true;
  }

  #write(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}
