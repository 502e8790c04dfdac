import { type CaptureError, SpillStore } from "../lib/capture/mod.ts";
import { dial, DialError, endpointOf } from "../lib/net/mod.ts";
import {
  everything,
  ExchangeShelf,
  type HeaderOverride,
  RedactedValues,
  selectsExchange,
  sendAgain,
  unsendable,
} from "../lib/replay/mod.ts";
import { exitCodes, WorkError } from "./errors.ts";
import { writeError } from "./output.ts";
import { type ExchangeSource, readEachExchange, type ReadingEnd } from "./replay_exchanges.ts";
import { LineOutput } from "./replay_output.ts";
import { printable } from "./replay_text.ts";
import { JsonSendView, SendingProgress, type SendView, TextSendView } from "./replay_to_output.ts";
import { selectionIn, type SelectionSettings } from "./replay_values.ts";

export interface SendSettings extends SelectionSettings {
  to: URL;
  /** `Infinity`: as fast as answers come. */
  speed: number;
  unsafe: boolean;
  compareHeaders: string[];
  overrides: HeaderOverride[];
  timeoutMs: number;
  caCerts: string[] | undefined;
  json: boolean;
}

/** How it ended, besides what was compared. */
export interface SendEnd {
  damage: CaptureError | null;
  interrupted: boolean;
}

/**
 * `tunnel replay FILE --to ORIGIN`: sends the captured requests again and compares the answers.
 *
 * @returns the exit status: 0 when answers were compared and none differs, else 1
 */
export async function sendToOrigin(
  file: string,
  settings: SendSettings,
  signal: AbortSignal,
): Promise<number> {
  const problem = await reach(settings, signal);
  if (problem !== null) {
    writeError(`error: ${printable(problem)}; nothing was sent\n`);
    return exitCodes.failed;
  }
  using store = new SpillStore();
  using answers = new SpillStore();
  const { shelf, source, end } = await shelve(file, { store, settings, signal });
  const { to: target, speed, timeoutMs, caCerts, overrides, compareHeaders } = settings;
  using progress = new SendingProgress();
  const output = new LineOutput();
  const view: SendView = settings.json
    ? new JsonSendView(output)
    : new TextSendView(output, Deno.stdout.isTerminal() && !Deno.noColor);
  view.begin(source, { file, target, speed });
  const summary = await sendAgain(shelf, {
    target,
    speed,
    timeoutMs,
    caCerts,
    overrides,
    compareHeaders,
    redacted: new RedactedValues(source.redacted),
    answers,
    signal,
    onOutcome: (outcome) => {
      progress.clear();
      view.outcome(outcome);
    },
    onProgress: (sent) => progress.update(sent),
  });
  progress.clear();
  view.end(summary, { damage: end.damage, interrupted: signal.aborted });
  output.flush();
  const compared = summary.same > 0 && summary.different === 0 && summary.failed === 0;
  return compared && end.damage === null ? exitCodes.done : exitCodes.failed;
}

/**
 * Connects once, so that an origin that is not there is told of before anything else.
 *
 * @returns what is wrong
 * @throws {WorkError} when the signal came first
 */
async function reach({ to, caCerts }: SendSettings, signal: AbortSignal): Promise<string | null> {
  try {
    (await dial(endpointOf(to), { caCerts, signal })).close();
    return null;
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    if (signal.aborted) {
      throw new WorkError(`stopped before ${to.host} was reached; nothing was sent`, { cause: error });
    }
    return error.message;
  }
}

/** Reads the file's exchanges and puts those that are asked for on a shelf. */
async function shelve(
  file: string,
  { store, settings, signal }: { store: SpillStore; settings: SendSettings; signal: AbortSignal },
): Promise<{ shelf: ExchangeShelf; source: ExchangeSource; end: ReadingEnd }> {
  const shelf = new ExchangeShelf(store);
  let source: ExchangeSource = { lines: [], startedAtUs: 0, redacted: [] };
  let selection = everything;
  let redacted = new RedactedValues([]);
  const end = await readEachExchange(file, {
    store,
    signal,
    onSource: (found) => {
      source = found;
      selection = selectionIn(found, settings);
      redacted = new RedactedValues(found.redacted);
    },
    onExchange: (exchange) => {
      if (!selectsExchange(selection, exchange)) return;
      shelf.add(exchange, unsendable(exchange, { unsafe: settings.unsafe, redacted }));
    },
  });
  return { shelf, source, end };
}
