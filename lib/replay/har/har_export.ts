import {
  type CapturedExchange,
  type CaptureHeader,
  type CaptureRecord,
  ExchangeAssembler,
  isComplete,
  SpillStore,
} from "../../capture/mod.ts";
import { type Selection, selectsStream, selectsTime } from "../timeline/selection.ts";
import { StartOrder } from "../timeline/start_order.ts";
import { HarWriter } from "./write_har.ts";

export interface HarExportOptions {
  /** Takes pieces of the document, in order. */
  write: (text: string) => void;
  /** The program that writes. */
  creator: { name: string; version: string };
  selection: Selection;
  /** Says what the capture is. */
  comment: string;
}

/** What came of an export. */
export interface HarExportCounts {
  entries: number;
  /** Of them: what the capture does not have from beginning to end. */
  incomplete: number;
  /** Of them: with bodies or messages that the capture left out, wholly or in part. */
  omitted: number;
}

/**
 * Writes a capture's records as an HTTP Archive, an entry for each exchange that is asked for, in the order of their
 * starts as far as 200 waiting entries allow. Bodies wait in a temporary file, not in memory.
 */
export class HarExport implements Disposable {
  readonly #selection: Selection;
  readonly #store = new SpillStore();
  readonly #assembler: ExchangeAssembler;
  readonly #order: StartOrder<CapturedExchange>;
  readonly #writer: HarWriter;
  readonly #counts: HarExportCounts = { entries: 0, incomplete: 0, omitted: 0 };

  constructor(header: CaptureHeader, options: HarExportOptions) {
    const { write, creator, comment, selection } = options;
    this.#selection = selection;
    this.#writer = new HarWriter({ write, creator, comment, startedAtUs: header.startedAtUs });
    this.#order = new StartOrder(({ startedAtUs }) => startedAtUs, (exchange) => this.#write(exchange));
    this.#assembler = new ExchangeAssembler({
      side: header.side,
      store: this.#store,
      done: (exchange) => this.#done(exchange),
    });
  }

  /** @throws {CaptureError} when the record holds a frame that cannot be read: the file is damaged there */
  add(record: CaptureRecord): void {
    this.#assembler.add(record);
  }

  /** The capture is over, or cut off: writes what was under way, as far as it came, and closes the document. */
  finish(): HarExportCounts {
    this.#assembler.finish();
    this.#order.finish();
    this.#writer.end();
    return this.#counts;
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }

  #done(exchange: CapturedExchange): void {
    const { startedAtUs, endedAtUs } = exchange;
    const isAsked = selectsStream(this.#selection, exchange) &&
      selectsTime(this.#selection, startedAtUs, endedAtUs);
    if (isAsked) this.#order.add(exchange, this.#assembler.oldestLiveUs);
    // So that the file does not grow with the capture.
    if (this.#assembler.liveCount === 0 && this.#order.waitingCount === 0) this.#store.clear();
  }

  #write(exchange: CapturedExchange): void {
    this.#writer.entry(exchange);
    this.#counts.entries++;
    if (!isComplete(exchange)) this.#counts.incomplete++;
    if (isAnyOmitted(exchange)) this.#counts.omitted++;
  }
}

function isAnyOmitted({ body, answer, messages }: CapturedExchange): boolean {
  return body.omittedBytes > 0 || (answer?.body.omittedBytes ?? 0) > 0 ||
    messages.some((message) => message.omittedBytes > 0);
}
